import type { Readable } from 'node:stream'

import { Buffer, Map, Math, process } from '../primordials.js'

/** A longer line is emitted in pieces. */
const LINE_BYTES = 64 * 1024
/** Bytes that are kept while nobody reads. */
const KEPT_BYTES = 1024 * 1024
const NEWLINE = 0x0a
const LINE_END = Buffer.from('\n')

/** Whole lines, and how many of their bytes the back end still counts as unread. */
interface Piece {
  readonly bytes: Buffer
  readonly owed: number
}

/** One stream of the lines of all workers. */
class MergedStream {
  readonly readable: Readable
  readonly #release: (bytes: number) => void
  /** Incomplete lines, by process. */
  readonly #unfinished = new Map<number, Buffer>()
  #pieces: Piece[] = []
  #kept = 0
  #dropped = 0
  #isRead = false
  #isWanted = false
  #isEnding = false

  constructor(release: (bytes: number) => void) {
    this.#release = release
    // Here, as few pools need it: to load it takes as long as a fifth of this library.
    const { Readable } = process.getBuiltinModule('node:stream')
    this.readable = new Readable({
      read: () => {
        this.#isRead = true
        this.#isWanted = true
        this.#give()
      },
      destroy: (error, callback) => {
        for (const { owed } of this.#pieces) this.#release(owed)
        this.#pieces = []
        callback(error)
      }
    })
  }

  takeIn(pid: number, bytes: Buffer): void {
    const before = this.#unfinished.get(pid)
    const all = before === undefined ? bytes : Buffer.concat([before, bytes])
    const lineEnd = all.lastIndexOf(NEWLINE) + 1
    const end = all.length - lineEnd > LINE_BYTES ? all.length : lineEnd
    const rest = all.subarray(end)
    if (rest.length === 0) this.#unfinished.delete(pid)
    else this.#unfinished.set(pid, Buffer.from(rest))
    // An incomplete line has a bound of its own.
    const waits = Math.min(rest.length, bytes.length)
    this.#release(waits)
    if (end > 0) this.#add(all.subarray(0, end), bytes.length - waits)
  }

  /** The process has ended. Its last line gets a line end, so that it does not run into the line of another process. */
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

  #add(bytes: Buffer, owed: number): void {
    if (this.readable.destroyed) {
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

  /** Drops the oldest lines first. */
  #drop(): void {
    const length = this.#pieces.shift()?.bytes.length ?? 0
    this.#kept -= length
    this.#dropped += length
  }

  #give(): void {
    if (this.#isWanted && this.#dropped > 0) {
      this.readable.push(`[millrace: ${this.#dropped} bytes were dropped here while nobody was reading]\n`)
      this.#dropped = 0
    }
    for (let piece = this.#pieces[0]; this.#isWanted && piece !== undefined; piece = this.#pieces[0]) {
      this.#pieces.shift()
      this.#isWanted = this.readable.push(piece.bytes)
      this.#release(piece.owed)
    }
    // Null is the end of the stream. It is pushed even if nobody reads yet.
    if (this.#isEnding && this.#pieces.length === 0 && !this.readable.readableEnded && this.#isRead)
      this.readable.push(null)
  }
}

/** The output of a pool's workers as two streams. They have no handle of the event loop, so they do not keep the process alive. */
export class WorkerOutput {
  readonly stdout: Readable
  readonly stderr: Readable
  readonly #streams: readonly MergedStream[]

  /** @param release Tells the back end that bytes of a stream, 0 or 1, were consumed. */
  constructor(release: (stream: number, bytes: number) => void) {
    const stdout = new MergedStream((bytes) => release(0, bytes))
    const stderr = new MergedStream((bytes) => release(1, bytes))
    this.#streams = [stdout, stderr]
    this.stdout = stdout.readable
    this.stderr = stderr.readable
  }

  /** Takes output of a process. Without a stream, the process has ended and all of its output was taken. */
  take(stream: number | undefined, pid: number, bytes?: Buffer): void {
    if (stream === undefined) for (const each of this.#streams) each.endOf(pid)
    else if (bytes !== undefined) this.#streams[stream]?.takeIn(pid, bytes)
  }

  end(): void {
    for (const stream of this.#streams) stream.end()
  }
}
