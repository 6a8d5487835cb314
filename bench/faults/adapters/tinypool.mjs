import { Tinypool } from 'tinypool'

export function open() {
  const pool = new Tinypool({
    runtime: 'child_process',
    serialization: 'advanced',
    filename: new URL('../tasks.mjs', import.meta.url).href,
    name: 'work',
    minThreads: 2,
    maxThreads: 2,
    isolateWorkers: false
  })
  return { run: (task) => pool.run(task), close: () => pool.destroy(), terminate: () => pool.destroy() }
}
