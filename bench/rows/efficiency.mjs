// Tasks that do something: how much of the time goes into them.
import { median } from '../timing.mjs'

/** Pairs of times, of bare processes and of the pool, that make one sample. */
const PAIRS = 3

/** The time that bare processes of the same language need, as a share of the pool's. */
async function efficiencyOf(driver, fleet, microseconds, count, pairs) {
  const bare = await fleet.bareFor(driver.peer)
  const iterations = Math.max(1, Math.round((bare.iterationsPerSecond * microseconds) / 1e6))
  const shares = []
  // A machine that is shared changes its speed within a second: each time of the pool is between two of the bare processes.
  let before = await bare.ask('burn', count, iterations)
  for (let pair = 0; pair < pairs; pair += 1) {
    const seconds = await driver.ask('burn', count, iterations)
    const after = await bare.ask('burn', count, iterations)
    shares.push((before + after) / 2 / seconds)
    before = after
  }
  return median(shares)
}

/** @returns {import('./row.mjs').Row} */
function efficiency(microseconds, count, targets) {
  return {
    key: `efficiency-${microseconds}`,
    title: `efficiency of ${microseconds} µs tasks, untuned, against bare processes`,
    unit: '%',
    better: 'more',
    targets,
    measure: async (driver, { fleet, scale }) =>
      100 *
      (await efficiencyOf(driver, fleet, microseconds, Math.round(Math.min(count, driver.peer.enough) * scale), PAIRS)),
    limit: () => 100
  }
}

const LEAST_MICROSECONDS = 0.05
const MOST_MICROSECONDS = 800
const STEPS = 7

/** Half of the time goes into tasks of this length: halves the range, by factors, until it is narrow. */
async function smallestTask(driver, { fleet, scale }) {
  let [low, high] = [LEAST_MICROSECONDS, MOST_MICROSECONDS]
  for (let step = 0; step < STEPS; step += 1) {
    const middle = Math.sqrt(low * high)
    const wanted = (50_000 * scale) / middle
    const count = Math.max(200, Math.round(Math.min(400_000, driver.peer.enough, wanted)))
    if ((await efficiencyOf(driver, fleet, middle, count, 1)) >= 0.5) high = middle
    else low = middle
  }
  return Math.sqrt(low * high)
}

/** @type {readonly import('./row.mjs').Row[]} */
export const efficiencies = [
  efficiency(10, 20_000, [{ factor: 97 }]),
  {
    key: 'smallest',
    title: 'smallest task at 50 % efficiency',
    unit: 'µs',
    better: 'less',
    targets: [{ factor: 0.3 }],
    isFor: ({ name }) => ['millrace', 'ours-before', 'fork', 'piscina', 'multiprocessing.Pool', 'MPIRE'].includes(name),
    measure: smallestTask
  }
]
