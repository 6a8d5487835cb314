import { close, open, write } from 'node:fs'

import { Buffer, Error, Object, Promise } from '../primordials.js'

/** While more than so much waits for the system, nothing is added. */
const MOST_WAITING = 4 * 1024 * 1024
/** So much is worth a write of its own. */
const WORTH_WRITING = 256 * 1024

/** The error of a file that cannot be opened or written. It has the code of the system, such as `ENOENT`. */
function fileError(what: string, file: string, cause: NodeJS.ErrnoException): Error {
  const error = new Error(`the trace cannot be ${what}: ${file}: ${cause.message}`, { cause })
  return cause.code === undefined ? error : Object.assign(error, { code: cause.code })
}

/**
 * The file of a trace: an array of JSON, one event in each line. Whatever of it was written so far can be read, because the format permits
 * the end of the array to be missing.
 */
export class TraceFile {
  readonly path: string
  readonly #descriptor: number
  readonly #onError: (error: Error) => void
  /** What the system has not got. */
  #waiting = ''
  #isFirst = true
  #isWriting = false
  #error: Error | undefined
  #onWritten: (() => void) | undefined

  private constructor(path: string, descriptor: number, onError: (error: Error) => void) {
    this.path = path
    this.#descriptor = descriptor
    this.#onError = onError
  }

  /**
   * Opens the file, and empties it if it is there.
   * @param onError Is told once if the file cannot be written.
   */
  static open(path: string, onError: (error: Error) => void): Promise<TraceFile> {
    return new Promise((resolve, reject) => {
      open(path, 'w', (error, descriptor) => {
        if (error === null) resolve(new TraceFile(path, descriptor, onError))
        else reject(fileError('opened', path, error))
      })
    })
  }

  /** Whether the system takes less than is added. */
  get isFull(): boolean {
    return this.#waiting.length >= MOST_WAITING
  }

  /** @param event As JSON. */
  add(event: string): void {
    if (this.#error !== undefined) return
    this.#waiting += `${this.#isFirst ? '[\n' : ',\n'}${event}`
    this.#isFirst = false
  }

  /** Gives the system what was added, if it is much. */
  flushMuch(): void {
    if (this.#waiting.length >= WORTH_WRITING) this.flush()
  }

  /** Gives the system what was added. */
  flush(): void {
    if (this.#isWriting || this.#waiting === '') return
    this.#isWriting = true
    const bytes = Buffer.from(this.#waiting)
    this.#waiting = ''
    this.#write(bytes)
  }

  #write(bytes: Buffer): void {
    write(this.#descriptor, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null && written < bytes.length) {
        this.#write(bytes.subarray(written))
        return
      }
      this.#isWriting = false
      if (error !== null) this.#fail(error)
      this.flush()
      if (!this.#isWriting) this.#onWritten?.()
    })
  }

  #fail(cause: NodeJS.ErrnoException): void {
    this.#waiting = ''
    this.#error = fileError('written', this.path, cause)
    this.#onError(this.#error)
  }

  /** Ends the array and closes the file. Rejects if it could not be written, then or before. */
  async end(): Promise<void> {
    if (this.#error === undefined) this.#waiting += this.#isFirst ? '[]\n' : '\n]\n'
    this.flush()
    if (this.#isWriting) {
      await new Promise<void>((resolve) => {
        this.#onWritten = resolve
      })
    }
    await new Promise<void>((resolve) => {
      close(this.#descriptor, (error) => {
        if (error !== null && this.#error === undefined) this.#fail(error)
        resolve()
      })
    })
    if (this.#error !== undefined) throw this.#error
  }
}
