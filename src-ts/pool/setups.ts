import type { Backend, SetupDefinition, SetupFunction } from '../backend/index.js'
import { type FunctionDefinition, prepareShared, type prepareFunction } from '../functions/index.js'
import type { LifeSettings } from '../options/index.js'
import { Buffer, Map, process } from '../primordials.js'

/** The most setups that are kept. The one that was made first is dropped. Calls that name it keep it. */
const KEPT = 64

/** What the workers do before their first task and when they leave, for the calls that name it. */
export class Setup {
  readonly #definition: SetupDefinition
  readonly #backend: () => Backend
  #id: number | undefined
  #calls = 0
  #isDropped = false
  /** What messages call it. */
  readonly what: string

  constructor(definition: SetupDefinition, backend: () => Backend) {
    const { init, shared } = definition
    this.#definition = definition
    this.#backend = backend
    this.what = init !== undefined ? 'workerInit' : shared !== undefined ? 'sharedObjects' : 'workerExit'
  }

  /** Its current number. It changes when a worker has failed, so that later calls try again. */
  id(): number {
    this.#id ??= this.#backend().defineSetup(this.#definition)
    return this.#id
  }

  /** Whether this is its current number. */
  has(id: number): boolean {
    return this.#id === id
  }

  /** A worker has failed. The calls that name it have ended, and later ones name another number. */
  renew(): void {
    if (this.#id !== undefined) this.#backend().releaseSetup(this.#id)
    this.#id = undefined
  }

  /** A call that names it has begun. */
  use(): void {
    this.#calls++
  }

  /** A call that names it has ended. */
  unuse(): void {
    this.#calls--
    this.#releaseIfUnused()
  }

  /** No further call will name it. */
  drop(): void {
    this.#isDropped = true
    this.#releaseIfUnused()
  }

  #releaseIfUnused(): void {
    if (this.#isDropped && this.#calls === 0) this.renew()
  }
}

/** The setups of a pool. Calls that ask for the same have the same one. */
export class Setups {
  readonly #prepare: typeof prepareFunction
  readonly #backend: () => Backend
  readonly #defaults: LifeSettings
  readonly #sharedObjects: unknown
  #shared: FunctionDefinition | undefined
  readonly #kept = new Map<string, Setup>()
  /** The functions of the pool itself, whose variables are read once. */
  readonly #own = new Map<unknown, SetupFunction>()
  #usual: Setup | undefined

  /** @param defaults The functions of the pool. */
  constructor(prepare: typeof prepareFunction, backend: () => Backend, defaults: LifeSettings, sharedObjects: unknown) {
    this.#prepare = prepare
    this.#backend = backend
    this.#defaults = defaults
    this.#sharedObjects = sharedObjects
  }

  /**
   * The setup of a call, or undefined if its workers have nothing to do but its tasks.
   * @throws TaskFunctionError for a function, or a shared object, that cannot be sent
   */
  of(settings: LifeSettings): Setup | undefined {
    const { workerInit, workerExit, workerInitTimeout = 0, workerExitTimeout } = settings
    const hasFunction = workerInit !== undefined || workerExit !== undefined
    if (!hasFunction && this.#sharedObjects === undefined) return undefined
    const isUsual = this.#isUsual(settings)
    if (isUsual && this.#usual !== undefined) return this.#usual
    if (this.#sharedObjects !== undefined) this.#shared ??= prepareShared(this.#sharedObjects)
    const init = this.#functionOf(workerInit)
    const exit = this.#functionOf(workerExit)
    const key = `${init?.key} ${exit?.key} ${workerInitTimeout} ${workerExitTimeout}`
    let setup = this.#kept.get(key)
    if (setup === undefined) {
      const times = { initTimeoutMs: workerInitTimeout, exitTimeoutMs: workerExitTimeout }
      setup = new Setup({ shared: this.#shared, init, exit, ...times }, this.#backend)
      this.#keep(key, setup)
    }
    if (isUsual) this.#usual = setup
    return setup
  }

  /** A worker has failed at the setup of this number. */
  renew(id: number): void {
    for (const setup of this.#kept.values()) if (setup.has(id)) setup.renew()
  }

  /** Whether a call names exactly what the pool itself names. */
  #isUsual({ workerInit, workerExit, workerInitTimeout, workerExitTimeout }: LifeSettings): boolean {
    const usual = this.#defaults
    return (
      workerInit === usual.workerInit &&
      workerExit === usual.workerExit &&
      workerInitTimeout === usual.workerInitTimeout &&
      workerExitTimeout === usual.workerExitTimeout
    )
  }

  #keep(key: string, setup: Setup): void {
    this.#kept.set(key, setup)
    for (const [old, other] of this.#kept) {
      if (this.#kept.size <= KEPT) return
      if (other === this.#usual || other === setup) continue
      this.#kept.delete(old)
      other.drop()
    }
  }

  #functionOf(fn: unknown): SetupFunction | undefined {
    if (fn === undefined) return undefined
    const isOwn = fn === this.#defaults.workerInit || fn === this.#defaults.workerExit
    const known = isOwn ? this.#own.get(fn) : undefined
    if (known !== undefined) return known
    const definition = this.#prepare(fn)
    const made = { key: keyOf(definition), definition }
    if (isOwn) this.#own.set(fn, made)
    return made
  }
}

/** A text that is the same for functions of the same source with equal captured values. */
function keyOf({ json, data }: FunctionDefinition): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(Buffer.from(json)).update(' ').update(data).digest('base64')
}
