import { fileURLToPath } from 'node:url'
import { FixedClusterPool } from 'poolifier'

export function open() {
  const script = fileURLToPath(new URL('../workers/poolifier.cjs', import.meta.url))
  const pool = new FixedClusterPool(2, script, { errorHandler: () => undefined })
  return { run: (task) => pool.execute(task), close: () => pool.destroy(), terminate: () => pool.destroy() }
}
