import type { Backend, BackendListener, Batch, SetupDefinition, Stop } from '../index.js'
import { Definitions } from '../definitions.js'
import { filterStacks, Reader, readValue, Writer, writeValue } from '../../codec/index.js'
import type { FunctionDefinition } from '../../functions/index.js'
import { afterwards, Map, process, Set, promiseOf, setImmediate } from '../../primordials.js'
import type { PoolStats, WorkerInfo } from '../../types/index.js'
import { Recorder, TaskFunctions, withoutFramesOf, WorkerLife } from '../../worker/index.js'
import { ownPlaces } from './own-places.js'
import { type InlineChunk, isLoad } from './chunk-queue.js'
import type { ExecutorSettings } from './executor.js'
import { InlineBatch } from './inline-batch.js'
import { Lane } from './lane.js'
import { Pace } from './pace.js'
import { TaskCounts } from './task-counts.js'
import { provideInlineTasks, runLife, runningTask, runOutside } from './task-scope.js'

/** The back end of a pool with `nJobs: 0`. It runs the tasks in this process, one at a time. */
export class InlineBackend implements Backend {
  readonly workers: readonly WorkerInfo[] = []
  readonly #listener: BackendListener
  readonly #settings: ExecutorSettings
  readonly #definitions: Definitions
  readonly #life: WorkerLife
  /** Milliseconds for each setup, or 0 for no limit. */
  readonly #setupLimits = new Map<number, number>()
  /** Functions to be forgotten when no chunk needs them. */
  readonly #unused = new Set<number>()
  readonly #counts = new TaskCounts()
  readonly #lanes = new Set<Lane>()
  readonly #main: Lane
  /** Resolves when the exit functions of earlier lives have ended. */
  #left: Promise<void> = promiseOf(undefined)
  #isClosing = false
  #isTerminated = false
  #hasClosed = false

  /** @param figures Where the tasks are noted, for insights. */
  constructor(listener: BackendListener, isDaemonic: boolean, loadTimeoutMs: number, figures?: ArrayBuffer) {
    this.#listener = listener
    const functions = new TaskFunctions()
    const run = <T>(act: () => T): T => runLife({ backend: this, isDaemonic }, act)
    this.#life = new WorkerLife(functions, 0, { run }, false)
    const setupLimit = (setup: number): number => this.#setupLimits.get(setup) ?? 0
    const pace = new Pace()
    this.#settings = { backend: this, isDaemonic, loadTimeoutMs, functions, life: this.#life, setupLimit, pace }
    this.#definitions = new Definitions({
      define: (id, bytes, regions) => functions.define(id, bytes, regions),
      defineSetup: (id, bytes, _needs, limit) => {
        functions.define(id, bytes)
        this.#setupLimits.set(id, limit ?? 0)
      },
      forget: (id) => {
        this.#unused.add(id)
        this.#forgetUnused()
      }
    })
    this.#main = this.#openLane(figures && new Recorder(figures, 0, process.pid, 0))
    provideInlineTasks()
    filterStacks(withoutFramesOf(ownPlaces))
  }

  define(definition: FunctionDefinition): number {
    return this.#definitions.idOf(definition)
  }

  defineForCall(definition: FunctionDefinition): number {
    return this.#definitions.open(definition)
  }

  release(definition: number): void {
    this.#definitions.release(definition)
  }

  defineSetup(setup: SetupDefinition): number {
    return this.#definitions.openSetup(setup)
  }

  releaseSetup(setup: number): void {
    this.#setupLimits.delete(setup)
    this.#definitions.releaseSetup(setup)
  }

  open(): Batch {
    return new InlineBatch((chunks) => this.#submit(chunks))
  }

  cancel(call: number, stop?: Stop): void {
    if (this.#isTerminated) return
    for (const lane of this.#lanes) lane.cancel(call, stop)
  }

  hasRoom(limit: number): boolean {
    return this.#isTerminated || this.#main.hasRoom(limit)
  }

  resize(): Promise<void> {
    // The options of `resize` are refused for a pool without workers.
    return promiseOf(undefined)
  }

  recycle(): Promise<void> {
    const before = this.#left
    const left = this.#leave()
    this.#life.begin()
    this.#left = afterwards(left, () => before)
    return left
  }

  leave(): Promise<void> {
    return promiseOf(undefined)
  }

  close(): void {
    this.#isClosing = true
    this.#closeIfIdle()
  }

  terminate(): void {
    this.#isTerminated = true
    this.#isClosing = true
    for (const lane of this.#lanes) lane.terminate()
    this.#closeIfIdle()
  }

  releaseOutput(): void {
    // Tasks write to the streams of this process.
  }

  get stats(): PoolStats {
    let running = 0
    for (const lane of this.#lanes) running += lane.running
    return this.#counts.stats(running)
  }

  worker(): undefined {
    return undefined
  }

  /** Runs the exit functions, unless the pool was terminated. */
  async #leave(): Promise<void> {
    if (this.#isTerminated) return
    await this.#life.leave({
      exitResult: (value) => this.#listener.exitResult(copyOf(value)),
      exitError: (cause) => {
        const worker = { workerId: 0, pid: process.pid, exitCode: null, signal: null, timeout: null }
        this.#listener.exitFailed({ ...worker, cause, hasThrown: true })
      }
    })
  }

  #submit(chunks: readonly InlineChunk[]): void {
    const [first] = chunks
    if (this.#isTerminated || first === undefined) return
    for (const { header } of chunks) if (!isLoad(header)) this.#counts.submitted += header.count
    this.#laneOf(first.header.call).submit(chunks)
  }

  /** The lane of a call. A call that a task of this pool makes has a lane of its own, because the task may await the call. */
  #laneOf(call: number): Lane {
    for (const lane of this.#lanes) if (lane.has(({ header }) => header.call === call)) return lane
    const task = runningTask()
    if (task?.backend !== this) return this.#main
    task.inner ??= this.#openLane()
    this.#lanes.add(task.inner)
    return task.inner
  }

  /** @param recorder Notes its tasks. Those that a task runs in turn are part of that task. */
  #openLane(recorder?: Recorder): Lane {
    const settings = recorder === undefined ? this.#settings : { ...this.#settings, recorder }
    const lane = new Lane(settings, this.#counts, this.#listener, { ended: (ended) => this.#onEnded(ended) })
    this.#lanes.add(lane)
    return lane
  }

  #onEnded(lane: Lane): void {
    this.#forgetUnused()
    if (!lane.isIdle) return
    if (lane !== this.#main) this.#lanes.delete(lane)
    this.#closeIfIdle()
  }

  #forgetUnused(): void {
    for (const id of this.#unused) {
      const isUsed = (lane: Lane): boolean => lane.has(({ header }) => header.definition === id)
      if ([...this.#lanes].some(isUsed)) continue
      this.#unused.delete(id)
      this.#settings.functions.forget(id)
    }
  }

  #closeIfIdle(): void {
    if (!this.#isClosing || this.#hasClosed || ![...this.#lanes].every((lane) => lane.isIdle)) return
    this.#hasClosed = true
    this.#definitions.close()
    const closed = (): void => this.#listener.closed()
    runOutside(() => setImmediate(() => void afterwards(this.recycle(), () => afterwards(this.#left, closed))))
  }
}

/** A copy as it arrives from a worker. */
function copyOf(value: unknown): unknown {
  const [writer, reader] = [new Writer(), new Reader()]
  writeValue(writer, value, () => 'result')
  reader.reset(writer.bytes, 0, writer.length)
  return readValue(reader)
}
