import type { Backend, BackendListener, Batch, SetupDefinition, Stop } from '../index.js'
import { RawPool, type RawPoolOptions } from '../../binding.js'
import type { Writer } from '../../codec/index.js'
import { WorkerStartError } from '../../errors/index.js'
import type { FunctionDefinition } from '../../functions/index.js'
import { encodeReason } from '../abort-reason.js'
import { Blocks } from './blocks.js'
import { Definitions } from '../definitions.js'
import { NativeBatch, type Submit } from './batch.js'
import { Records } from './records.js'
import { Error, Math, Object, String, Uint8Array, process, promiseOf } from '../../primordials.js'
import { hasClosed, leaveAtProgramEnd } from './program-end.js'
import { Recycling } from './recycling.js'
import { Resizes } from './resizes.js'
import type { PoolStats, WorkerInfo } from '../../types/index.js'

const NO_BYTES = new Uint8Array(0)

/** The back end of worker processes on this machine. */
export class NativeBackend implements Backend {
  readonly #raw: RawPool
  readonly #definitions: Definitions
  readonly #records: Records
  readonly #blocks: Blocks
  readonly #writers: Writer[] = []
  readonly #submit: Submit = (bytes, length) => this.#raw.submit(bytes, length)
  /** The last counts, once the pool has closed and the native half is gone. */
  #lastStats: PoolStats | undefined
  readonly #recycling = new Recycling()
  readonly #resizes = new Resizes()
  #isTerminated = false

  constructor(options: RawPoolOptions, listener: BackendListener) {
    this.#raw = openPool(options, () => this.#records.collect())
    this.#definitions = new Definitions({
      define: (id, bytes, regions) =>
        this.#raw.define(
          id,
          bytes,
          regions.map((region) => region.id)
        ),
      defineSetup: (...setup) => this.#raw.defineSetup(...setup),
      forget: (id) => this.#raw.forget(id)
    })
    const closed = (): void => {
      this.#definitions.close()
      this.#lastStats = this.#raw.stats()
      this.#recycling.closed()
      this.#resizes.closed()
      hasClosed(this)
      listener.closed()
    }
    const workerExit: BackendListener['workerExit'] = (worker, exit) => {
      this.#recycling.ended(worker.pid)
      listener.workerExit(worker, exit)
    }
    this.#blocks = new Blocks(this.#raw, () => this.#hasClosed)
    this.#records = new Records(
      (into) => this.#collect(into),
      { ...listener, workerExit, closed, resized: (number) => this.#resizes.ended(number) },
      this.#blocks
    )
    leaveAtProgramEnd(this)
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
    this.#definitions.releaseSetup(setup)
  }

  open(): Batch {
    return new NativeBatch(this.#submit, this.#writers, this.#blocks)
  }

  cancel(call: number, stop?: Stop): void {
    // The end of a pool ends all of its calls in one pass, not one by one.
    if (this.#isTerminated || this.#hasClosed) return
    if (stop === undefined) this.#raw.cancel(call, null, NO_BYTES)
    else {
      const reason = stop.graceMs > 0 ? encodeReason(stop.reason) : NO_BYTES
      // Getters of the reason have run, and may have ended the pool.
      if (!this.#isTerminated) this.#raw.cancel(call, Math.ceil(stop.graceMs), reason)
    }
  }

  hasRoom(limit: number): boolean {
    // The core counts all waiting calls. None waits on this side.
    return this.#hasClosed || this.#raw.hasRoom(Math.min(limit, 0xffffffff), 0)
  }

  recycle(): Promise<void> {
    return this.#recycling.wait(this.#hasClosed ? [] : this.#raw.recycle())
  }

  resize(nJobs: number, cpuIds: readonly (readonly number[])[]): Promise<void> {
    if (this.#isTerminated || this.#hasClosed) return promiseOf(undefined)
    const cpus = cpuIds.map((set) => [...set])
    return this.#resizes.wait((number) => this.#raw.resize(number, nJobs, cpus))
  }

  leave(): Promise<void> {
    return this.#recycling.wait(this.#hasClosed ? [] : this.#raw.leaveIdle())
  }

  close(): void {
    if (!this.#hasClosed) this.#raw.close()
  }

  terminate(): void {
    this.#isTerminated = true
    this.#definitions.close()
    if (!this.#hasClosed) this.#raw.terminate()
  }

  releaseOutput(stream: number, bytes: number): void {
    if (!this.#hasClosed) this.#raw.releaseOutput(stream, bytes)
  }

  get stats(): PoolStats {
    return this.#lastStats ?? this.#raw.stats()
  }

  get workers(): readonly WorkerInfo[] {
    return this.#hasClosed ? [] : (this.#raw.workers() as WorkerInfo[])
  }

  worker(id: number): WorkerInfo | undefined {
    return this.#hasClosed ? undefined : ((this.#raw.worker(id) ?? undefined) as WorkerInfo | undefined)
  }

  get #hasClosed(): boolean {
    return this.#lastStats !== undefined
  }

  /** The record of the end is the last one. */
  #collect(into: Uint8Array): number {
    if (!this.#hasClosed) return this.#raw.collect(into)
    this.#raw.release()
    return 0
  }
}

function openPool(options: RawPoolOptions, collect: () => void): RawPool {
  try {
    // Bun has no loop of libuv. Electron's main process waits outside it.
    const hasLoop = process.versions['bun'] === undefined && process.versions['electron'] === undefined
    // Without a prototype, because the binding reads inherited properties too.
    return new RawPool(Object.assign(Object.create(null) as object, options), collect, hasLoop)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new WorkerStartError(`workers cannot start: ${reason}`, { cause: error })
  }
}
