// The three benchmarks that MPIRE publishes, by millrace and its peers, each beside the same work without workers in its language.
//
//   npm run bench:mpire -- [--runs 3] [--workers 2] [--only image,prefixes,model] [--peers millrace,MPIRE] [--full] [--json]
//                          [--write docs/mpire-benchmarks.md]
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeSection } from '../../scripts/reliability.mjs'
import { countOf, refuse, wordsOf } from '../options.mjs'
import { childCpuSeconds } from '../processes.mjs'
import { findPython } from '../python.mjs'
import { benchmarks } from './benchmarks.mjs'
import { plot } from './plot.mjs'
import { footOf, machineOf, speedUpsOf, tableOf } from './table.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    only: { type: 'string' },
    peers: { type: 'string' },
    full: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'string' }
  }
})
/** No peer takes as long as this. One that hangs ends the run. */
const TIMEOUT = 300_000
const local = (name) => fileURLToPath(new URL(name, import.meta.url))
const say = (text) => process.stderr.write(text)

function pythonOrNone() {
  try {
    return findPython({ list: local('requirements.txt'), folder: 'mpire' })
  } catch (error) {
    say(`without Python: ${error.message}\n`)
    return undefined
  }
}

/** @returns {readonly import('./table.mjs').Peer[]} */
function allPeers() {
  const inNode = ['serial', 'millrace', 'piscina', 'workerpool', 'fork'].map((name) => ({
    name,
    language: 'JavaScript',
    command: [process.execPath, local('child.mjs')],
    argument: name
  }))
  const python = pythonOrNone()
  if (python === undefined) return inNode
  const inPython = ['serial in Python', 'MPIRE'].map((name) => ({
    name,
    language: 'Python',
    command: [python, local('pools.py')],
    argument: name === 'MPIRE' ? 'mpire' : 'serial'
  }))
  return [...inNode, ...inPython]
}

function measure(key, sizes, { name, command: [program, script], argument }) {
  const args = [script, key, argument, String(workers), JSON.stringify(sizes)]
  const before = childCpuSeconds()
  const { status, signal, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: TIMEOUT })
  if (status !== 0) refuse(`${key} by ${name} ended with ${signal ?? status}: ${stderr}`)
  return { ...JSON.parse(stdout.trim().split('\n').at(-1)), cpu: childCpuSeconds() - before }
}

const [runs, workers] = [countOf('runs', values.runs), countOf('workers', values.workers)]
const keys = Object.keys(benchmarks)
const chosen = wordsOf('only', values.only, keys) ?? keys
if (values.write !== undefined && chosen.length < keys.length) refuse('--write needs all benchmarks, without --only')
const found = allPeers()
const names = wordsOf(
  'peers',
  values.peers,
  found.map(({ name }) => name)
)
const isSerial = ({ name }) => name.startsWith('serial')
const peers = found.filter((peer) => names === undefined || isSerial(peer) || names.includes(peer.name))

/** @type {import('./table.mjs').Result[]} */
const results = chosen.map((key) => ({
  ...benchmarks[key],
  key,
  sizes: { ...benchmarks[key].sizes, ...(values.full ? benchmarks[key].full : {}) },
  seconds: new Map(peers.map(({ name }) => [name, []])),
  cpu: new Map(peers.map(({ name }) => [name, []]))
}))
const digests = new Map()
// All peers in turn in each round, so that a busy moment of the machine meets them all.
for (let run = 1; run <= runs; run += 1) {
  for (const { key, sizes, isExact, seconds, cpu } of results) {
    say(`${run}/${runs} ${key}`)
    for (const peer of peers) {
      const measured = measure(key, sizes, peer)
      seconds.get(peer.name).push(measured.seconds)
      cpu.get(peer.name).push(measured.cpu)
      const group = isExact ? key : `${key} in ${peer.language}`
      const expected = digests.get(group) ?? measured.digest
      digests.set(group, expected)
      if (measured.digest !== expected) refuse(`\n${key} by ${peer.name}: ${measured.digest} in place of ${expected}`)
      say(` ${peer.name} ${measured.seconds.toFixed(2)}`)
    }
    say('\n')
  }
}

const run = { workers, runs, full: values.full }
if (values.json) {
  const rows = results.map(({ key, title, sizes, seconds, cpu }) => ({
    key,
    title,
    sizes,
    seconds: Object.fromEntries(seconds),
    cpu: Object.fromEntries(cpu)
  }))
  console.log(JSON.stringify({ ...machineOf(), ...run, rows }, undefined, 2))
} else {
  const text = `${tableOf(results, peers)}\n\n${footOf(run)}`
  console.log(text)
  if (values.write !== undefined) {
    await writeSection('mpire', text, values.write)
    const panels = results.map((result) => ({ title: result.title, speedUps: speedUpsOf(result, peers) }))
    writeFileSync(values.write.replace(/\.md$/, '.svg'), plot(panels, workers))
  }
}
