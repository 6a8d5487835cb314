import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'

export function open() {
  const filename = fileURLToPath(new URL('../tasks.mjs', import.meta.url))
  const pool = new Piscina({ filename, name: 'work', minThreads: 2, maxThreads: 2 })
  return { run: (task) => pool.run(task), close: () => pool.close(), terminate: () => pool.destroy() }
}
