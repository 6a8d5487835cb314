import type { TaskCallable } from '../functions/instantiate/index.js'
import { AbortController, JSON, Map, Set } from '../primordials.js'
import { type PackedSetup, setPhase } from '../protocol/index.js'
import type { TaskContext } from '../types/index.js'
import type { Isolation } from './isolation.js'
import type { TaskFunctions } from './task-functions.js'

/** Receives what exit functions return and throw. */
export interface ExitOutcomes {
  /** @throws what the value cannot be encoded for */
  exitResult(value: unknown): void
  exitError(error: unknown): void
}

const NO_SETUP: PackedSetup = { shared: 0, init: 0, initKey: 0, exit: 0, exitKey: 0 }

/**
 * The life of one worker: the state that its tasks share, the shared objects, what runs before its first task and what runs when it
 * leaves. Each init and each exit runs once, whatever the number of calls that name it.
 */
export class WorkerLife {
  readonly #functions: TaskFunctions
  readonly #workerId: number
  readonly #isolation: Pick<Isolation, 'run'>
  readonly #livesOnce: boolean
  /** One object for all tasks of this worker. */
  state: Record<string, unknown> = {}
  /** The shared objects of the pool, once a setup has brought them. */
  shared: unknown
  #sharedId = 0
  #current = 0
  /** The setups that are done with. */
  readonly #entered = new Set<number>([0])
  readonly #failures = new Map<number, { readonly error: unknown }>()
  readonly #inits = new Set<number>()
  /** In the order in which their calls came. */
  readonly #exits = new Map<number, TaskCallable>()
  #mayHaveExits = false

  /** @param livesOnce Whether nothing comes after its end. */
  constructor(functions: TaskFunctions, workerId: number, isolation: Pick<Isolation, 'run'>, livesOnce: boolean) {
    this.#livesOnce = livesOnce
    this.#functions = functions
    this.#workerId = workerId
    this.#isolation = isolation
  }

  /** The tasks from here on need this setup, or none. */
  use(setup: number): void {
    if (setup !== 0 && setup !== this.#current) this.#mayHaveExits ||= this.#read(setup).exit !== 0
    this.#current = setup
  }

  /** Whether this worker is set up for the next task. */
  get isReady(): boolean {
    return this.#entered.has(this.#current)
  }

  /** Whether the parent waits until the exit functions have run. */
  get mayHaveExits(): boolean {
    return this.#mayHaveExits
  }

  /** Sets this worker up for the next task. A setup that has failed is not tried again: it fails with the same error. */
  async enter(): Promise<void> {
    const setup = this.#current
    const failed = this.#failures.get(setup)
    if (failed !== undefined) throw failed.error
    try {
      await this.#enter(this.#read(setup))
      this.#entered.add(setup)
    } catch (error) {
      this.#failures.set(setup, { error })
      throw error
    }
  }

  async #enter({ shared, init, initKey, exit, exitKey }: PackedSetup): Promise<void> {
    if (shared !== this.#sharedId && shared !== 0) {
      const { call } = await this.#load(shared)
      this.shared = call()
      this.#sharedId = shared
      // Its bytes are as large as the objects, and this worker will not need them again.
      if (this.#livesOnce) this.#functions.forget(shared)
    }
    // It is loaded now, so that a module that is missing is known before anything has run.
    const leaver = exit === 0 || this.#exits.has(exitKey) ? undefined : await this.#load(exit)
    if (init !== 0 && !this.#inits.has(initKey)) {
      const { call } = await this.#load(init)
      await this.#isolation.run(() => call(this.#context()))
      this.#inits.add(initKey)
    }
    if (leaver !== undefined) this.#exits.set(exitKey, leaver)
  }

  /** Runs the exit functions, the last one first. Each runs, whatever becomes of the others. */
  async leave(outcomes: ExitOutcomes): Promise<void> {
    const exits = [...this.#exits.values()].toReversed()
    const context = this.#context()
    this.#exits.clear()
    for (const { call } of exits) {
      try {
        outcomes.exitResult(await this.#isolation.run(() => call(context)))
      } catch (error) {
        outcomes.exitError(error)
      }
    }
  }

  /** Begins again, as a replacement does. */
  begin(): void {
    this.state = {}
    this.shared = undefined
    this.#sharedId = 0
    this.#entered.clear()
    this.#entered.add(0)
    this.#failures.clear()
    this.#inits.clear()
    this.#exits.clear()
  }

  async #load(definition: number): Promise<TaskCallable> {
    setPhase('loading')
    const resolved = await this.#functions.resolve(definition)
    setPhase('running')
    if ('failure' in resolved) throw resolved.failure
    return resolved.callable
  }

  #read(setup: number): PackedSetup {
    const json = this.#functions.jsonOf(setup)
    return json === undefined ? NO_SETUP : (JSON.parse(json) as PackedSetup)
  }

  #context(): TaskContext {
    const { shared, state } = this
    let signal: AbortSignal | undefined
    return {
      workerId: this.#workerId,
      index: 0,
      shared,
      state,
      // Nothing aborts it.
      get signal(): AbortSignal {
        signal ??= new AbortController().signal
        return signal
      }
    }
  }
}
