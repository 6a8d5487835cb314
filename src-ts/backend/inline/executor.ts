import { types } from 'node:util'

import { TaskFunctionError } from '../../errors/index.js'
import { afterwards, clearTimeout, Error, setTimeout, Uint8Array } from '../../primordials.js'
import {
  BEGIN,
  BEGUN,
  DONE,
  MemoryLimit,
  Outbox,
  type Recorder,
  type Resolved,
  Runner,
  STOP_CHUNK,
  STOP_WORKER,
  TaskCancellation,
  type TaskFunctions,
  TaskInvoker,
  type WorkerLife,
  YIELD
} from '../../worker/index.js'
import type { InlineChunk } from './chunk-queue.js'
import { HeldRegions } from './held-regions.js'
import type { Pace } from './pace.js'
import { type InlineTask, runAs } from './task-scope.js'

/** The settings of an executor. */
export interface ExecutorSettings {
  /** Identifies the pool of a task. */
  readonly backend: object
  readonly isDaemonic: boolean
  readonly functions: TaskFunctions
  /** The most milliseconds that the function of a chunk may take to load. */
  readonly loadTimeoutMs: number
  readonly life: WorkerLife
  /** The most milliseconds that a setup may take, or 0 for no limit. */
  setupLimit(setup: number): number
  readonly pace: Pace
  readonly recorder?: Recorder
}

/** Receives the outcomes of a chunk. */
export interface ExecutorListener {
  /** Whether the next task of the chunk may begin. */
  goesOn(): boolean
  /** Tasks have ended. The outcomes are frames, as a worker sends them. */
  outcomes(frames: Uint8Array, length: number): void
  /** The chunk has ended, perhaps before its last task. */
  ended(): void
}

const NO_REASON = new Uint8Array(0)

/** Runs chunks in this process, one at a time, by the code that runs them in a worker. */
export class Executor {
  readonly #settings: ExecutorSettings
  readonly #listener: ExecutorListener
  readonly #cancellation = new TaskCancellation(() => undefined)
  readonly #outbox: Outbox
  readonly #runner: Runner
  #isDead = false
  /** The function of the chunk is being loaded. */
  #load: object | undefined
  #seq = 0
  #task: InlineTask | undefined

  constructor(settings: ExecutorSettings, listener: ExecutorListener) {
    this.#settings = settings
    this.#listener = listener
    const beginTask = (): number => (this.#isDead ? STOP_WORKER : listener.goesOn() ? BEGIN : STOP_CHUNK)
    const note = (): void => undefined
    const beginFirstTask = (): number => (this.#isDead ? STOP_WORKER : BEGIN)
    const claims = { beginFirstTask, beginTask, noteBegin: note, noteLoading: note, noteSetup: note }
    const send = (frames: Uint8Array, length: number): void => {
      if (!this.#isDead) listener.outcomes(frames, length)
    }
    this.#outbox = new Outbox(send, new MemoryLimit(undefined), undefined, undefined, new HeldRegions())
    const isolation = { isNeeded: true, run: <T>(act: () => T): T => runAs(this.#enterTask(), act) }
    const invoker = new TaskInvoker(this.#cancellation, isolation, 0, settings.life)
    // The runner yields after each task, so that promises and timers of earlier tasks run.
    const slice = { isOverAfterTask: () => true, mayWaitUs: -1 }
    const resume = (): void => settings.pace.soon(this.#goOn)
    this.#runner = new Runner(claims, this.#outbox, slice, this.#cancellation, invoker, resume, {
      current: settings.recorder
    })
  }

  /** Whether the function of the chunk is being loaded. */
  get isLoading(): boolean {
    return this.#load !== undefined
  }

  /** Begins a chunk, after the previous one has ended. */
  start({ header, payload, from }: InlineChunk): void {
    const { functions, life } = this.#settings
    const { count, definition, flags, setup } = header
    const frame = { seq: ++this.#seq, firstTask: 0, from, count, definition, flags }
    life.use(setup)
    const { isReady } = life
    const begun = this.#runner.begin(frame, isReady, functions.isResolved(definition))
    if (begun !== BEGUN) {
      this.#settle(begun)
      return
    }
    if (!isReady) {
      void this.#setUp(setup, definition, payload)
      return
    }
    this.#loadAndRun(definition, payload)
  }

  async #setUp(setup: number, definition: number, payload: Uint8Array): Promise<void> {
    const load = {}
    this.#load = load
    const isCurrent = (): boolean => !this.#isDead && this.#load === load
    const fail = (error: unknown): void => {
      if (!isCurrent()) return
      this.#load = undefined
      this.#runner.failSetup(error)
      this.#goOn()
    }
    const limit = this.#settings.setupLimit(setup)
    const late = (): void => fail(new Error(`it did not end within ${limit} ms (workerInitTimeout)`))
    const timer = limit === 0 ? undefined : setTimeout(late, limit)
    try {
      await this.#settings.life.enter()
    } catch (error) {
      fail(error)
      return
    } finally {
      clearTimeout(timer)
    }
    if (!isCurrent()) return
    this.#load = undefined
    this.#runner.endSetup()
    this.#loadAndRun(definition, payload)
  }

  #loadAndRun(definition: number, payload: Uint8Array): void {
    const { functions } = this.#settings
    const resolved = functions.resolve(definition)
    if (types.isPromise(resolved)) this.#await(resolved, payload)
    else {
      this.#runner.start(payload, resolved)
      this.#goOn()
    }
  }

  /** Aborts the signal of the running task. `reason` is encoded, or empty. */
  tell(reason: Uint8Array = NO_REASON): void {
    this.#cancellation.cancel(this.#seq, reason)
  }

  /** Ends this executor. The running task cannot be stopped. Its outcome is ignored. */
  kill(): void {
    this.#isDead = true
  }

  #await(loading: Promise<Resolved>, payload: Uint8Array): void {
    const load = {}
    this.#load = load
    const start = (resolved: Resolved): void => {
      clearTimeout(timer)
      if (this.#isDead || this.#load !== load) return
      this.#load = undefined
      this.#runner.start(payload, resolved)
      this.#goOn()
    }
    const { loadTimeoutMs } = this.#settings
    const isLate = (): void => {
      const message = `the function was not loaded within ${loadTimeoutMs} ms (workerStartTimeout)`
      start({ failure: new TaskFunctionError(message) })
    }
    const timer = setTimeout(isLate, loadTimeoutMs).unref()
    void afterwards(loading, start)
  }

  readonly #goOn = (): void => {
    if (!this.#isDead) this.#settle(this.#runner.run())
  }

  /** @param state The state of the chunk, from the runner. */
  #settle(state: number): void {
    if (state === YIELD) this.#settings.pace.soon(this.#goOn)
    if (state !== DONE || this.#isDead) return
    this.#outbox.flush()
    if (!this.#isDead) this.#listener.ended()
  }

  #enterTask(): InlineTask {
    const { backend, isDaemonic } = this.#settings
    const task: InlineTask = {
      backend,
      isDaemonic,
      inner: undefined,
      context: () => (this.#task === task ? this.#runner.current() : undefined)
    }
    this.#task = task
    return task
  }
}
