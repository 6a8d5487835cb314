import { clearInterval, JSON, Map, monotonicMs, setInterval } from '../primordials.js'
import { type ChunkTrace, clockOrigin } from '../protocol/index.js'
import type { WorkerExit } from '../types/index.js'
import { TraceEvents } from './events.js'
import { TraceFile } from './file.js'
import { TraceRings } from './rings.js'

/** The rings are emptied at least so often, while this process is not busy. */
const DRAIN_MS = 20
/** The most names of functions. The functions after them are called `task`. */
const MOST_NAMES = 4096

/** A trace that is being written. */
export class PoolTrace {
  readonly #origin = clockOrigin()
  readonly #file: TraceFile
  readonly #rings: TraceRings
  /** As JSON. */
  readonly #names: string[] = ['"task"']
  readonly #numbers = new Map<string, number>([['', 0]])
  readonly #events: TraceEvents
  readonly #timer: NodeJS.Timeout
  /** The workers that have a title. */
  #titled = 0
  #isOver = false

  private constructor(file: TraceFile, rings: TraceRings, workers: number) {
    this.#file = file
    this.#rings = rings
    this.#events = new TraceEvents(this.#now(), this.#names)
    file.add(this.#events.title('process_name', 0, 'millrace'))
    this.#title(workers)
    file.flush()
    const write = (): void => {
      this.drain()
      file.flush()
    }
    this.#timer = setInterval(write, DRAIN_MS).unref()
  }

  /**
   * Opens the file and begins.
   * @param workers Returns how many workers the pool has when the file is open.
   * @param onError Is told once if the file cannot be written.
   * @throws SharedMemoryError, or what the system says of the file
   */
  static async begin(path: string, workers: () => number, onError: (error: Error) => void): Promise<PoolTrace> {
    const file = await TraceFile.open(path, onError)
    try {
      return new PoolTrace(file, new TraceRings(workers()), workers())
    } catch (error) {
      await file.end()
      throw error
    }
  }

  get path(): string {
    return this.#file.path
  }

  /** What a chunk of a function of this name says. */
  chunkTrace(name: string): ChunkTrace {
    return { region: this.#rings.region, rows: this.#rings.rows, name: this.#numberOf(name) }
  }

  #numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    if (this.#names.length >= MOST_NAMES) return 0
    const number = this.#names.push(JSON.stringify(name)) - 1
    this.#numbers.set(name, number)
    return number
  }

  /**
   * The pool has so many workers.
   * @throws SharedMemoryError
   */
  grow(workers: number): void {
    this.#rings.grow(workers)
    this.#title(workers)
  }

  #title(workers: number): void {
    for (; this.#titled < workers; this.#titled++) {
      this.#file.add(this.#events.title('thread_name', this.#titled, `worker ${this.#titled}`))
      this.#file.add(this.#events.order(this.#titled))
    }
  }

  workerStarted(worker: number, pid: number): void {
    this.#file.add(this.#events.instant(worker, 'worker start', this.#now(), { pid }))
  }

  workerExited(worker: number, pid: number, { exitCode, signal, reason }: WorkerExit): void {
    this.#drainRow(worker)
    this.#cut(worker, pid, 'died')
    this.#file.add(this.#events.instant(worker, 'worker exit', this.#now(), { pid, reason, exitCode, signal }))
  }

  /** Takes what the workers have noted. While the file is slower than they are, they count what finds no room. */
  drain(): void {
    if (this.#file.isFull) return
    for (let worker = 0; worker < this.#rings.workers; worker++) this.#drainRow(worker)
    this.#file.flushMuch()
  }

  /** Writes the rest and closes the file. Rejects if the file could not be written. */
  async end(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    clearInterval(this.#timer)
    for (let worker = 0; worker < this.#rings.workers; worker++) {
      this.#drainRow(worker)
      this.#cut(worker, undefined, 'unfinished')
    }
    this.#rings.release()
    await this.#file.end()
  }

  #drainRow(worker: number): void {
    let unread = 0
    const now = this.#now()
    const lost = this.#rings.drain(worker, (record) => {
      const event = this.#events.of(worker, record, now)
      if (event === undefined) unread++
      else this.#file.add(event)
    })
    const records = lost + unread
    if (records > 0) this.#file.add(this.#events.instant(worker, 'dropped', now, { records }))
  }

  /** What goes on at a worker ends here. */
  #cut(worker: number, pid: number | undefined, why: string): void {
    const now = this.#now()
    for (const record of this.#rings.takeOpen(worker, pid)) {
      const event = this.#events.of(worker, record, now, why)
      if (event !== undefined) this.#file.add(event)
    }
  }

  #now(): number {
    return this.#origin + monotonicMs()
  }
}
