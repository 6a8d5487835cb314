// A thread of a worker that ends the whole process while the main thread sends a large result.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { loadNative } from './faults.mjs'

const { native, signal, delay, scratch, bytes } = workerData

async function strike() {
  // The result is there once more when it has been encoded; then it is sent. One that went too fast is gone again.
  const encoded = process.memoryUsage.rss() + 0.95 * bytes
  const end = performance.now() + 2000
  while (process.memoryUsage.rss() < encoded && performance.now() < end);
  await sleep(delay)
  appendFileSync(`${scratch}/suffering`, `${process.pid}\n`)
  if (native === undefined) process.kill(process.pid, signal)
  else loadNative(native)
}

parentPort.once('message', () => void strike())
parentPort.postMessage('ready', [])
