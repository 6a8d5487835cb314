import { Map } from '../../primordials.js'
import {
  EXIT_ABORT,
  EXIT_CLOSED,
  EXIT_IDLE,
  EXIT_LIFESPAN,
  EXIT_MEMORY,
  EXIT_RECYCLE,
  EXIT_TIMEOUT
} from '../../protocol/index.js'
import type { WorkerExit, WorkerExitReason, WorkerInfo } from '../../types/index.js'
import { toExitCode, toSignal } from './loss.js'

const REASONS: ReadonlyMap<number, WorkerExitReason> = new Map([
  [EXIT_LIFESPAN, 'lifespan'],
  [EXIT_MEMORY, 'memory'],
  [EXIT_IDLE, 'idle'],
  [EXIT_RECYCLE, 'recycle'],
  [EXIT_TIMEOUT, 'timeout'],
  [EXIT_ABORT, 'abort'],
  [EXIT_CLOSED, 'closed']
])

/** Reads how a worker ended. `at` reads a word of the record's payload. */
export function readExit(id: number, pid: number, at: (index: number) => number): readonly [WorkerInfo, WorkerExit] {
  const tasksDone = at(2) + at(3) * 2 ** 32
  const rss = at(5) + at(6) * 2 ** 32
  const reason = REASONS.get(at(4)) ?? 'died'
  return [endedWorker(id, pid, tasksDone, rss), { exitCode: toExitCode(at(0)), signal: toSignal(at(1)), reason, rss }]
}

/** A worker that has ended, or is about to. */
export function endedWorker(id: number, pid: number, tasksDone = 0, rss = 0): WorkerInfo {
  return { id, pid, state: 'leaving', cpus: [], tasksDone, rss }
}
