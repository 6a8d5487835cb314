import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'

import { Atomics, Buffer, Int32Array, monotonicMs, Reflect, SharedArrayBuffer } from '../primordials.js'

/** The output streams of this process, as `lifeline.cjs` hands them over: each is made when it is first used. */
export interface OwnStreams {
  readonly made: OwnStream[]
  /** Called with each stream that is made from now on. */
  onMade: ((stream: OwnStream) => void) | undefined
}

export interface OwnStream {
  readonly fd: number
  readonly stream: Writable & { readonly _handle?: object }
}

/** Milliseconds between two attempts to write to a pipe that is full. */
const RETRY_MS = 2

const write = writeSync
const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Whether something that was written to the stream has not reached the system yet, and still can. */
export function isDraining({ stream }: OwnStream): boolean {
  return stream.writableLength > 0 && !stream.destroyed
}

/**
 * Makes a stream write at once from now on: exit handlers print when the event loop does not run any more. (Streams of files
 * and terminals do so anyway.) The descriptor keeps its flags, for it may be shared with the parent.
 * @param deadline When to give up on a reader that takes nothing, by `monotonicMs`.
 */
export function writeAtOnce({ fd, stream }: OwnStream, deadline: number): void {
  if (Reflect.get(stream, '_type') !== 'pipe') return
  const writeNow: Writable['_write'] = (chunk: Buffer | string, encoding, callback) => {
    let failure: Error | null = null
    try {
      writeAll(fd, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, deadline)
    } catch (error) {
      failure = error as Error
    }
    callback(failure)
  }
  Reflect.set(stream, '_write', writeNow)
  Reflect.set(stream, '_writev', null)
}

function writeAll(fd: number, bytes: Buffer, deadline: number): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += write(fd, bytes, at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || monotonicMs() >= deadline) throw error
      Atomics.wait(sleeper, 0, 0, RETRY_MS)
    }
  }
}
