// Tasks that do nothing: what the pool itself costs.
import { isOurs } from './row.mjs'

/** @type {readonly import('./row.mjs').Row[]} */
export const throughput = [
  {
    key: 'map',
    title: '`map` of an empty task over 1e6 numbers, untuned',
    unit: 'k/s',
    better: 'more',
    targets: [{ than: 'multiprocessing.Pool', factor: 4 }],
    async measure(driver, { scale }) {
      const count = Math.round(driver.peer.enough * scale)
      return count / (await driver.ask('map', count)) / 1000
    },
    limit: ({ limits }) => limits.serial()
  },
  {
    key: 'single',
    title: 'the same with `chunkSize: 1`',
    unit: 'k/s',
    better: 'more',
    targets: [{ than: 'fork', factor: 10 }],
    async measure(driver, { scale }) {
      const count = Math.round((isOurs(driver.peer) ? 40_000 : Math.min(5000, driver.peer.enough)) * scale)
      return count / (await driver.ask('single', count)) / 1000
    }
  }
]
