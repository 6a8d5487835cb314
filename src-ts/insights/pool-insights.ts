import type { WorkerFigures } from '../backend/index.js'
import { Array, Float64Array, Math, monotonicMs, Uint32Array } from '../primordials.js'
import {
  BUCKETS,
  BYTES_IN,
  BYTES_OUT,
  clockOrigin,
  FAILED,
  INIT,
  PROCESSES,
  QUEUE_TIMES_AT,
  QUEUED,
  START_UP,
  SLOWEST,
  TASK_TIMES_AT,
  TASKS,
  WAITING,
  WORKING
} from '../protocol/index.js'
import type { Insights, TimePart, TimeParts, WorkerInsights } from '../types/index.js'
import { describeTimes } from './distribution.js'
import { ALL_SUMS, CPU_TIME, EXIT, TASK_TIME } from './figures.js'
import { FigureMemory } from './memory.js'

/** What the figures of a pool said at one moment. */
interface Reading {
  /** By worker. */
  readonly sums: readonly Float64Array[]
  readonly taskTimes: Uint32Array
  readonly queueTimes: Uint32Array
}

/** The insights of one pool. */
export class PoolInsights {
  readonly #memory: FigureMemory
  /** The reading at the last reset. */
  #before: Reading | undefined
  readonly #origin = clockOrigin()

  /**
   * @param nJobs 0 if tasks run in this process, which then is the only worker.
   * @throws SharedMemoryError
   */
  constructor(nJobs: number) {
    this.#memory = new FigureMemory(nJobs)
  }

  /** What the back end needs. */
  get workerFigures(): WorkerFigures {
    return this.#memory
  }

  /**
   * Makes room for so many workers.
   * @throws SharedMemoryError
   */
  grow(nJobs: number): void {
    this.#memory.grow(nJobs)
  }

  /** The clock that the workers have too. */
  readonly clock = (): number => this.#origin + monotonicMs()

  /** The process of a worker has ended. */
  ended(worker: number, pid: number): void {
    this.#memory.of(worker)?.ended(worker, pid, this.clock())
  }

  reset(): void {
    const now = this.clock()
    for (const part of this.#memory.parts) part.resetAt = now
    this.#before = this.#read(now)
  }

  get(): Insights {
    const now = this.#read(this.clock())
    const { sums, taskTimes, queueTimes } = this.#subtract(now)
    const workers = sums
      .map((own, id) => describeWorker(id, own, this.#memory.of(id)?.peakMemory(id) ?? 0))
      .filter(({ id }) => (now.sums[id]?.[PROCESSES] ?? 0) > 0)
    const all = Array.from({ length: ALL_SUMS }, (_, sum) => sums.reduce((total, own) => total + (own[sum] ?? 0), 0))
    const slowestTasks = sums
      .flatMap((_, id) => this.#memory.of(id)?.slowest(id) ?? [])
      .toSorted((one, other) => other.time - one.time)
      .slice(0, SLOWEST)
    const totalTime = PARTS.reduce((total, [, sum]) => total + (all[sum] ?? 0), 0)
    return {
      enabled: true,
      tasks: all[TASKS] ?? 0,
      failed: all[FAILED] ?? 0,
      totalTime,
      ...describeParts(workers, totalTime),
      workers,
      taskTime: describeTimes(taskTimes, all[TASK_TIME] ?? 0, slowestTasks[0]?.time),
      queueTime: describeTimes(queueTimes, all[QUEUED] ?? 0, undefined),
      slowestTasks
    }
  }

  #read(now: number): Reading {
    const [taskTimes, queueTimes] = [new Uint32Array(BUCKETS), new Uint32Array(BUCKETS)]
    const sums = Array.from({ length: this.#memory.workers }, (_, worker) => {
      const own = new Float64Array(ALL_SUMS)
      const part = this.#memory.of(worker)
      part?.addSums(worker, now, own)
      part?.addCounts(worker, TASK_TIMES_AT, taskTimes)
      part?.addCounts(worker, QUEUE_TIMES_AT, queueTimes)
      return own
    })
    return { sums, taskTimes, queueTimes }
  }

  /** What was added since the last reset. */
  #subtract(now: Reading): Reading {
    const before = this.#before
    if (before === undefined) return now
    const sums = now.sums.map((own, id) => own.map((value, sum) => value - (before.sums[id]?.[sum] ?? 0)))
    return {
      sums,
      taskTimes: now.taskTimes.map((count, bucket) => count - (before.taskTimes[bucket] ?? 0)),
      queueTimes: now.queueTimes.map((count, bucket) => count - (before.queueTimes[bucket] ?? 0))
    }
  }
}

/** The insights of a pool without them. */
export function noInsights(): Insights {
  const noTimes = describeTimes([], 0, undefined)
  return {
    enabled: false,
    tasks: 0,
    failed: 0,
    totalTime: 0,
    ...describeParts([], 0),
    workers: [],
    taskTime: noTimes,
    queueTime: noTimes,
    slowestTasks: []
  }
}

/** The parts of a worker's time, and the sums that have them. */
const PARTS: readonly (readonly [keyof TimeParts<unknown>, number])[] = [
  ['startUpTime', START_UP],
  ['initTime', INIT],
  ['waitingTime', WAITING],
  ['workingTime', WORKING],
  ['exitTime', EXIT]
]

function partsOf<T>(part: (name: keyof TimeParts<unknown>, sum: number) => T): TimeParts<T> {
  const parts: Partial<Record<keyof TimeParts<unknown>, T>> = {}
  for (const [name, sum] of PARTS) parts[name] = part(name, sum)
  return parts as TimeParts<T>
}

function describeWorker(id: number, sums: Float64Array, peakMemory: number): WorkerInsights {
  const sum = (at: number): number => sums[at] ?? 0
  return {
    id,
    processes: sum(PROCESSES),
    tasks: sum(TASKS),
    failed: sum(FAILED),
    ...partsOf((_, at) => sum(at)),
    bytesIn: sum(BYTES_IN),
    bytesOut: sum(BYTES_OUT),
    peakMemory,
    cpuTime: sum(CPU_TIME)
  }
}

function describeParts(workers: readonly WorkerInsights[], totalTime: number): TimeParts<TimePart> {
  return partsOf((name) => {
    const times = workers.map((worker) => worker[name])
    const total = times.reduce((all, time) => all + time, 0)
    const count = Math.max(times.length, 1)
    const mean = total / count
    const variance = times.reduce((all, time) => all + (time - mean) ** 2, 0) / count
    return { total, ratio: totalTime === 0 ? 0 : total / totalTime, mean, std: Math.sqrt(variance) }
  })
}
