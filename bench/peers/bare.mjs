// Processes without any pool, each doing its share of the work when told: what the pools are measured against.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { wallSeconds } from '../timing.mjs'
import { heldNumbers, residentGrowth } from './growth.mjs'

/** @param {number} workers */
export function open(workers) {
  const children = Array.from({ length: workers }, () =>
    fork(fileURLToPath(new URL('bare-child.mjs', import.meta.url)), { serialization: 'advanced' })
  )
  const ask = async (child, count, iterations) => {
    child.send([count, iterations])
    const [[seconds]] = await once(child, 'message')
    return seconds
  }
  return {
    commands: {
      /** Seconds until the last process has done its share. */
      burn: (count, iterations) =>
        wallSeconds(() => Promise.all(children.map((child) => ask(child, Math.ceil(count / workers), iterations)))),
      /** How many MiB this process grew while it took numbers out of a queue. */
      growth: (count) => residentGrowth(heldNumbers(count), count),
      /** Iterations of the busy loop in a second, once the compiler has settled. */
      async calibrate() {
        const rates = []
        for (let i = 0; i < 7; i += 1) rates.push(1e7 / (await ask(children[0], 1000, 1e4)))
        return Math.max(...rates)
      }
    },
    async close() {
      await Promise.all(children.map((child) => (child.kill(), once(child, 'exit'))))
    }
  }
}
