import type { Backend, BackendListener, Batch, OutcomeListener } from './backend.js'
import { RawPool, type RawPoolOptions } from './binding.js'
import type { Writer } from './codec/writer.js'
import type { FunctionDefinition } from './functions/resolve.js'
import { Definitions } from './native-definitions.js'
import { NativeBatch, type Submit } from './native-batch.js'
import { type RecordHandler, Records } from './native-records.js'
import type { PoolStats, WorkerInfo } from './types.js'

/** The backend of worker processes on this machine. */
export class NativeBackend implements Backend {
  readonly #raw: RawPool
  readonly #definitions: Definitions
  readonly #records: Records
  readonly #writers: Writer[] = []
  readonly #submit: Submit = (bytes, length) => this.#raw.submit(bytes, length)

  constructor(options: RawPoolOptions, listener: BackendListener) {
    this.#raw = new RawPool(options, () => this.#records.collect(), process.versions['bun'] === undefined)
    this.#definitions = new Definitions(this.#raw)
    const handler: RecordHandler = { listener, find: (call): OutcomeListener | undefined => listener.find(call) }
    this.#records = new Records((into) => this.#raw.collect(into), handler)
  }

  define(definition: FunctionDefinition): number {
    return this.#definitions.idOf(definition)
  }

  open(): Batch {
    return new NativeBatch(this.#submit, this.#writers)
  }

  cancel(call: number, kill: boolean): void {
    this.#raw.cancel(call, kill)
  }

  close(): void {
    this.#raw.close()
  }

  terminate(): void {
    this.#raw.terminate()
  }

  get stats(): PoolStats {
    return this.#raw.stats()
  }

  get workers(): readonly WorkerInfo[] {
    return this.#raw.workers() as WorkerInfo[]
  }
}
