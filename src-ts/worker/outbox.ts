import { inspect } from 'node:util'

import { MAX_MESSAGE_BYTES, Writer, writeValue } from '../codec/index.js'
import { Uint32Array } from '../primordials.js'
import type { MemoryLimit } from './memory-limit.js'
import { NotSerializableError } from '../errors/index.js'
import {
  FRAME_FAULT,
  FRAME_OUTCOME,
  FRAME_RETIRE,
  HEADER_BYTES,
  OUTCOME_DROPPED,
  OUTCOME_ERROR,
  OUTCOME_LAST,
  OUTCOME_RETIRING,
  paddedLength
} from '../protocol/index.js'

/** Sends frames to the parent; blocks while the ring is full. */
export type Send = (frames: Uint8Array, length: number) => void

/** A batch of results is sent when it has grown to this size. */
const BATCH_BYTES = 64 * 1024

const INSPECT = { depth: 1, customInspect: false, maxStringLength: 200, maxArrayLength: 8 }
const SHOWN_LENGTH = 400

/** Outcomes on their way to the parent: frames under construction, the last one perhaps still open. */
export class Outbox {
  readonly #send: Send
  readonly #limit: number
  #writer: Writer
  readonly #memory: MemoryLimit
  /** This worker begins nothing more: its next outcome says so. */
  isRetiring = false
  /** Where the open frame starts; -1: none is open. */
  #open = -1
  #seq = 0
  #first = 0
  #count = 0

  /** @param limit The most that a message may hold. */
  constructor(send: Send, memory: MemoryLimit, limit: number = MAX_MESSAGE_BYTES) {
    this.#limit = limit
    this.#writer = new Writer(BATCH_BYTES * 2, limit)
    this.#send = send
    this.#memory = memory
  }

  /** Whether this worker is to be replaced after the task that has just ended. */
  retiresNow(): boolean {
    this.isRetiring ||= this.#memory.isExceeded()
    return this.isRetiring
  }

  /** Starts a chunk, whose next outcome is that of task `first`. */
  startChunk(seq: number, first: number): void {
    this.#seq = seq
    this.#first = first
    this.#count = 0
  }

  /**
   * Adds a result. Why one cannot be encoded, a throwing getter included, is a failure of its task alone, given back. One for which there
   * is no room beside others goes alone, after these; `elapsedUs` is asked for the microseconds that they took.
   */
  addResult(value: unknown, elapsedUs: () => number): { readonly failure: unknown } | undefined {
    const isAlone = this.#writer.length === 0
    if (this.#open < 0) this.#openFrame()
    const mark = this.#writer.length
    try {
      writeValue(this.#writer, value, resultRoot)
    } catch (failure) {
      this.#writer.length = mark
      const isOverfull = this.#takeOverfull()
      if (isAlone || !isOverfull) return { failure }
      this.#sendAll(elapsedUs())
      return this.addResult(value, elapsedUs)
    }
    this.#count++
    return undefined
  }

  /** Closes the frame of results so far; they took `elapsedUs` microseconds. */
  endResults(elapsedUs: number, isLast: boolean): void {
    if (this.#count > 0) this.#closeFrame(isLast ? OUTCOME_LAST : 0, elapsedUs)
  }

  /** Adds the failure of the next task; results before it have to be ended. `drops`: the chunk ends here, short of its last task. */
  addFailure(error: unknown, elapsedUs: number, isLast: boolean, drops: boolean): void {
    if (this.#open < 0) this.#openFrame()
    this.#writeError(error)
    this.#count = 1
    this.#closeFrame(OUTCOME_ERROR | (isLast ? OUTCOME_LAST : 0) | (drops ? OUTCOME_DROPPED : 0), elapsedUs)
  }

  /**
   * Says that an error which nobody handles ends this process. Results before it have to be ended.
   * @param stray Holds the error where no task fails by it.
   */
  addFault(stray: { readonly error: unknown } | undefined): void {
    this.#openFrame()
    if (stray !== undefined) this.#writeError(stray.error)
    this.#pad([FRAME_FAULT])
  }

  /** Says that this process was asked to end. Results before it have to be ended. */
  addRetirement(): void {
    this.#openFrame()
    this.#pad([FRAME_RETIRE])
  }

  /** Ends the chunk before its last task: the parent wants no more of it. */
  dropRest(elapsedUs: number): void {
    if (this.#open < 0) this.#openFrame()
    this.#closeFrame(OUTCOME_LAST | OUTCOME_DROPPED, elapsedUs)
  }

  /** True when enough has gathered to be sent. */
  get isFull(): boolean {
    return this.#writer.length >= BATCH_BYTES
  }

  /** Sends what has gathered. The open frame has to be ended before. */
  flush(): void {
    if (this.#writer.length === 0) return
    this.#send(this.#writer.bytes, this.#writer.length)
    // A result of many megabytes shall not stay allocated behind small ones.
    if (this.#writer.bytes.length > 16 * BATCH_BYTES) this.#writer = new Writer(BATCH_BYTES * 2, this.#limit)
    this.#writer.length = 0
  }

  #openFrame(): void {
    this.#open = this.#writer.length
    this.#writer.reserve(HEADER_BYTES)
    this.#writer.length += HEADER_BYTES
  }

  #takeOverfull(): boolean {
    const { isOverfull } = this.#writer
    this.#writer.isOverfull = false
    return isOverfull
  }

  /** Sends what is complete; an open frame without results goes. */
  #sendAll(elapsedUs: number): void {
    this.endResults(elapsedUs, false)
    if (this.#open >= 0) this.#writer.length = this.#open
    this.#open = -1
    this.flush()
  }

  #writeError(error: unknown): void {
    const mark = this.#writer.length
    try {
      writeValue(this.#writer, error, errorRoot)
    } catch (unwritable) {
      this.#writer.length = mark
      this.#writer.isOverfull = false
      writeValue(this.#writer, describe(error, unwritable), errorRoot)
    }
  }

  #closeFrame(flags: number, elapsedUs: number): void {
    const retiring = this.isRetiring && this.#count > 0 ? OUTCOME_RETIRING : 0
    this.#pad([FRAME_OUTCOME, this.#seq, this.#first, this.#count, flags | retiring, elapsedUs])
    this.#first += this.#count
    this.#count = 0
  }

  /** Ends the open frame; `words` are its kind and its fields. */
  #pad(words: readonly number[]): void {
    const writer = this.#writer
    const start = this.#open
    const payload = writer.length - start - HEADER_BYTES
    const end = start + HEADER_BYTES + paddedLength(payload)
    writer.reserve(end - writer.length)
    writer.bytes.fill(0, writer.length, end)
    writer.length = end
    const header = new Uint32Array(writer.bytes.buffer, writer.bytes.byteOffset + start, HEADER_BYTES / 4)
    header.fill(0)
    header[0] = payload
    header.set(words, 1)
    this.#open = -1
  }
}

function resultRoot(): string {
  return 'result'
}

function errorRoot(): string {
  return 'error'
}

// Both are what the user's code threw, the task or a getter of its error: they may be anything, their texts too.
function describe(thrown: unknown, why: unknown): Error {
  if (!(why instanceof NotSerializableError)) {
    return new NotSerializableError('error', `failed while it was encoded: ${show(why)}`)
  }
  const what = why.message.slice(why.message.indexOf(': ') + 2)
  return new NotSerializableError(why.path, `${what}; the task threw ${show(thrown)}`)
}

function show(value: unknown): string {
  try {
    const text = inspect(value, INSPECT)
    return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
  } catch {
    return `of type ${typeof value}`
  }
}
