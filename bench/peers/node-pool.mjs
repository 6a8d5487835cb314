// What piscina, tinypool and a bare fork have in common: they run one task per call, so that many tasks are many calls.
import { checkEcho, medianLatency, numbers, wallSeconds } from '../timing.mjs'

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {(count: number) => Promise<number>} apply median seconds of `count` empty tasks, one at a time
 * @property {(count: number) => Promise<number>} chunked seconds for `count` empty tasks, the best the pool offers
 * @property {(count: number) => Promise<number>} unchunked the same, each task travelling alone
 * @property {(count: number, iterations: number) => Promise<number>} burn seconds for `count` busy tasks
 * @property {(buffers: readonly Buffer[]) => Promise<number>} echo seconds for all buffers there and back
 * @property {() => Promise<number>} calibrate iterations of the busy loop in a second
 * @property {() => Promise<void>} close
 */

/**
 * A peer out of one function that runs one task.
 *
 * @param {string} name
 * @param {(task: 'identity' | 'burn', argument: unknown) => Promise<unknown>} run
 * @param {() => Promise<void>} close
 * @returns {Omit<Peer, 'calibrate'>}
 */
export function peerOfCalls(name, run, close) {
  const all = (task, values) => Promise.all(values.map((value) => run(task, value)))
  const many = (count) => wallSeconds(() => all('identity', numbers(count)))
  return {
    name,
    close,
    apply: (count) => medianLatency((i) => run('identity', i), count),
    chunked: many,
    unchunked: many,
    burn: (count, iterations) => wallSeconds(() => all('burn', Array(count).fill(iterations))),
    async echo(buffers) {
      let received = []
      const seconds = await wallSeconds(async () => (received = await all('identity', buffers)))
      checkEcho(buffers, received)
      return seconds
    }
  }
}
