/** A part of the time of the workers, in milliseconds. */
export interface TimePart {
  /** The sum over all workers. */
  readonly total: number
  /** Its share of all parts together, 0 to 1. */
  readonly ratio: number
  /** The mean over the workers. */
  readonly mean: number
  /** The standard deviation over the workers. */
  readonly std: number
}

/** The parts of the time of the workers. Each moment of a worker process is in one of them. */
export interface TimeParts<T> {
  /** From the start of Node.js in the process until it could take work. */
  readonly startUpTime: T
  /** Setting up: shared objects, `workerInit`, and the loading of functions. */
  readonly initTime: T
  /** Waiting for work, for room to send results, and for the event loop to run between tasks. */
  readonly waitingTime: T
  /** Running tasks, together with decoding their items and encoding their results. */
  readonly workingTime: T
  /** From being told to leave until the end of the process: `workerExit`, pending writes, exit handlers. */
  readonly exitTime: T
}

/** What one worker has done. A replacement adds to the worker whose id it takes. Times are in milliseconds. */
export interface WorkerInsights extends TimeParts<number> {
  /** The id of the worker. */
  readonly id: number
  /** The number of processes that have had this id and were ready. */
  readonly processes: number
  /** The tasks that have ended, including failed ones. A batch is one task. An attempt that is retried counts if it has ended itself. */
  readonly tasks: number
  /** The tasks that have thrown. */
  readonly failed: number
  /** Bytes of tasks that were sent to it. A chunk that was split counts in full at each of its workers. */
  readonly bytesIn: number
  /** Bytes of results that it has sent. */
  readonly bytesOut: number
  /** The largest resident memory that one of its processes has had, in bytes. It is measured when it
   * becomes ready, between tasks, at most every 100 ms, and when it leaves. */
  readonly peakMemory: number
  /** The CPU time of its processes, measured likewise. */
  readonly cpuTime: number
}

/** How times are distributed, in milliseconds. */
export interface Distribution {
  /** The number of times. */
  readonly count: number
  /** Exact. */
  readonly mean: number
  /** Half of the times are no longer. Percentiles are within 3.2 % of the true ones, from 62 ns to 68 minutes. */
  readonly p50: number
  /** 90 % are no longer. */
  readonly p90: number
  /** 99 % are no longer. */
  readonly p99: number
  /** 99.9 % are no longer. */
  readonly p999: number
  /** The longest. Exact for tasks, within 3.2 % for the others. */
  readonly max: number
  /** The counts by time: `[from, to, count]`, without those of 0. Each doubling of the time has 16 of the same width. */
  readonly histogram: readonly (readonly [from: number, to: number, count: number])[]
}

/** One of the slowest tasks. */
export interface SlowTask {
  /** How long it ran, in milliseconds. */
  readonly time: number
  /** The index of its item. For a batch, that of its first item. */
  readonly index: number
  /** The number of items, if it was a batch. */
  readonly count: number | undefined
  /** Its item as text of at most 200 characters. For `apply`, the arguments in parentheses. */
  readonly item: string
  /** The id of its worker. */
  readonly workerId: number
}

/** What the workers of a pool have done since it was made, or since `resetInsights()`. */
export interface Insights extends TimeParts<TimePart> {
  /** Whether the pool was made with `enableInsights: true`. If not, all numbers are 0 and all lists empty. */
  readonly enabled: boolean
  /** The tasks that have ended. */
  readonly tasks: number
  /** Those that have thrown. */
  readonly failed: number
  /** All parts together, in milliseconds. */
  readonly totalTime: number
  /** The workers that have had a process, by ascending id. */
  readonly workers: readonly WorkerInsights[]
  /** How long tasks ran. */
  readonly taskTime: Distribution
  /** How long chunks waited, from when they were made until a worker began their first task. */
  readonly queueTime: Distribution
  /** The five tasks that ran longest, the slowest first. */
  readonly slowestTasks: readonly SlowTask[]
}
