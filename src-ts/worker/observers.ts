import { Float64Array, process } from '../primordials.js'
import { type ChunkTrace, chunkTrace, LOAD, traceBytes, workersOf } from '../protocol/index.js'
import { Tracer } from './tracer.js'

/** What an observer asks about the task that has ended. */
export interface EndedTask {
  /** The index of its item, or of the first item of its batch. */
  readonly index: number
  /** The number of items of its batch, if it is one. */
  readonly batchCount: number | undefined
  /** The index of the item after it. */
  readonly nextIndex: number
  /** Its item as text. */
  text(): string | undefined
}

/** What an observer asks about a chunk whose first task begins. */
export interface OpenedChunk {
  /** When the parent has made the chunk, if the chunk says so. */
  readonly madeAt: number | undefined
  /** The tasks that are to be run. */
  readonly tasks: number
  /** Whether a failure ends it. */
  readonly endsWithFailure: boolean
  /** The index of the first item that is to be run. */
  readonly nextIndex: number
}

/** Is told what this worker does. */
export interface TaskObserver {
  /** This worker sets itself up for a chunk, or, if that is done, loads its function. */
  beginSetUp(isInit: boolean): void
  /** It is set up, and loads the function. */
  loads(): void
  /** It could not be set up, and the chunk has ended. */
  failSetUp(): void
  /**
   * The function of a chunk is there.
   * @param isTask False if it was only loaded.
   */
  openChunk(isTask: boolean, chunk: OpenedChunk): void
  /** Tasks go on. */
  resume(): void
  /** Nothing runs from the end of the last task on. `isOver`: the chunk has ended. */
  pause(isOver: boolean): void
  /** A task has ended. */
  taskEnded(isFailure: boolean, task: EndedTask): void
}

/** Tells two. */
class Both implements TaskObserver {
  readonly #one: TaskObserver
  readonly #other: TaskObserver

  constructor(one: TaskObserver, other: TaskObserver) {
    this.#one = one
    this.#other = other
  }

  beginSetUp(isInit: boolean): void {
    this.#one.beginSetUp(isInit)
    this.#other.beginSetUp(isInit)
  }

  loads(): void {
    this.#one.loads()
    this.#other.loads()
  }

  failSetUp(): void {
    this.#one.failSetUp()
    this.#other.failSetUp()
  }

  openChunk(isTask: boolean, chunk: OpenedChunk): void {
    this.#one.openChunk(isTask, chunk)
    this.#other.openChunk(isTask, chunk)
  }

  resume(): void {
    this.#one.resume()
    this.#other.resume()
  }

  pause(isOver: boolean): void {
    this.#one.pause(isOver)
    this.#other.pause(isOver)
  }

  taskEnded(isFailure: boolean, task: EndedTask): void {
    this.#one.taskEnded(isFailure, task)
    this.#other.taskEnded(isFailure, task)
  }
}

const { pid } = process

/** Who is told what this worker does: the recorder of insights, a tracer, both or nobody. */
export class Observers {
  current: TaskObserver | undefined
  readonly #recorder: TaskObserver | undefined
  readonly #worker: number
  readonly #fetchRegion: (id: number, bytes: number) => ArrayBuffer
  /** The first region of the trace, or 0. */
  #region = 0
  #tracer: Tracer | undefined

  constructor(
    recorder: TaskObserver | undefined,
    worker: number,
    fetchRegion: (id: number, bytes: number) => ArrayBuffer
  ) {
    this.current = recorder
    this.#recorder = recorder
    this.#worker = worker
    this.#fetchRegion = fetchRegion
  }

  /** Begins or ends to trace, as the chunk says that is about to begin. */
  follow(payload: Uint8Array, flags: number): void {
    // Such a chunk has no items, and says nothing.
    if ((flags & LOAD) !== 0) return
    const trace = chunkTrace(payload)
    const region = trace?.region ?? 0
    if (region !== this.#region) {
      this.#region = region
      this.#tracer = trace === undefined ? undefined : this.#open(trace)
      const tracer = this.#tracer
      const recorder = this.#recorder
      this.current = tracer === undefined || recorder === undefined ? (tracer ?? recorder) : new Both(recorder, tracer)
    }
    if (this.#tracer !== undefined && trace !== undefined) this.#tracer.name = trace.name
  }

  #open({ region, rows }: ChunkTrace): Tracer | undefined {
    try {
      let memory = this.#fetchRegion(region, traceBytes(rows))
      let at = 0
      while (this.#worker >= workersOf(rows, at + 1).first) at++
      const { first, count } = workersOf(rows, at)
      if (at > 0) memory = this.#fetchRegion(new Float64Array(memory)[at] ?? 0, traceBytes(count))
      return new Tracer(memory, this.#worker - first, count, pid)
    } catch {
      // The trace has ended by now, or this process may not have one more descriptor. The work goes on.
      return undefined
    }
  }
}
