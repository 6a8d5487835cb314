// Single calls: how long one takes, and many at once.
const measure = async (driver, { scale }) => 1e6 * (await driver.ask('apply', Math.max(50, Math.round(1000 * scale))))

/** Peers whose round trip on a loaded machine is compared. */
const isFast = ({ name }) => !['concurrent.futures', 'loky', 'MPIRE', 'jest-worker', 'poolifier'].includes(name)

/** @type {readonly import('./row.mjs').Row[]} */
export const latency = [
  {
    key: 'apply',
    title: 'one `apply` at a time, median',
    unit: 'µs',
    better: 'less',
    targets: [
      { than: 'piscina', factor: 0.6 },
      { than: 'fork', factor: 0.3 }
    ],
    measure,
    limit: ({ limits }) => limits.roundTrip()
  },
  {
    key: 'apply-load',
    title: 'the same beside one busy loop per CPU',
    unit: 'µs',
    better: 'less',
    targets: [{ than: 'fork', factor: 1 }],
    setting: 'load',
    isFor: isFast,
    measure,
    limit: ({ limits }) => limits.pipeRoundTrip()
  },
  {
    key: 'apply-one-cpu',
    title: 'the same under `taskset -c 0`',
    unit: 'µs',
    better: 'less',
    targets: [{ than: 'fork', factor: 0.6 }],
    setting: 'one CPU',
    isFor: isFast,
    measure,
    limit: ({ limits }) => limits.pipeRoundTrip(['taskset', '-c', '0'])
  },
  {
    key: 'concurrent',
    title: '10,000 concurrent `apply`, total time',
    unit: 'ms',
    better: 'less',
    targets: [{ than: 'fork', factor: 0.2 }],
    measure: async (driver, { scale }) => 1000 * (await driver.ask('concurrent', Math.round(1e4 * scale)))
  }
]
