import { Tinypool } from 'tinypool'

/** @param {number} workers @returns {import('./commands.mjs').Pool} */
export function open(workers) {
  const pool = new Tinypool({
    runtime: 'child_process',
    serialization: 'advanced',
    filename: new URL('../tasks.mjs', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    isolateWorkers: false
  })
  return { run: (name, argument) => pool.run(argument, { name }), close: () => pool.destroy() }
}
