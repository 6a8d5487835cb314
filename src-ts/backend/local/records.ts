import type { BackendListener, OutcomeListener } from '../index.js'
import { type BlockSource, Reader, readFailure } from '../../codec/index.js'
import { type LifeFailure, WorkerStartError } from '../../errors/index.js'
import { Attempts, type MakeAttemptError } from './attempts.js'
import type { Blocks } from './blocks.js'
import { Late } from './late.js'
import { endedWorker, readExit, readSetupFailure, readUnfinishedExit, thrownBy } from './exits.js'
import { Loss } from './loss.js'
import { Buffer, Set, TextDecoder, Uint32Array, Uint8Array } from '../../primordials.js'
import {
  HEADER_BYTES,
  HOW_THREW,
  OUTCOME_ERROR,
  OUTCOME_JOINED,
  OUTCOME_LAST,
  paddedLength,
  RECORD_CLOSED,
  RECORD_DIED,
  RECORD_EXIT_RESULT,
  RECORD_EXITED,
  RECORD_FAILED,
  RECORD_FAULT,
  RECORD_LOAD_TIMED_OUT,
  RECORD_OUTCOME,
  RECORD_OUTPUT,
  RECORD_RESIZED,
  RECORD_SETUP_FAILED,
  RECORD_START_FAILED,
  RECORD_STARTED,
  RECORD_TIMED_OUT,
  SOURCE_SHIFT
} from '../../protocol/index.js'

/** Copies records into `into`. Returns the bytes copied, or minus the bytes that the next record needs. */
export type Collect = (into: Uint8Array) => number

/** What the records tell, besides to calls. */
export interface RecordListener extends BackendListener {
  /** The workers that had to leave for a resize have ended. */
  resized(number: number): void
}

const USUAL_BYTES = 256 * 1024

/** Reads the records of the core, and passes each on to its call or to the pool. */
export class Records {
  readonly #collect: Collect
  readonly #listener: RecordListener
  readonly #reader = new Reader()
  readonly #blocks: Pick<Blocks, 'open'>
  readonly #decoder = new TextDecoder()
  readonly #touched = new Set<OutcomeListener>()
  /** The call of the record before, if this batch has one. Records of one call follow each other, and looking a call up costs more. */
  #last: OutcomeListener | undefined
  #lastSubject = 0
  readonly #attempts = new Attempts()
  #bytes: Uint8Array = new Uint8Array(USUAL_BYTES)
  #words = new Uint32Array(this.#bytes.buffer)

  constructor(collect: Collect, listener: RecordListener, blocks: Pick<Blocks, 'open' | keyof BlockSource>) {
    this.#blocks = blocks
    this.#reader.blocks = blocks
    this.#collect = collect
    this.#listener = listener
  }

  /** Reads all records. The core calls this again when there are more. */
  collect(): void {
    for (;;) {
      let got = this.#collect(this.#bytes)
      if (got < 0) {
        this.#allocate(-got)
        got = this.#collect(this.#bytes)
      }
      if (got <= 0) return
      for (let at = 0; at < got;) {
        const length = this.#words[at / 4] ?? 0
        this.#handle(at / 4, at + HEADER_BYTES, length)
        at += HEADER_BYTES + paddedLength(length)
      }
      this.#last = undefined
      // The memory of a result of many megabytes is not kept for small ones.
      if (this.#bytes.length > USUAL_BYTES) this.#allocate(USUAL_BYTES)
      for (const call of this.#touched) call.afterBatch?.()
      this.#touched.clear()
    }
  }

  #handle(word: number, start: number, length: number): void {
    const listener = this.#listener
    const at = (index: number): number => this.#words[index] ?? 0
    const kind = at(word + 1)
    const subject = at(word + 2)
    const second = at(word + 3)
    if (kind === RECORD_STARTED) return listener.workerStart(subject, second)
    if (kind === RECORD_RESIZED) return listener.resized(subject)
    if (kind === RECORD_CLOSED) return listener.closed()
    if (kind === RECORD_FAILED) {
      return listener.failed(this.#decoder.decode(this.#bytes.subarray(start, start + length)))
    }
    if (kind === RECORD_EXITED) {
      listener.workerOutput(undefined, second)
      const payload = (index: number): number => at(start / 4 + index)
      const unfinished = readUnfinishedExit(subject, second, payload)
      if (unfinished !== undefined) listener.exitFailed(unfinished)
      return listener.workerExit(...readExit(subject, second, payload))
    }
    if (kind === RECORD_SETUP_FAILED) {
      return listener.setupFailed(subject, this.#readSetupFailure(word, start, length))
    }
    if (kind === RECORD_EXIT_RESULT) {
      const value = this.#readValue(start, length)
      if (at(word + 4) === 0) return listener.exitResult(value)
      return listener.exitFailed(thrownBy(subject, second, value))
    }
    if (kind === RECORD_OUTPUT) {
      return listener.workerOutput(at(word + 4), second, Buffer.from(this.#bytes.subarray(start, start + length)))
    }
    if (kind === RECORD_FAULT) {
      return listener.workerError(this.#readValue(start, length), endedWorker(subject, second))
    }
    const call = this.#find(subject)
    if (call === undefined) return
    try {
      this.#tell(call, word, start, length)
    } catch (error) {
      call.abort(error, false)
    }
  }

  /** A call that has ended may still be told of outcomes, which it ignores. */
  #find(subject: number): OutcomeListener | undefined {
    if (this.#last !== undefined && this.#lastSubject === subject) return this.#last
    const call = this.#listener.find(subject)
    if (call === undefined) return undefined
    this.#last = call
    this.#lastSubject = subject
    if (call.afterBatch !== undefined) this.#touched.add(call)
    return call
  }

  /** Reads a value that refers to no blocks. */
  #readValue(start: number, length: number): unknown {
    this.#reader.reset(this.#bytes, start, start + length)
    this.#blocks.open(0)
    return readFailure(this.#reader)
  }

  #readSetupFailure(word: number, start: number, length: number): LifeFailure {
    const [pid = 0, workerId = 0, how = 0] = this.#words.subarray(word + 3, word + 6)
    if (how === HOW_THREW) return thrownBy(workerId, pid, this.#readValue(start, length))
    return readSetupFailure(workerId, pid, how, this.#bytes.subarray(start, start + length))
  }

  /** Passes an outcome or a loss on to its call. */
  #tell(call: OutcomeListener, word: number, start: number, length: number): void {
    const at = (index: number): number => this.#words[index] ?? 0
    const kind = at(word + 1)
    const second = at(word + 3)
    const first = at(word + 4)
    const count = at(word + 5)
    if (kind === RECORD_OUTCOME) {
      const flags = at(word + 6)
      const attempt = this.#attempts.takeSeveral(call, second, first, count) + 1
      this.#reader.reset(this.#bytes, start, start + length)
      if ((flags & OUTCOME_JOINED) !== 0) this.#reader.join()
      this.#blocks.open(flags >>> SOURCE_SHIFT)
      const isFailure = (flags & OUTCOME_ERROR) !== 0
      const isLast = (flags & OUTCOME_LAST) !== 0
      call.outcome(second, first, count, isFailure, isLast, at(word + 7), this.#reader, attempt)
    } else if (kind === RECORD_DIED) {
      const loss = new Loss(this.#bytes.subarray(start, start + length), count === 0 ? first : undefined)
      this.#lose(call, second, first, count, (task, attempt) => loss.errorOf(task, attempt), loss.culprit)
    } else if (kind === RECORD_TIMED_OUT || kind === RECORD_LOAD_TIMED_OUT) {
      const late = new Late(this.#bytes.subarray(start, start + length))
      const error = kind === RECORD_TIMED_OUT ? late.timeout : late.loadTimeout()
      this.#lose(call, second, first, count, error, late.culprit)
    } else if (kind === RECORD_START_FAILED) {
      const reason = this.#decoder.decode(this.#bytes.subarray(start, start + length))
      call.lost(second, first, count, () => new WorkerStartError(`workers cannot start: ${reason}`), undefined)
    }
  }

  /** Tasks are lost. With a count of 0, an attempt at a task has failed, and another one follows. */
  #lose(
    call: OutcomeListener,
    chunk: number,
    first: number,
    count: number,
    error: MakeAttemptError,
    culprit: number | undefined
  ): void {
    if (count === 0) this.#attempts.add(call, chunk, first, error)
    else call.lost(chunk, first, count, this.#attempts.finish(call, chunk, first, error), culprit)
  }

  #allocate(bytes: number): void {
    this.#bytes = new Uint8Array(bytes)
    this.#words = new Uint32Array(this.#bytes.buffer)
  }
}
