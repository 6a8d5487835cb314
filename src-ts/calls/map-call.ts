import type { MakeError, OutcomeListener, Stop } from '../backend/index.js'
import type { Reader } from '../codec/index.js'
import { Array, Math, setImmediate } from '../primordials.js'
import { PoolClosedError, WorkerStartError } from '../errors/index.js'
import type { Call } from './call.js'
import { taskByTask } from './batches.js'
import { ChunkTable, taskAt } from './chunk-table.js'
import { ChunkWriter } from './chunk-writer.js'
import type { MapPlan } from './map-plan.js'
import { closeQuietly, type ItemSource, ListSource, type SyncSource } from './source.js'
import { TaskOutcomes } from './task-outcomes.js'
import { Window } from './window.js'

/** Chunks up to this size are submitted together. */
const SEND_BYTES = 16 * 1024

/** One map call. It pulls items, sends chunks, and passes outcomes on to its sink. */
export class MapCall implements Call, OutcomeListener {
  readonly id: number
  readonly setup: MapPlan['setup']
  readonly #plan: MapPlan
  readonly #window: Window
  readonly #chunks = new ChunkTable()
  readonly #writer: ChunkWriter
  readonly #outcomes: TaskOutcomes
  readonly #batch: number
  /** `reading`: the input may have more items. `ended`: it has no more. `stopped`: it is not read any further. */
  #input: 'reading' | 'ended' | 'stopped' = 'reading'
  #isOver = false
  #isFilling = false
  /** Items of an asynchronous input for the next chunk. */
  #gathered: unknown[] = []
  #isGathering = false
  #isFlushDue = false
  readonly #isWanted = (): boolean => !this.#isOver

  constructor(plan: MapPlan) {
    this.#plan = plan
    this.id = plan.id
    this.setup = plan.setup
    const isAcceptedWhole = !plan.isLazy && !plan.source.isAsync && plan.source.isList
    const { size, maxTasksActive, limits, batch } = plan
    this.#batch = batch ?? 1
    this.#window = new Window(plan, size, maxTasksActive, isAcceptedWhole, limits.lifespan, this.#batch)
    this.#outcomes = new TaskOutcomes(plan.sink, batch !== undefined, this.#isWanted, (...all) => this.#fail(...all))
    this.#writer = new ChunkWriter(plan, this.#chunks, this.#isWanted)
  }

  /** Takes as many items as the window allows. To be called again after results were taken. */
  advance(): void {
    if (this.#isOver || this.#isFilling) return
    this.#isFilling = true
    this.#guard(() => {
      void (this.#plan.source.isAsync ? this.#gather() : this.#fill())
    })
    this.#isFilling = false
    this.#finishIfDone()
  }

  /** Any failure in a step ends the call. */
  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.abort(error, false)
    }
  }

  stopPulling(): void {
    if (!this.#plan.isLazy || this.#isOver || this.#input !== 'reading') return
    this.#input = 'stopped'
    closeQuietly(this.#plan.source)
    this.#guard(() => this.#sendGathered())
    this.#finishIfDone()
  }

  abort(error: unknown, kill: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#plan.sink.abort(this.#plan.site.withStack(error))
    this.#end(kill ? { reason: error, graceMs: this.#plan.killGraceMs } : undefined)
  }

  /** Ends the call early. `kill`: as for `abort`. */
  drop(kill: boolean): void {
    if (!this.#isOver) this.#end(kill ? { reason: undefined, graceMs: this.#plan.killGraceMs } : undefined)
  }

  outcome(
    chunk: number,
    first: number,
    count: number,
    isFailure: boolean,
    isLast: boolean,
    elapsedUs: number,
    reader: Reader,
    attempt: number
  ): void {
    if (this.#isOver) return
    const items = this.#chunks.itemsOf(chunk)
    this.#chunks.settle(chunk, count, isLast)
    this.#plan.size.learn(count, elapsedUs)
    if (isFailure) this.#outcomes.fail(items, first, this.#plan.site.readFailure(reader, taskAt(items, first), attempt))
    else this.#outcomes.read(reader, items, first, count)
  }

  lost(chunk: number, first: number, count: number, error: MakeError, culprit: number | undefined): void {
    const items = this.#chunks.itemsOf(chunk)
    // The running task caused the loss. The tasks before it only lost their results, so the running one is reported first.
    const last = first + count - 1
    const offsets = Array.from({ length: count }, (_, at) => (culprit === undefined ? first + at : last - at))
    this.#chunks.settle(chunk, count, false)
    for (const offset of offsets) {
      if (this.#isOver) return
      const failure = error(taskAt(items, offset))
      if (this.#plan.endsWithoutWorkers && failure instanceof WorkerStartError) this.#stop(failure)
      else this.#outcomes.fail(items, offset, failure)
    }
  }

  afterBatch(): void {
    this.advance()
  }

  #fill(): void {
    const { source } = this.#plan
    if (source.isAsync) return
    source.takeSeveral(() => this.#fillWindow(source))
    this.#writer.send()
  }

  #fillWindow(source: SyncSource): void {
    const tasks = taskByTask(source, this.#plan.batch, this.#isWanted)
    while (this.#input === 'reading' && !this.#isOver) {
      const room = this.#window.room(this.#chunks.inFlight, this.#plan.sink.unread, this.#chunks.bytes)
      if (room < 1) break
      const size = this.#nextSize()
      if (size * this.#batch > room) break
      this.#fillChunk(size, tasks)
    }
  }

  /** The most tasks of the next chunk. */
  #nextSize(): number {
    const { source, size } = this.#plan
    const { remaining } = source
    const tasks = remaining === undefined ? undefined : Math.ceil(remaining / this.#batch)
    return Math.min(size.next(tasks), this.#window.chunkLimit)
  }

  /** Makes one chunk of up to `size` tasks. Tasks that cannot be sent fail alone. */
  #fillChunk(size: number, tasks: ItemSource): void {
    const end = this.#writer.fill(size, tasks)
    if (end.how === 'thrown') this.abort(end.error, false)
    if (end.how === 'ended' && this.#input === 'reading') this.#input = 'ended'
    if (end.how === 'failed') this.#fail(end.index, end.failed, end.error)
    // A worker can begin these while the next ones are encoded.
    if (this.#writer.bytes >= SEND_BYTES) this.#writer.send()
  }

  /** Takes items of an asynchronous input, one at a time, while there is room. */
  async #gather(): Promise<void> {
    const { source } = this.#plan
    if (this.#isGathering || !source.isAsync) return
    this.#isGathering = true
    try {
      while (this.#input === 'reading' && !this.#isOver) {
        const unread = this.#plan.sink.unread + this.#gathered.length
        if (this.#window.room(this.#chunks.inFlight, unread, this.#chunks.bytes) < 1) break
        const step = await source.next()
        if (this.#isOver) break
        if (step.done === true) {
          if (this.#input === 'reading') this.#input = 'ended'
          break
        }
        this.#gathered.push(step.value)
        if (this.#gathered.length >= this.#nextSize() * this.#batch) this.#sendGathered()
        else this.#sendGatheredSoon()
      }
    } catch (error) {
      this.abort(error, false)
    }
    this.#isGathering = false
    if (this.#input !== 'reading') this.#guard(() => this.#sendGathered())
    this.#finishIfDone()
  }

  /** Sends the gathered items, so that they do not wait for a slow input to fill the chunk. */
  #sendGatheredSoon(): void {
    const { size, batch, isOrderTasks } = this.#plan
    if (this.#isFlushDue || (!size.isFlexible && (batch === undefined || isOrderTasks))) return
    this.#isFlushDue = true
    setImmediate(() => {
      this.#isFlushDue = false
      this.#guard(() => this.#sendGathered())
      // The items could not be sent, so no outcome will come that would continue the call.
      this.advance()
    })
  }

  #sendGathered(): void {
    if (this.#gathered.length === 0 || this.#isOver) return
    const items = new ListSource(this.#gathered)
    this.#gathered = []
    const tasks = taskByTask(items, this.#plan.batch, this.#isWanted)
    while (items.left > 0 && !this.#isOver) this.#fillChunk(Math.ceil(items.left / this.#batch), tasks)
    this.#writer.send()
  }

  /** Fails `count` items with the same error. */
  #fail(index: number, count: number, error: unknown): void {
    if (this.#isOver) return
    const failure = this.#plan.site.withStack(error)
    for (let offset = 0; offset < count && !this.#isOver; offset++) {
      const next = this.#plan.sink.failure(index + offset, failure)
      if (next === 'end') this.drop(false)
      if (next === 'drain' && this.#input === 'reading') {
        this.#input = 'ended'
        closeQuietly(this.#plan.source)
        this.#gathered = []
      }
    }
  }

  #finishIfDone(): void {
    if (this.#isOver || this.#input === 'reading' || this.#chunks.inFlight > 0 || this.#gathered.length > 0) return
    this.#isOver = true
    if (this.#input === 'ended') this.#plan.sink.end()
    else this.#plan.sink.stopped(this.#plan.site.withStack(new PoolClosedError()))
    this.#plan.onEnd(this)
  }

  /** Fails the call as a whole, after the results that have arrived. */
  #stop(error: unknown): void {
    this.#plan.sink.stopped(this.#plan.site.withStack(error))
    this.drop(false)
  }

  /** Ends the call before its tasks have ended. */
  #end(stop: Stop | undefined): void {
    this.#isOver = true
    closeQuietly(this.#plan.source)
    this.#gathered = []
    try {
      if (this.#chunks.inFlight > 0) this.#plan.backend.cancel(this.#plan.id, stop)
    } finally {
      this.#plan.onEnd(this)
    }
  }
}
