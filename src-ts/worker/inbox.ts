import { Math, Uint32Array, Uint8Array } from '../primordials.js'
import { HEADER_BYTES, KIND, LENGTH, paddedLength } from '../protocol/index.js'

/** Copies frames into `into`. Returns the bytes copied, 0 if there are no frames, or minus the bytes that the next frame needs. */
export type Receive = (into: Uint8Array) => number

const USUAL_BYTES = 256 * 1024
const AHEAD_BYTES = 16 * 1024

/** Frames from the parent, one after the other. */
export class Inbox {
  readonly #receive: Receive
  #bytes: Uint8Array = new Uint8Array(USUAL_BYTES)
  #words = new Uint32Array(this.#bytes.buffer)
  #at = 0
  #end = 0
  /** Frames that were received while the current one was being handled. */
  readonly #ahead: Uint8Array[] = []
  /** The header of the current frame, in words. */
  header: Uint32Array = this.#words

  constructor(receive: Receive) {
    this.#receive = receive
  }

  /** Whether every frame that was received has been handled. */
  get isEmpty(): boolean {
    return this.#at === this.#end
  }

  /** Goes to the next frame. False if there is none; then the parent notifies this worker of the next one. */
  next(): boolean {
    if (this.isEmpty && !this.#fill()) return false
    this.header = this.#words.subarray(this.#at / 4, this.#at / 4 + HEADER_BYTES / 4)
    this.#at += HEADER_BYTES + paddedLength(this.#length)
    return true
  }

  /** The payload of the current frame. Later frames reuse its memory. */
  get payload(): Uint8Array {
    const start = this.#at - paddedLength(this.#length)
    return this.#bytes.subarray(start, start + this.#length)
  }

  get #length(): number {
    return this.header[LENGTH] ?? 0
  }

  /**
   * Receives frames for later. The current frame stays as it is, and the parent notifies this worker of the next one. Frames of one
   * kind are passed to `show` at once.
   */
  readAhead(kind: number, show: (header: Uint32Array, payload: Uint8Array) => void): void {
    const shown: (readonly [Uint32Array, Uint8Array])[] = []
    for (let block = this.#block(); block.length > 0; block = this.#block()) {
      this.#ahead.push(block)
      for (let at = 0; at < block.length;) {
        const header = new Uint32Array(block.buffer, at, HEADER_BYTES / 4)
        const length = header[LENGTH] ?? 0
        at += HEADER_BYTES
        if (header[KIND] === kind) shown.push([header, block.subarray(at, at + length)])
        at += paddedLength(length)
      }
    }
    for (const [header, payload] of shown) show(header, payload)
  }

  /** The frames that are there, in memory of their own. Empty if there are none. */
  #block(): Uint8Array {
    let block = new Uint8Array(AHEAD_BYTES)
    let got = this.#receive(block)
    if (got < 0) {
      block = new Uint8Array(-got)
      got = this.#receive(block)
    }
    return block.subarray(0, Math.max(got, 0))
  }

  #fill(): boolean {
    const block = this.#ahead.shift()
    if (block !== undefined) {
      this.#bytes = block
      this.#words = new Uint32Array(block.buffer)
      this.#at = 0
      this.#end = block.length
      return true
    }
    // The memory of a message of many megabytes is not kept for small ones.
    if (this.#bytes.byteLength !== USUAL_BYTES) this.#allocate(USUAL_BYTES)
    let got = this.#receive(this.#bytes)
    if (got < 0) {
      this.#allocate(-got)
      got = this.#receive(this.#bytes)
    }
    this.#at = 0
    this.#end = Math.max(got, 0)
    return got > 0
  }

  #allocate(bytes: number): void {
    this.#bytes = new Uint8Array(bytes)
    this.#words = new Uint32Array(this.#bytes.buffer)
  }
}
