import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** @param {string} root of the build that is measured: this clone, or one of another commit */
export async function prepare(root) {
  const millrace = await import(pathToFileURL(join(root, 'dist/index.js')).href)
  const byName = millrace.tasks(new URL('../tasks.mjs', import.meta.url))
  return {
    millrace,
    byName,
    /** @param {number} workers @returns {import('./commands.mjs').Pool} */
    open(workers) {
      const pool = new millrace.WorkerPool({ nJobs: workers })
      return {
        pool,
        run: (name, argument) => pool.apply(byName[name], [argument]),
        map: (name, items, options) => pool.map(byName[name], items, options),
        close: () => pool.stopAndJoin()
      }
    }
  }
}
