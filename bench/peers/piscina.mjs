import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'

/** @param {number} workers @returns {import('./commands.mjs').Pool} */
export function open(workers) {
  const filename = fileURLToPath(new URL('../tasks.mjs', import.meta.url))
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers })
  return { run: (name, argument) => pool.run(argument, { name }), close: () => pool.destroy() }
}
