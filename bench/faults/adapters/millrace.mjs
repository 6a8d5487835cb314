import { tasks, WorkerPool } from '../../../dist/index.js'

const { work } = tasks(new URL('../tasks.mjs', import.meta.url))

export function open() {
  const pool = new WorkerPool({ nJobs: 2 })
  return {
    run: (task) => pool.apply(work, [task]),
    close: () => pool.stopAndJoin(),
    terminate: () => pool.terminate()
  }
}
