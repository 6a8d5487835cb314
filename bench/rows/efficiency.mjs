// Tasks that do something: how much of the time goes into them.
import { countFor } from './row.mjs'

/** The time that bare processes of the same language need, as a share of the pool's. */
async function efficiencyOf(driver, fleet, microseconds, count) {
  const bare = await fleet.bareFor(driver.peer)
  const iterations = Math.max(1, Math.round((bare.iterationsPerSecond * microseconds) / 1e6))
  const bareSeconds = await bare.ask('burn', count, iterations)
  return bareSeconds / (await driver.ask('burn', count, iterations))
}

/** @returns {import('./row.mjs').Row} */
function efficiency(microseconds, many, few, targets) {
  return {
    key: `efficiency-${microseconds}`,
    title: `efficiency of ${microseconds} µs tasks, untuned, against bare processes`,
    unit: '%',
    better: 'more',
    targets,
    measure: async (driver, { fleet, scale }) =>
      100 * (await efficiencyOf(driver, fleet, microseconds, countFor(driver.peer, many, few, scale))),
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
    // As much work in each step, bounded by what pools without chunks can carry.
    const wanted = (40_000 * scale) / middle
    const most = driver.peer.carriesChunks ? 100_000 : 2000
    const count = Math.max(200, Math.min(most, Math.round(wanted)))
    if ((await efficiencyOf(driver, fleet, middle, count)) >= 0.5) high = middle
    else low = middle
  }
  return Math.sqrt(low * high)
}

/** @type {readonly import('./row.mjs').Row[]} */
export const efficiencies = [
  efficiency(10, 40_000, 4000, [{ factor: 97 }]),
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
