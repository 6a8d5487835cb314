import assert from 'node:assert'

import type { ExecutionContext } from 'ava'

import { type WorkerExit, type WorkerInfo, WorkerPool, type WorkerPoolOptions } from '../../dist/index.js'
import { isInline } from './both.js'
import { gone } from './processes.js'

/** A pool and all that was seen of its workers. */
export interface Watched {
  readonly pool: WorkerPool
  /** Every worker that was ready, in that order. */
  readonly started: readonly WorkerInfo[]
  /** Every worker that has ended, in that order. */
  readonly exits: readonly (WorkerExit & { readonly id: number; readonly pid: number })[]
  /** Resolves with the next worker that is ready. */
  nextStart(): Promise<WorkerInfo>
}

function forThisProcess({ execArgv, stdio, nJobs, ...rest }: WorkerPoolOptions): WorkerPoolOptions {
  void [execArgv, stdio, nJobs]
  return { ...rest, nJobs: 0 }
}

/** After this time the pool has ended even if a process that it has killed is still there, as on a machine under load. */
const TERMINATE_BOUND_MS = 900

/** Terminates the pool. Returns whether it has heard of the end of every worker. */
export async function terminated(pool: WorkerPool): Promise<boolean> {
  const begun = performance.now()
  await pool.terminate()
  return performance.now() - begun < TERMINATE_BOUND_MS
}

/** A pool whose workers start fast, or one without workers in the second run of a `testBoth`. When the test ends it is terminated, and no process of it may be left. */
export function watchedPool(t: ExecutionContext, options: WorkerPoolOptions = {}): Watched {
  const pool = new WorkerPool(isInline(t) ? forThisProcess(options) : { execArgv: [], stdio: 'ignore', ...options })
  const started: WorkerInfo[] = []
  const exits: (WorkerExit & { id: number; pid: number })[] = []
  const waiting: ((worker: WorkerInfo) => void)[] = []
  pool.on('workerStart', (worker) => {
    started.push(worker)
    waiting.shift()?.(worker)
  })
  pool.on('workerExit', ({ id, pid }, exit) => exits.push({ id, pid, ...exit }))
  t.teardown(async () => {
    const running = pool.workers.map((worker) => worker.pid)
    await pool.terminate()
    await gone([...running, ...started.map((worker) => worker.pid)])
    const { submitted, completed, failed, cancelled, running: busy, queued } = pool.stats
    // Assertions of the test itself are not allowed any more when it is torn down.
    assert.deepEqual([busy, queued, submitted], [0, 0, completed + failed + cancelled], 'the counts of tasks add up')
  })
  return { pool, started, exits, nextStart: () => new Promise((resolve) => waiting.push(resolve)) }
}
