// The least code around child_process.fork: each child gets what it needs first, then the next item when it has room for one.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { merge } from '../benchmarks.mjs'
import { convolveAll, predictAll } from './items.mjs'

const script = fileURLToPath(new URL('fork-child.mjs', import.meta.url))
/** One that runs and one that is ready. */
const IN_FLIGHT = 2

export const allocate = (length) => new Float64Array(length)

function open(workers, setup) {
  const waiting = new Map()
  const queue = []
  const children = Array.from({ length: workers }, () => ({
    process: fork(script, { serialization: 'advanced' }),
    busy: 0
  }))
  let calls = 0
  const feed = (child) => {
    while (child.busy < IN_FLIGHT && queue.length > 0) {
      child.busy += 1
      child.process.send(queue.shift())
    }
  }
  /** @returns {Promise<any>} what the child answers */
  const ask = (child, task, item) =>
    new Promise((resolve) => {
      waiting.set(calls, resolve)
      child.process.send([calls++, task, item])
    })
  for (const child of children) {
    child.process.send([-1, 'setUp', setup])
    child.process.on('message', ([id, result]) => {
      if (id === -1) return
      child.busy -= 1
      feed(child)
      waiting.get(id)(result)
      waiting.delete(id)
    })
  }
  return {
    run: (task, item) =>
      new Promise((resolve) => {
        waiting.set(calls, resolve)
        queue.push([calls++, task, item])
        children.forEach(feed)
      }),
    askAll: (task) => Promise.all(children.map((child) => ask(child, task))),
    async close() {
      await Promise.all(children.map(({ process: child }) => (child.disconnect(), once(child, 'exit'))))
    }
  }
}

export function image({ image: pixels, width, stride, filters }, workers) {
  return convolveAll(open(workers, { pixels, width, stride }), filters)
}

export async function prefixes(documents, workers) {
  const pool = open(workers, {})
  await Promise.all(documents.map((words) => pool.run('count', words)))
  const parts = await pool.askAll('collect')
  await pool.close()
  return merge(parts)
}

export function model({ steps, maps }, workers) {
  return predictAll(open(workers, { steps }), maps)
}
