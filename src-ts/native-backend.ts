import type { Backend, BackendListener, Batch } from './backend.js'
import { RawPool, type RawPoolOptions } from './binding.js'
import type { Writer } from './codec/writer.js'
import { WorkerStartError } from './errors.js'
import type { FunctionDefinition } from './functions/resolve.js'
import { Definitions } from './native-definitions.js'
import { NativeBatch, type Submit } from './native-batch.js'
import { Records } from './native-records.js'
import type { PoolStats, WorkerInfo } from './types.js'

/** The backend of worker processes on this machine. */
export class NativeBackend implements Backend {
  readonly #raw: RawPool
  readonly #definitions: Definitions
  readonly #records: Records
  readonly #writers: Writer[] = []
  readonly #submit: Submit = (bytes, length) => this.#raw.submit(bytes, length)
  /** Counts as they were when the pool had closed; nothing of it is left then. */
  #lastStats: PoolStats | undefined

  constructor(options: RawPoolOptions, listener: BackendListener) {
    this.#raw = openPool(options, () => this.#records.collect())
    this.#definitions = new Definitions(this.#raw)
    const closed = (): void => {
      this.#definitions.close()
      this.#lastStats = this.#raw.stats()
      listener.closed()
    }
    this.#records = new Records((into) => this.#collect(into), { ...listener, closed })
  }

  define(definition: FunctionDefinition): number {
    return this.#definitions.idOf(definition)
  }

  defineForCall(definition: FunctionDefinition | Promise<FunctionDefinition>): number {
    return this.#definitions.open(definition)
  }

  release(definition: number): void {
    this.#definitions.release(definition)
  }

  open(): Batch {
    return new NativeBatch(this.#submit, this.#writers, this.#definitions)
  }

  cancel(call: number, kill: boolean): void {
    this.#definitions.cancel(call)
    if (!this.#hasClosed) this.#raw.cancel(call, kill)
  }

  close(): void {
    if (!this.#hasClosed) this.#raw.close()
  }

  terminate(): void {
    this.#definitions.close()
    if (!this.#hasClosed) this.#raw.terminate()
  }

  get stats(): PoolStats {
    return this.#lastStats ?? this.#raw.stats()
  }

  get workers(): readonly WorkerInfo[] {
    return this.#hasClosed ? [] : (this.#raw.workers() as WorkerInfo[])
  }

  get #hasClosed(): boolean {
    return this.#lastStats !== undefined
  }

  /** The last record is that of the end. */
  #collect(into: Uint8Array): number {
    if (!this.#hasClosed) return this.#raw.collect(into)
    this.#raw.release()
    return 0
  }
}

function openPool(options: RawPoolOptions, collect: () => void): RawPool {
  try {
    return new RawPool(options, collect, process.versions['bun'] === undefined)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new WorkerStartError(`workers cannot start: ${reason}`, { cause: error })
  }
}
