// The least code that makes a pool out of child_process.fork: a number for each call, children in turn.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** @param {number} workers @returns {import('./commands.mjs').Pool} */
export function open(workers) {
  const waiting = new Map()
  let calls = 0
  const children = Array.from({ length: workers }, () => {
    const child = fork(fileURLToPath(new URL('fork-child.mjs', import.meta.url)), { serialization: 'advanced' })
    child.on('message', ([id, result]) => {
      waiting.get(id)(result)
      waiting.delete(id)
    })
    return child
  })
  return {
    run: (task, argument) =>
      new Promise((resolve) => {
        const id = calls++
        waiting.set(id, resolve)
        children[id % workers].send([id, task, argument])
      }),
    async close() {
      await Promise.all(children.map((child) => (child.kill(), once(child, 'exit'))))
    }
  }
}
