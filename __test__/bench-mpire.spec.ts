import { spawnSync } from 'node:child_process'

import test from 'ava'

import { benchmarks, merge } from '../bench/mpire/benchmarks.mjs'
import { plot } from '../bench/mpire/plot.mjs'
import { speedUpsOf, tableOf } from '../bench/mpire/table.mjs'
import { convolve, countPrefixes } from '../bench/mpire/work.mjs'
import { root } from './helpers/code-blocks.js'

/** Sizes at which a benchmark takes no time; its results are compared all the same. */
const SMALL: Readonly<Record<string, object>> = {
  image: { width: 60, stride: 5, filters: 5 },
  prefixes: { documents: 30, words: 50, longest: 40 },
  model: { seconds: 0.001, maps: 3, tasks: 4, images: 2 }
}
const PEERS = ['serial', 'millrace', 'piscina', 'workerpool', 'fork']

function digestOf(key: string, peer: string): string {
  const args = ['bench/mpire/child.mjs', key, peer, '2', JSON.stringify(SMALL[key])]
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${key} by ${peer}: ${stderr}`)
  return JSON.parse(stdout).digest
}

for (const key of Object.keys(benchmarks)) {
  test(`${key}: all peers have the results of the run without workers`, (t) => {
    t.timeout(120_000)
    const digests = Object.fromEntries(PEERS.map((peer) => [peer, digestOf(key, peer)]))
    t.deepEqual(digests, Object.fromEntries(PEERS.map((peer) => [peer, digests['serial']])))
  })
}

test('a convolution takes the filter where it fits, at every so manieth place', (t) => {
  const image = Float64Array.from({ length: 36 }, (_, at) => at)
  const corner = Array.from({ length: 16 }, (_, at) => (at === 0 ? 1 : 0))
  t.deepEqual([...convolve(image, 6, 2, corner)], [0, 2, 12, 14])
  const all = convolve(
    image,
    6,
    2,
    Array.from({ length: 16 }, () => 1)
  )
  t.is(all[0], 16 * 10.5)
})

test('prefixes of all words are counted, and the counts of all workers are added', (t) => {
  const parts = [
    ['ab', 'abc'],
    ['abd', 'x']
  ].map((words) => {
    const counts = new Map<string, number>()
    countPrefixes(counts, words)
    return counts
  })
  t.deepEqual(merge(parts), new Map(Object.entries({ a: 3, ab: 2 })))
})

const peers = [
  { name: 'serial', language: 'JavaScript' as const },
  { name: 'millrace', language: 'JavaScript' as const },
  { name: 'serial in Python', language: 'Python' as const },
  { name: 'MPIRE', language: 'Python' as const }
]
const seconds = new Map([
  ['serial', [4, 8, 4]],
  ['millrace', [2, 4, 4]],
  ['serial in Python', [9, 9, 9]],
  ['MPIRE', [6, 6, 6]]
])
const cpu = new Map(peers.map(({ name }, at) => [name, [at + 0.5]]))

test('a speed-up is that over the run without workers in the same language and round', (t) => {
  t.deepEqual(speedUpsOf({ seconds }, peers), [
    ['millrace', 2],
    ['MPIRE', 1.5]
  ])
  const table = tableOf([{ title: 'a benchmark', seconds, cpu }], peers)
  t.regex(
    table,
    /^\| a benchmark \| 4 s \(0\.5\) +\| 2\.00x, 4 s \(1\.5\) \| 9 s \(2\.5\) +\| 1\.50x, 6 s \(3\.5\) \|$/m
  )
})

test('the picture has a panel for each benchmark, with a bar for each speed-up', (t) => {
  const svg = plot(
    [
      {
        title: 'the first panel',
        speedUps: [
          ['millrace', 1.83],
          ['MPIRE', 1.52]
        ]
      }
    ],
    2
  )
  t.regex(svg, /^<svg /)
  for (const text of ['the first panel', 'millrace', 'MPIRE', '1.83', '1.52']) t.true(svg.includes(text), text)
})
