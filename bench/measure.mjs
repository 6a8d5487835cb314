// Measures one row: a warm-up, then rounds, the peers in turn in each, so that a busy moment of the machine meets them all.
import { startBusyLoops } from './fleet.mjs'

/**
 * @typedef {object} Result
 * @property {import('./rows/row.mjs').Row} row
 * @property {Map<string, number[]>} samples by name, one for each round; `limit` among them
 * @property {Map<string, string>} failures by name: why a peer has no samples
 */

/** Keeps what a round gave; who fails once is out of this row. NaN stands for what this machine cannot measure. */
class Rounds {
  samples = new Map()
  failures = new Map()

  take(name, value, isWarmUp) {
    if (this.failures.has(name) || Number.isNaN(value)) return
    if (value instanceof Error) {
      this.failures.set(name, value.message)
      this.samples.delete(name)
    } else if (!isWarmUp) this.samples.set(name, [...(this.samples.get(name) ?? []), value])
  }
}

const attempt = async (work) => {
  try {
    return await work()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/**
 * @param {import('./rows/row.mjs').Row} row
 * @param {readonly import('./peers.mjs').Peer[]} peers
 * @param {import('./rows/row.mjs').Context} context
 * @param {number} runs
 * @returns {Promise<Result>}
 */
export async function measureRow(row, peers, context, runs) {
  const { fleet } = context
  const rounds = new Rounds()
  const concerned = peers.filter(row.isFor ?? (() => true))
  const place = row.setting === 'load' ? undefined : row.setting
  const stopLoops = row.setting === 'load' ? startBusyLoops() : () => undefined
  try {
    for (let round = row.isOnce ? 0 : -1; round < (row.isOnce ? 1 : runs); round += 1) {
      if (row.round) {
        const values = await attempt(() => row.round(concerned, context))
        const each = values instanceof Error ? concerned.map(({ name }) => [name, values]) : Object.entries(values)
        for (const [name, value] of each) rounds.take(name, value, round < 0)
      } else {
        for (const peer of concerned) {
          if (rounds.failures.has(peer.name)) continue
          const value = await attempt(async () => row.measure(await fleet.driver(peer, place), context))
          rounds.take(peer.name, value, round < 0)
        }
      }
      if (row.limit) rounds.take('limit', await attempt(() => row.limit(context)), round < 0)
    }
  } finally {
    stopLoops()
    if (place !== undefined) await fleet.closeApart()
  }
  return { row, samples: rounds.samples, failures: rounds.failures }
}
