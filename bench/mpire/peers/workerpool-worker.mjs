import { workerData } from 'node:worker_threads'
import workerpool from 'workerpool'
import { tasksOf } from './threads-worker.mjs'

workerpool.worker(tasksOf(workerData, (result) => new workerpool.Transfer(result, [result.buffer])))
