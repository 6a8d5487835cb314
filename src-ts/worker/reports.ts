import { MAX_MESSAGE_BYTES, Writer, writeValue } from '../codec/index.js'
import { FRAME_EXIT_DONE, FRAME_EXIT_RESULT, FRAME_FAULT, FRAME_RETIRE } from '../protocol/index.js'
import { describeThrown } from './describe-thrown.js'
import { beginFrame, endFrame } from './frame.js'
import type { Send } from './outbox.js'

/** Writes an error that a task or another function of the user has thrown, or its description if it cannot be encoded. */
export function writeThrown(writer: Writer, error: unknown): void {
  const start = writer.length
  try {
    writeValue(writer, error, errorRoot)
  } catch (unwritable) {
    writer.rewind(start)
    writer.isOverfull = false
    writeValue(writer, describeThrown(error, unwritable), errorRoot)
  }
}

/** Tells the parent about this worker itself. Each report is sent at once. Outcomes that wait have to be sent before. */
export class Reports {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  /**
   * An unhandled error ends this process.
   * @param stray The error, if no task fails with it.
   */
  readonly fault = (stray: { readonly error: unknown } | undefined): void => {
    this.#report([FRAME_FAULT], (writer) => {
      if (stray !== undefined) writeThrown(writer, stray.error)
    })
  }

  /** This process was asked to end. */
  readonly retirement = (): void => this.#report([FRAME_RETIRE])

  /**
   * An exit function has returned.
   * @throws NotSerializableError if the value cannot be encoded
   */
  exitResult(value: unknown): void {
    this.#report([FRAME_EXIT_RESULT, 0], (writer) => writeValue(writer, value, exitRoot))
  }

  /** An exit function has thrown. */
  exitError(error: unknown): void {
    this.#report([FRAME_EXIT_RESULT, 1], (writer) => writeThrown(writer, error))
  }

  /** All exit functions have ended. */
  exitDone(): void {
    this.#report([FRAME_EXIT_DONE])
  }

  #report(words: readonly number[], write?: (writer: Writer) => void): void {
    const writer = new Writer(undefined, MAX_MESSAGE_BYTES)
    const start = beginFrame(writer)
    write?.(writer)
    endFrame(writer, start, words)
    this.#send(writer.bytes, writer.length)
  }
}

function errorRoot(): string {
  return 'error'
}

function exitRoot(): string {
  return 'result'
}
