import { fileURLToPath } from 'node:url'
import { load } from '../peers.mjs'

const loaded = await load('jest-worker')
const JestWorker = loaded.Worker ?? loaded.default.Worker

export function open() {
  const script = fileURLToPath(new URL('../tasks.mjs', import.meta.url))
  const pool = new JestWorker(script, { numWorkers: 2, exposedMethods: ['work'], enableWorkerThreads: false })
  return { run: (task) => pool.work(task), close: () => pool.end(), terminate: () => pool.end() }
}
