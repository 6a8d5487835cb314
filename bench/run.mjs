// Measures millrace beside its peers: same machine, same run, two workers each, the peers in turn within every round.
//
//   npm run bench -- [--quick] [--only apply,empty] [--peers millrace,fork] [--runs 5] [--workers 2] [--markdown]
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { measurements } from './measurements.mjs'
import { openBare } from './peers/bare.mjs'
import { tableOf, toMarkdown } from './table.mjs'
import { median } from './timing.mjs'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    only: { type: 'string' },
    peers: { type: 'string', default: 'millrace,fork,piscina,tinypool,python' },
    runs: { type: 'string' },
    workers: { type: 'string', default: '2' }
  }
})
const workers = Number(values.workers)
const runs = Number(values.runs ?? (values.quick ? 1 : 5))
const scale = values.quick ? 0.05 : 1

const wanted = values.only?.split(',')
const chosen = measurements.filter(({ key }) => !wanted || wanted.some((word) => key.startsWith(word)))
if (chosen.length === 0) throw new Error(`--only knows ${measurements.map(({ key }) => key).join(', ')}`)

/** A peer that cannot be had is left out with a word, never taken for slow. */
async function openPeers(names) {
  const peers = []
  for (const name of names) {
    try {
      const { open } = await import(`./peers/${name}.mjs`)
      const peer = await open(workers)
      if (peer.calibrate) peer.iterationsPerSecond = await peer.calibrate()
      peers.push(peer)
    } catch (error) {
      console.error(`without ${name}: ${error.message}`)
      if (name === 'millrace') process.exitCode = 1
    }
  }
  return peers
}

/** One warm-up, then `runs` rounds, the peers in turn, so that a busy moment of the machine meets them all. */
async function measure(measurement, peers, machine) {
  const samples = new Map(peers.map(({ name }) => [name, []]))
  for (let round = -1; round < runs; round += 1) {
    for (const peer of peers) {
      const value = await measurement.run(peer, scale, machine)
      if (round >= 0) samples.get(peer.name).push(value)
    }
  }
  return samples
}

const bare = await openBare(workers)
const peers = await openPeers(values.peers.split(','))
const machine = { bare, iterationsPerSecond: await bare.calibrate() }
const results = []
try {
  for (const measurement of chosen) {
    const samples = await measure(measurement, peers, machine)
    const medians = new Map([...samples].map(([name, all]) => [name, median(all)]))
    results.push({ measurement, medians })
    for (const [peer, all] of values.markdown ? [] : samples) {
      const { key, unit } = measurement
      console.log(JSON.stringify({ bench: key, peer, unit, median: medians.get(peer), runs: all }))
    }
  }
} finally {
  await Promise.allSettled([bare, ...peers].map((peer) => peer.close()))
}

const load = loadavg()
  .map((value) => value.toFixed(1))
  .join(' ')
const { model } = cpus()[0]
console.log(`\n${toMarkdown(tableOf(results))}\n`)
console.log(
  `${workers} workers each, median of ${runs} runs${values.quick ? ' of a smoke run' : ''}; in brackets, how many times ` +
    `better millrace is. Node ${process.versions.node}, ${cpus().length} CPUs (${model}), load average ${load}.`
)
