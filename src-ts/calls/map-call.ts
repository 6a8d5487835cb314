import type { OutcomeListener, Stop } from '../backend/index.js'
import { type Reader, readResults, unreadable } from '../codec/index.js'
import { Array, Math, setImmediate } from '../primordials.js'
import { PoolClosedError, WorkerStartError } from '../errors/index.js'
import type { Call } from './call.js'
import { ChunkTable } from './chunk-table.js'
import { ChunkWriter } from './chunk-writer.js'
import type { MapPlan } from './map-plan.js'
import { Window } from './window.js'

/** Chunks are handed over together up to this size. */
const SEND_BYTES = 16 * 1024

/** One call of the map family: pulls items, sends chunks, and gives what comes back to its sink. */
export class MapCall implements Call, OutcomeListener {
  readonly #plan: MapPlan
  readonly #window: Window
  readonly #chunks = new ChunkTable()
  readonly #writer: ChunkWriter
  /** `reading`: the input may have more; `ended`: it has not; `stopped`: it was not asked any further. */
  #input: 'reading' | 'ended' | 'stopped' = 'reading'
  #isOver = false
  #isFilling = false
  /** Items of an asynchronous input that make up the next chunk. */
  #gathered: unknown[] = []
  #isGathering = false
  #isFlushDue = false

  constructor(plan: MapPlan) {
    this.#plan = plan
    const isAcceptedWhole = !plan.isLazy && !plan.source.isAsync && plan.source.isList
    this.#window = new Window(plan.nJobs, plan.size, plan.maxTasksActive, isAcceptedWhole, plan.limits.lifespan)
    this.#writer = new ChunkWriter(plan, this.#chunks, () => !this.#isOver)
  }

  get id(): number {
    return this.#plan.id
  }

  /** Takes as many items as the window lets it; call it again when results were taken. */
  advance(): void {
    if (this.#isOver || this.#isFilling) return
    this.#isFilling = true
    this.#guard(() => {
      if (this.#plan.source.isAsync) void this.#gather()
      else this.#fill()
    })
    this.#isFilling = false
    this.#finishIfDone()
  }

  /** Whatever fails in a step of the call ends it. */
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
    this.#closeSource()
    this.#guard(() => this.#sendGathered())
    this.#finishIfDone()
  }

  abort(error: unknown, kill: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#plan.sink.abort(this.#plan.site.place(error))
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
    reader: Reader
  ): void {
    if (this.#isOver) return
    const index = this.#chunks.indexOf(chunk, first)
    this.#chunks.settle(chunk, count, isLast)
    this.#plan.size.learn(count, elapsedUs)
    if (isFailure) {
      this.#fail(index, this.#plan.site.readFailure(reader))
      return
    }
    const read = readResults(reader, count, (offset, value) => this.#plan.sink.value(index + offset, value))
    for (let offset = read; offset < count && !this.#isOver; offset++) this.#fail(index + offset, unreadable())
  }

  lost(
    chunk: number,
    first: number,
    count: number,
    error: (index: number) => Error,
    culprit: number | undefined
  ): void {
    const base = this.#chunks.indexOf(chunk, 0)
    // The task that was running is to blame, not those before it whose results went down with it.
    const offsets = Array.from({ length: count }, (_, offset) => first + offset)
    if (culprit !== undefined) offsets.reverse()
    this.#chunks.settle(chunk, count, false)
    for (const offset of offsets) {
      if (this.#isOver) return
      const failure = error(base + offset)
      if (this.#plan.endsWithoutWorkers && failure instanceof WorkerStartError) this.#stop(failure)
      else this.#fail(base + offset, failure)
    }
  }

  settle(): void {
    this.advance()
  }

  #fill(): void {
    const { source } = this.#plan
    if (source.isAsync) return
    const next = (): IteratorResult<unknown, unknown> => source.next()
    while (this.#input === 'reading' && !this.#isOver) {
      const room = this.#window.room(this.#chunks.inFlight, this.#plan.sink.held, this.#writer.bytes)
      if (room < 1) break
      const size = Math.min(this.#plan.size.next(source.remaining), this.#window.chunkLimit)
      if (size > room) break
      this.#fillChunk(size, next)
    }
    this.#writer.send()
  }

  /** One chunk of up to `size` items; those that cannot be sent fail on their own. */
  #fillChunk(size: number, next: () => IteratorResult<unknown, unknown>): void {
    const end = this.#writer.fill(size, next)
    if (end.how === 'thrown') this.abort(end.error, false)
    if (end.how === 'ended' && this.#input === 'reading') this.#input = 'ended'
    if (end.how === 'failed') this.#fail(end.index, end.error)
    // A worker can begin with these while the next ones are encoded.
    if (this.#writer.bytes >= SEND_BYTES) this.#writer.send()
  }

  /** Takes items of an asynchronous input, one at a time, while there is room. */
  async #gather(): Promise<void> {
    const { source, size } = this.#plan
    if (this.#isGathering || !source.isAsync) return
    this.#isGathering = true
    try {
      while (this.#input === 'reading' && !this.#isOver) {
        const held = this.#plan.sink.held + this.#gathered.length
        if (this.#window.room(this.#chunks.inFlight, held, 0) < 1) break
        const step = await source.next()
        if (this.#isOver) break
        if (step.done === true) {
          if (this.#input === 'reading') this.#input = 'ended'
          break
        }
        this.#gathered.push(step.value)
        if (this.#gathered.length >= Math.min(size.next(source.remaining), this.#window.chunkLimit))
          this.#sendGathered()
        else this.#sendGatheredSoon()
      }
    } catch (error) {
      this.abort(error, false)
    }
    this.#isGathering = false
    if (this.#input !== 'reading') this.#guard(() => this.#sendGathered())
    this.#finishIfDone()
  }

  /** An input that is slow must not keep items waiting for a chunk to fill. */
  #sendGatheredSoon(): void {
    if (!this.#plan.size.isFlexible || this.#isFlushDue) return
    this.#isFlushDue = true
    setImmediate(() => {
      this.#isFlushDue = false
      this.#guard(() => this.#sendGathered())
      // Items that could not be sent have failed: nothing else may come that lets the call go on.
      this.advance()
    })
  }

  #sendGathered(): void {
    if (this.#gathered.length === 0 || this.#isOver) return
    const items = this.#gathered
    this.#gathered = []
    let at = 0
    const next = (): IteratorResult<unknown, unknown> => ({ done: false, value: items[at++] })
    while (at < items.length && !this.#isOver) this.#fillChunk(items.length - at, next)
    this.#writer.send()
  }

  #fail(index: number, error: unknown): void {
    const next = this.#plan.sink.failure(index, this.#plan.site.place(error))
    if (next === 'end') this.drop(false)
    if (next === 'drain' && this.#input === 'reading') {
      this.#input = 'ended'
      this.#closeSource()
      this.#gathered = []
    }
  }

  #finishIfDone(): void {
    if (this.#isOver || this.#input === 'reading' || this.#chunks.inFlight > 0 || this.#gathered.length > 0) return
    this.#isOver = true
    if (this.#input === 'ended') this.#plan.sink.end()
    else this.#plan.sink.stopped(this.#plan.site.place(new PoolClosedError()))
    this.#plan.onEnd(this)
  }

  /** Fails the call as a whole, after the results that are here. */
  #stop(error: unknown): void {
    this.#plan.sink.stopped(this.#plan.site.place(error))
    this.drop(false)
  }

  /** Ends the call before its tasks. */
  #end(stop: Stop | undefined): void {
    this.#isOver = true
    this.#closeSource()
    this.#gathered = []
    try {
      if (this.#chunks.inFlight > 0) this.#plan.backend.cancel(this.#plan.id, stop)
    } finally {
      this.#plan.onEnd(this)
    }
  }

  #closeSource(): void {
    try {
      this.#plan.source.close()
    } catch {
      // The call ends for another reason, which its caller is told; what the input's return() throws comes after it.
    }
  }
}
