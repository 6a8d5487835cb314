import type { LifeFailure } from '../../errors/index.js'
import { Map, Uint32Array } from '../../primordials.js'
import {
  EXIT_ABORT,
  EXIT_CLOSED,
  EXIT_IDLE,
  EXIT_LIFESPAN,
  EXIT_MEMORY,
  EXIT_RECYCLE,
  EXIT_RESIZE,
  EXIT_TIMEOUT,
  HOW_DIED,
  HOW_LATE
} from '../../protocol/index.js'
import type { WorkerExit, WorkerExitReason, WorkerInfo } from '../../types/index.js'
import { toEnd } from './loss.js'

const REASONS: ReadonlyMap<number, WorkerExitReason> = new Map([
  [EXIT_LIFESPAN, 'lifespan'],
  [EXIT_MEMORY, 'memory'],
  [EXIT_IDLE, 'idle'],
  [EXIT_RECYCLE, 'recycle'],
  [EXIT_TIMEOUT, 'timeout'],
  [EXIT_ABORT, 'abort'],
  [EXIT_CLOSED, 'closed'],
  [EXIT_RESIZE, 'resize']
])

/** Reads how a worker ended. `at` reads a word of the record's payload. */
export function readExit(id: number, pid: number, at: (index: number) => number): readonly [WorkerInfo, WorkerExit] {
  const tasksDone = at(2) + at(3) * 2 ** 32
  const rss = at(5) + at(6) * 2 ** 32
  const reason = REASONS.get(at(4)) ?? 'died'
  return [endedWorker(id, pid, tasksDone, rss), { ...toEnd(at(0), at(1)), reason, rss }]
}

/** What a worker that has ended was to do before, and has not. Read as by {@linkcode readExit}. */
export function readUnfinishedExit(
  workerId: number,
  pid: number,
  at: (index: number) => number
): LifeFailure | undefined {
  const how = at(7)
  if (how !== HOW_DIED && how !== HOW_LATE) return undefined
  return failureOf(workerId, pid, how === HOW_LATE ? { timeout: at(8) } : { how: at(0), number: at(1) })
}

/** Why a worker could not set itself up, if it did not say so. */
export function readSetupFailure(workerId: number, pid: number, how: number, payload: Uint8Array): LifeFailure {
  const [howEnded = 0, number = 0, , , timeout = 0] = new Uint32Array(payload.buffer, payload.byteOffset, 6)
  return failureOf(workerId, pid, how === HOW_LATE ? { timeout } : { how: howEnded, number })
}

/** The failure of a worker that has thrown. */
export function thrownBy(workerId: number, pid: number, cause: unknown): LifeFailure {
  return { workerId, pid, exitCode: null, signal: null, timeout: null, cause, hasThrown: true }
}

function failureOf(
  workerId: number,
  pid: number,
  { how = 0, number = 0, timeout }: { readonly how?: number; readonly number?: number; readonly timeout?: number }
): LifeFailure {
  return { workerId, pid, ...toEnd(how, number), timeout: timeout ?? null, hasThrown: false }
}

/** A worker that has ended, or is about to. */
export function endedWorker(id: number, pid: number, tasksDone = 0, rss = 0): WorkerInfo {
  return { id, pid, state: 'leaving', cpus: [], tasksDone, rss }
}
