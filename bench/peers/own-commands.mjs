// Commands that only millrace has. What they return is seconds where nothing else is said.
import { median, numbers, wallSeconds } from '../timing.mjs'
import { work } from '../work.mjs'
import { heapGrowth, numbersUpTo, residentGrowth } from './growth.mjs'

/** @yields {string} lines of 100 bytes, each different */
function* linesOf(count) {
  for (let i = 0; i < count; i += 1) yield String(i).padStart(100, 'x')
}

/** @param {Awaited<ReturnType<typeof import('./millrace.mjs').prepare>>} own @param {number} workers */
export async function ownCommands({ millrace, byName, open }, workers) {
  const { pool } = open(workers)
  const crowds = new Map()
  return {
    /** Work of a kind by `map`; without a chunk size (0) it is not tuned. */
    sized(kind, rate, scale, chunkSize) {
      const items = work[kind](rate, scale)
      return wallSeconds(() => pool.map(byName.burn, items, chunkSize === 0 ? {} : { chunkSize }))
    },
    /** This process's CPU time for all lines, taken one by one. */
    async lines(count) {
      const before = process.cpuUsage()
      let length = 0
      for await (const line of pool.imapUnordered(byName.identity, linesOf(count))) length += line.length
      if (length !== 100 * count) throw new Error('a line came back changed')
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1e6
    },
    /** How many MiB the memory of this process grew from the first quarter of a long `imap` to its second half. */
    growth: (count) => residentGrowth(pool.imap(byName.identity, numbersUpTo(count)), count),
    /** The same of the heap, after garbage collections. */
    heap: (count) => heapGrowth(pool.imap(byName.identity, numbersUpTo(count)), count),
    /** A map of empty tasks on a pool of as many workers. Before, each worker has run half as many tasks, as one of two in a map. */
    async crowd(many, count) {
      if (!crowds.has(many)) {
        const crowd = new millrace.WorkerPool({ nJobs: many })
        crowds.set(many, crowd)
        await crowd.map(byName.identity, numbers(many * 1000), { chunkSize: 1 })
        for (let i = 0; i < many / 2; i += 1) await crowd.map(byName.identity, numbers(count))
      }
      const items = numbers(count)
      return wallSeconds(() => crowds.get(many).map(byName.identity, items))
    },
    /** 1 where `sharedArray` exists. */
    hasSharedArray: () => Number(typeof millrace.sharedArray === 'function'),
    /** Until a task has an array of so many bytes, the median of some. */
    async shared(bytes) {
      const array = millrace.sharedArray(Float64Array, bytes / 8)
      const times = []
      for (let i = 0; i < 20; i += 1) {
        times.push(
          await wallSeconds(async () => {
            if ((await pool.apply(byName.lengthOf, [array])) !== array.length) throw new Error('another array arrived')
          })
        )
      }
      return median(times)
    }
  }
}
