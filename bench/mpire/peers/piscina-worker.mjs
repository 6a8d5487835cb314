import { move, workerData } from 'piscina'
import { tasksOf } from './threads-worker.mjs'

export const { convolveShared, count, collect, predictOne } = tasksOf(workerData, move)
