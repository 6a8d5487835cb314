// Lazy calls over long inputs.
import { wallSeconds } from '../timing.mjs'
import { barePeersOf } from '../peers.mjs'
import { isOurs } from './row.mjs'

const hasIterators = (peer) => isOurs(peer) || ['multiprocessing.Pool', 'MPIRE'].includes(peer.name)

/** The same lines through an asynchronous generator, without any process. */
async function bareLines(count) {
  async function* lines() {
    for (let i = 0; i < count; i += 1) yield String(i).padStart(100, 'x')
  }
  let length = 0
  return wallSeconds(async () => {
    for await (const line of lines()) length += line.length
  })
}

/** @type {readonly import('./row.mjs').Row[]} */
export const streams = [
  {
    key: 'lines',
    title: "lines of 100 bytes through `imapUnordered`, one by one: the parent's CPU time for each",
    unit: 'µs',
    better: 'less',
    targets: [{ factor: 1 }],
    isFor: hasIterators,
    async measure(driver, { scale }) {
      const count = Math.round((isOurs(driver.peer) ? 200_000 : 10_000) * scale)
      return (1e6 * (await driver.ask('lines', count))) / count
    },
    limit: async ({ scale }) => (1e6 * (await bareLines(200_000 * scale))) / (200_000 * scale)
  },
  {
    key: 'growth',
    title: '1e7 items through `imap`: growth of memory',
    unit: 'MiB',
    better: 'less',
    targets: [{ factor: 16 }],
    isFor: isOurs,
    setting: 'apart',
    isOnce: true,
    measure: (driver, { scale }) => driver.askFor(120_000, 'growth', Math.round(1e7 * scale)),
    async limit({ fleet, scale }) {
      const [bare] = barePeersOf({})
      return (await fleet.driver(bare)).askFor(120_000, 'growth', Math.round(1e7 * scale))
    }
  },
  {
    key: 'heap',
    title: '1e6 items through `imap`: growth of the heap after garbage collections',
    unit: 'MiB',
    better: 'less',
    targets: [{ factor: 1 }],
    isFor: isOurs,
    setting: 'apart',
    isOnce: true,
    measure: (driver, { scale }) => driver.askFor(120_000, 'heap', Math.round(1e6 * scale))
  }
]
