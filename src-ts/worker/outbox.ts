import { MAX_MESSAGE_BYTES, NumberBlock, writeOrigin, Writer, writeValue } from '../codec/index.js'
import { Math } from '../primordials.js'
import type { WorkerBlocks } from './blocks.js'
import { beginFrame, endFrame } from './frame.js'
import type { OutboxRegions } from './regions.js'
import { writeThrown } from './reports.js'
import type { MemoryLimit } from './memory-limit.js'
import type { TaskOrigin } from '../errors/index.js'
import {
  FRAME_OUTCOME,
  OUTCOME_DROPPED,
  OUTCOME_ERROR,
  OUTCOME_LAST,
  OUTCOME_RETIRING,
  OUTCOME_SETUP,
  REGIONS_SHIFT
} from '../protocol/index.js'

/** Sends frames to the parent. Blocks while the ring is full. A quiet message does not wake a parent that sleeps. */
export type Send = (frames: Uint8Array, length: number, isQuiet?: boolean) => void

/** Results are sent when they have grown to this size together. */
const BATCH_BYTES = 64 * 1024
/** The most results in a block of numbers. */
const BLOCK_MOST = BATCH_BYTES / 8

const resultRoot = (): string => 'result'

/** Gathers outcomes in frames and sends them to the parent. The last frame may be open: results can still be added to it. */
export class Outbox {
  readonly #send: Send
  readonly #limit: number
  readonly #blocks: WorkerBlocks | undefined
  readonly #regions: OutboxRegions | undefined
  #writer: Writer
  readonly #memory: MemoryLimit
  /** Whether this worker begins nothing more. Its next outcome says so. */
  isRetiring = false
  /** Where the open frame starts; -1 if none is open. */
  #open = -1
  #seq = 0
  #first = 0
  #count = 0
  /** Whether the last message has woken nobody. */
  #wasQuiet = false
  /** The results of the open frame, if they are a block of numbers. */
  #block: NumberBlock | undefined

  /**
   * @param limit The most that a message may hold.
   * @param blocks Where large results go, if there is such a place.
   * @param regions What happens to the regions of results. Without it their bytes are copied.
   */
  constructor(
    send: Send,
    memory: MemoryLimit,
    limit: number = MAX_MESSAGE_BYTES,
    blocks?: WorkerBlocks,
    regions?: OutboxRegions
  ) {
    this.#limit = limit
    this.#blocks = blocks
    this.#regions = regions
    this.#writer = this.#makeWriter()
    this.#send = send
    this.#memory = memory
  }

  /** Whether this worker must be replaced after the task that has just ended. */
  retiresNow(): boolean {
    this.isRetiring ||= this.#memory.isExceeded()
    return this.isRetiring
  }

  /** Starts a chunk. Its next outcome is that of task `first`. */
  startChunk(seq: number, first: number): void {
    this.#seq = seq
    this.#first = first
    this.#count = 0
  }

  /**
   * Adds a result. If there is no room for it beside the results before it, they are sent first.
   * @param elapsedUs Returns the microseconds that the results before it took.
   * @returns why the result cannot be encoded, a throwing getter included: only its own task fails with that
   */
  addResult(value: unknown, elapsedUs: () => number): { readonly failure: unknown } | undefined {
    if (this.#block !== undefined) this.endResults(elapsedUs(), false)
    const isAlone = this.#writer.length === 0
    if (this.#open < 0) this.#openFrame()
    const start = this.#writer.length
    try {
      writeValue(this.#writer, value, resultRoot)
    } catch (failure) {
      this.#writer.rewind(start)
      const isOverfull = this.#takeOverfull()
      if (isAlone || !isOverfull) return { failure }
      this.#sendAll(elapsedUs())
      return this.addResult(value, elapsedUs)
    }
    this.#count++
    return undefined
  }

  /** Starts a block for up to `most` results. The results before it must be ended. Whatever else is added ends the block. */
  openNumbers(most: number): NumberBlock {
    this.#openFrame()
    this.#block = new NumberBlock(this.#writer, Math.min(most, BLOCK_MOST))
    return this.#block
  }

  /** Closes the frame with the results so far, which took `elapsedUs` microseconds. */
  endResults(elapsedUs: number, isLast: boolean): void {
    this.#endBlock()
    if (this.#count > 0) this.#closeFrame(isLast ? OUTCOME_LAST : 0, elapsedUs)
  }

  /** Adds the failure of the next task. The results before it must be ended. With `drops` the chunk ends here, before its last task. */
  addFailure(error: unknown, origin: TaskOrigin, elapsedUs: number, isLast: boolean, drops: boolean): void {
    if (this.#open < 0) this.#openFrame()
    writeOrigin(this.#writer, origin)
    writeThrown(this.#writer, error)
    this.#count = 1
    this.#closeFrame(OUTCOME_ERROR | (isLast ? OUTCOME_LAST : 0) | (drops ? OUTCOME_DROPPED : 0), elapsedUs)
  }

  /** Adds the failure of the setup before the next task, which ends the chunk. With `drops` the chunk has more tasks. */
  addSetupFailure(error: unknown, elapsedUs: number, drops: boolean): void {
    if (this.#open < 0) this.#openFrame()
    // Nobody would read blocks or regions of it.
    this.#writer.blocks = undefined
    this.#writer.regions = undefined
    writeThrown(this.#writer, error)
    this.#writer.blocks = this.#blocks
    this.#writer.regions = this.#regions
    this.#count = 1
    this.#closeFrame(OUTCOME_ERROR | OUTCOME_SETUP | OUTCOME_LAST | (drops ? OUTCOME_DROPPED : 0), elapsedUs)
  }

  /** Ends the chunk before its last task. */
  dropRest(elapsedUs: number): void {
    this.#endBlock()
    if (this.#open < 0) this.#openFrame()
    this.#closeFrame(OUTCOME_LAST | OUTCOME_DROPPED, elapsedUs)
  }

  /** Whether enough has gathered to be sent. */
  get isFull(): boolean {
    return this.#writer.length + this.#writer.blockBytes >= BATCH_BYTES
  }

  /** Sends what has gathered. The open frame must be ended before. After a quiet message the next flush wakes the parent, even with nothing. */
  flush(isQuiet = false): void {
    if (this.#writer.length === 0 && (isQuiet || !this.#wasQuiet)) return
    this.#wasQuiet = isQuiet
    this.#send(this.#writer.bytes, this.#writer.length, isQuiet)
    this.#regions?.sent()
    // The memory of a result of many megabytes is not kept for small ones.
    if (this.#writer.bytes.length > 16 * BATCH_BYTES) this.#writer = this.#makeWriter()
    this.#writer.length = 0
    this.#writer.blockBytes = 0
  }

  #makeWriter(): Writer {
    const writer = new Writer(BATCH_BYTES * 2, this.#limit)
    writer.blocks = this.#blocks
    writer.regions = this.#regions
    return writer
  }

  #openFrame(): void {
    this.#open = beginFrame(this.#writer)
  }

  /** Ends the block. Without results its frame is removed. */
  #endBlock(): void {
    const block = this.#block
    if (block === undefined) return
    this.#block = undefined
    this.#count = block.count
    block.end()
    if (block.count === 0) {
      this.#writer.length = this.#open
      this.#open = -1
    }
  }

  #takeOverfull(): boolean {
    const { isOverfull } = this.#writer
    this.#writer.isOverfull = false
    return isOverfull
  }

  /** Sends the complete frames. An open frame without results is removed. */
  #sendAll(elapsedUs: number): void {
    this.endResults(elapsedUs, false)
    if (this.#open >= 0) this.#writer.length = this.#open
    this.#open = -1
    this.flush()
  }

  #closeFrame(flags: number, elapsedUs: number): void {
    const retiring = this.isRetiring && this.#count > 0 ? OUTCOME_RETIRING : 0
    const lastBlock = this.#blocks?.count ?? 0
    const bits = flags | retiring | ((this.#regions?.take() ?? 0) << REGIONS_SHIFT)
    endFrame(this.#writer, this.#open, [
      FRAME_OUTCOME,
      this.#seq,
      this.#first,
      this.#count,
      bits >>> 0,
      elapsedUs,
      lastBlock
    ])
    this.#open = -1
    this.#first += this.#count
    this.#count = 0
  }
}
