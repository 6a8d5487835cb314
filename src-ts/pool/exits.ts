import { type LifeFailure, withCallerStack, WorkerExitError } from '../errors/index.js'

/** What the exit functions of workers have returned and thrown. */
export class Exits {
  readonly #results: unknown[] = []
  readonly #tell: (error: WorkerExitError) => void
  #isJoining = false
  #error: WorkerExitError | undefined

  /** @param tell Tells an error that nobody waits for. */
  constructor(tell: (error: WorkerExitError) => void) {
    this.#tell = tell
  }

  /** The results so far, in the order in which they came. */
  get results(): readonly unknown[] {
    return [...this.#results]
  }

  add(result: unknown): void {
    this.#results.push(result)
  }

  fail(failure: LifeFailure): void {
    const error = withCallerStack(new WorkerExitError(failure))
    // Only one error can be thrown.
    if (this.#isJoining && this.#error === undefined) this.#error = error
    else this.#tell(error)
  }

  /** From now on somebody waits for the first error. */
  join(): void {
    this.#isJoining = true
  }

  /** @throws the first error since `join` */
  throwFirst(): void {
    if (this.#error !== undefined) throw this.#error
  }
}
