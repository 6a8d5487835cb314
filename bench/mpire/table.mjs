// What a run of the benchmarks says: seconds, and how many times as fast as without workers in the same language and round.
import { cpus, loadavg } from 'node:os'
import { format, ratioOf, toMarkdown } from '../table.mjs'
import { median } from '../timing.mjs'

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {'JavaScript' | 'Python'} language
 * @property {readonly string[]} command
 * @property {string} argument how its own program calls it
 */

/**
 * @typedef {object} Result
 * @property {string} key
 * @property {string} title
 * @property {boolean} isExact
 * @property {Record<string, number>} sizes
 * @property {Map<string, number[]>} seconds by the name of the peer, one for each round
 * @property {Map<string, number[]>} cpu seconds of CPU time of the whole process and its workers, likewise
 */

const serialOf = (language) => (language === 'Python' ? 'serial in Python' : 'serial')

/**
 * @param {Pick<Result, 'seconds'>} result
 * @param {readonly Pick<Peer, 'name' | 'language'>[]} peers
 * @returns {[string, number][]} of all that have workers
 */
export function speedUpsOf({ seconds }, peers) {
  return peers
    .filter(({ name, language }) => name !== serialOf(language))
    .map(({ name, language }) => [name, ratioOf(seconds.get(serialOf(language)), seconds.get(name))])
}

/** @param {readonly Pick<Result, 'title' | 'seconds' | 'cpu'>[]} results @param {readonly Pick<Peer, 'name' | 'language'>[]} peers */
export function tableOf(results, peers) {
  const rows = results.map((result) => {
    const speedUps = new Map(speedUpsOf(result, peers))
    const cells = peers.map(({ name }) => {
      const cpu = median(result.cpu.get(name))
      const seconds = `${format(median(result.seconds.get(name)))} s${Number.isNaN(cpu) ? '' : ` (${format(cpu)})`}`
      return speedUps.has(name) ? `${speedUps.get(name).toFixed(2)}x, ${seconds}` : seconds
    })
    return [result.title, ...cells]
  })
  return toMarkdown([['benchmark', ...peers.map(({ name }) => name)], ...rows])
}

export function machineOf() {
  const date = new Date().toISOString().slice(0, 10)
  return { node: process.versions.node, cpus: cpus().length, model: cpus()[0].model, loadAverage: loadavg(), date }
}

/** @param {{ workers: number, runs: number, full: boolean }} run */
export function footOf({ workers, runs, full }) {
  const { node, cpus: count, model, loadAverage, date } = machineOf()
  const load = loadAverage.map((value) => value.toFixed(1)).join(' ')
  return (
    `${workers} workers each; median of ${runs} ${runs === 1 ? 'round' : 'rounds'}${full ? ' of the full size' : ''}, each in a new process. ` +
    `Node ${node}, ${count} CPUs (${model}), load average ${load}, ${date}.`
  )
}
