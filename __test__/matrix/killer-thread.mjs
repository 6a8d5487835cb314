// A thread of a worker that ends the whole process while the main thread receives or sends something large.
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { loadNative } from './faults.mjs'

const { native, signal, delay, scratch, bytes, share = 0.95, patience = 2000 } = workerData

const pause = new Int32Array(new SharedArrayBuffer(4))

async function strike() {
  // The result is there once more when it has been encoded; then it is sent. One that went too fast is gone again.
  const encoded = process.memoryUsage.rss() + share * bytes
  const end = performance.now() + patience
  while (process.memoryUsage.rss() < encoded && performance.now() < end)
    if (patience === Infinity) Atomics.wait(pause, 0, 0, 1)
  await sleep(delay)
  appendFileSync(`${scratch}/suffering`, `${process.pid}\n`)
  if (native === undefined) process.kill(process.pid, signal)
  else loadNative(native)
}

parentPort.once('message', () => void strike())
parentPort.postMessage('ready', [])
