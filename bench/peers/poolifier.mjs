import { fileURLToPath } from 'node:url'
import { FixedClusterPool } from 'poolifier'

/** @param {number} workers @returns {import('./commands.mjs').Pool} */
export function open(workers) {
  const script = fileURLToPath(new URL('poolifier-worker.cjs', import.meta.url))
  const pool = new FixedClusterPool(workers, script, { settings: { serialization: 'advanced' } })
  return { run: (name, argument) => pool.execute([name, argument]), close: () => pool.destroy() }
}
