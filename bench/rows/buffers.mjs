import { processPools } from './row.mjs'

const MEBIBYTE = 1 << 20

/** @type {readonly import('./row.mjs').Row[]} */
export const buffers = [
  {
    key: 'buffers',
    title: '1 MiB buffers, each different, there and back',
    unit: 'MB/s',
    better: 'more',
    targets: [
      { than: 'piscina', factor: 1.2 },
      { than: processPools, words: 'the best Node process pool', factor: 5 }
    ],
    // Each buffer is counted once, though it travels twice.
    async measure(driver, { scale }) {
      const count = Math.max(4, Math.round(48 * scale))
      return (count * MEBIBYTE) / (await driver.ask('echo', count, MEBIBYTE)) / 1e6
    },
    limit: ({ limits }) => limits.thereAndBack()
  }
]
