import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'

import { Atomics, Buffer, Int32Array, monotonicMs, Reflect, SharedArrayBuffer } from '../primordials.js'

/** The output streams of this process, from `lifeline.cjs`. Each is made when it is first used. */
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

/** Whether the stream still has data that the system has not accepted. A destroyed stream never has. */
export function isDraining({ stream }: OwnStream): boolean {
  return stream.writableLength > 0 && !stream.destroyed
}

/**
 * Makes a stream write synchronously from now on, because exit handlers print when the event loop no longer runs. (Streams of files
 * and terminals always do.) The descriptor keeps its flags, because the parent may share it.
 * @param deadline When to give up on a reader that reads nothing, by `monotonicMs`.
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
