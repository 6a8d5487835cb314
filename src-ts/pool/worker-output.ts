import { Readable } from 'node:stream'

import { Buffer, Map, Math } from '../primordials.js'

/** Longer lines are not kept together. */
const LINE_BYTES = 64 * 1024
/** What is kept while nobody reads. */
const KEPT_BYTES = 1024 * 1024
const NEWLINE = 0x0a
const LINE_END = Buffer.from('\n')

/** Whole lines, and how many of their bytes the backend still counts. */
interface Piece {
  readonly bytes: Buffer
  readonly owed: number
}

/** One stream of all workers: their lines one after the other. */
class MergedStream extends Readable {
  readonly #release: (bytes: number) => void
  /** Lines without an end yet, by process. */
  readonly #unfinished = new Map<number, Buffer>()
  #pieces: Piece[] = []
  #kept = 0
  #dropped = 0
  #isRead = false
  #isWanted = false
  #isEnding = false

  constructor(release: (bytes: number) => void) {
    super()
    this.#release = release
  }

  takeIn(pid: number, bytes: Buffer): void {
    const before = this.#unfinished.get(pid)
    const all = before === undefined ? bytes : Buffer.concat([before, bytes])
    const lineEnd = all.lastIndexOf(NEWLINE) + 1
    const end = all.length - lineEnd > LINE_BYTES ? all.length : lineEnd
    const rest = all.subarray(end)
    if (rest.length === 0) this.#unfinished.delete(pid)
    else this.#unfinished.set(pid, Buffer.from(rest))
    // What waits for its line's end has a bound of its own.
    const waits = Math.min(rest.length, bytes.length)
    this.#release(waits)
    if (end > 0) this.#add(all.subarray(0, end), bytes.length - waits)
  }

  /** The process has ended: its last line does not run into another one's. */
  endOf(pid: number): void {
    const rest = this.#unfinished.get(pid)
    if (rest === undefined) return
    this.#unfinished.delete(pid)
    this.#add(Buffer.concat([rest, LINE_END]), 0)
  }

  end(): void {
    for (const pid of this.#unfinished.keys()) this.endOf(pid)
    this.#isEnding = true
    this.#give()
  }

  override _read(): void {
    this.#isRead = true
    this.#isWanted = true
    this.#give()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    for (const { owed } of this.#pieces) this.#release(owed)
    this.#pieces = []
    callback(error)
  }

  #add(bytes: Buffer, owed: number): void {
    if (this.destroyed) {
      this.#release(owed)
    } else if (this.#isRead) {
      this.#pieces.push({ bytes, owed })
      this.#give()
    } else {
      this.#release(owed)
      this.#pieces.push({ bytes, owed: 0 })
      this.#kept += bytes.length
      while (this.#kept > KEPT_BYTES) this.#drop()
    }
  }

  /** The oldest goes first. */
  #drop(): void {
    const length = this.#pieces.shift()?.bytes.length ?? 0
    this.#kept -= length
    this.#dropped += length
  }

  #give(): void {
    if (this.#isWanted && this.#dropped > 0) {
      this.push(`[millrace: ${this.#dropped} bytes were dropped here while nobody was reading]\n`)
      this.#dropped = 0
    }
    for (let piece = this.#pieces[0]; this.#isWanted && piece !== undefined; piece = this.#pieces[0]) {
      this.#pieces.shift()
      this.#isWanted = this.push(piece.bytes)
      this.#release(piece.owed)
    }
    // Null: the end. A stream that nobody reads has it when somebody does.
    if (this.#isEnding && this.#pieces.length === 0 && !this.readableEnded && this.#isRead) this.push(null)
  }
}

/** What the workers of a pool write, as two streams. They keep no process alive: nothing of the event loop is in them. */
export class WorkerOutput {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly #streams: readonly MergedStream[]

  /** @param release Tells the backend that bytes of a stream, 0 or 1, have been taken care of. */
  constructor(release: (stream: number, bytes: number) => void) {
    const stdout = new MergedStream((bytes) => release(0, bytes))
    const stderr = new MergedStream((bytes) => release(1, bytes))
    this.#streams = [stdout, stderr]
    this.stdout = stdout
    this.stderr = stderr
  }

  /** Without a stream: the process has ended, and everything it wrote was taken. */
  take(stream: number | undefined, pid: number, bytes?: Buffer): void {
    if (stream === undefined) for (const each of this.#streams) each.endOf(pid)
    else if (bytes !== undefined) this.#streams[stream]?.takeIn(pid, bytes)
  }

  end(): void {
    for (const stream of this.#streams) stream.end()
  }
}
