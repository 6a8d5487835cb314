// What the peers that run one item at a time have in common.
import { sampleOf } from '../benchmarks.mjs'

/** @typedef {{ run: (task: string, item: unknown) => Promise<any>, close: () => Promise<unknown> }} ItemPool */

/** Convolves the image with each filter, and closes the pool. @param {ItemPool} pool */
export async function convolveAll(pool, filters) {
  const results = filters.map((filter) => pool.run('convolveShared', filter))
  const samples = []
  for (const result of results) samples.push(sampleOf(await result))
  await pool.close()
  return samples
}

/** Runs one map after the other, and closes the pool. @param {ItemPool} pool */
export async function predictAll(pool, maps) {
  const classes = []
  for (const batches of maps) {
    classes.push(await Promise.all(batches.map((images) => pool.run('predictOne', images))))
  }
  await pool.close()
  return classes
}
