import { types } from 'node:util'
import { PoolError, TaskTimeoutError, WorkerDiedError } from '../errors.js'
import { placeError } from '../functions/own-place.js'
import { Error, Reflect } from '../primordials.js'

/** Adds to an error where the call was made. */
export type Blame = (error: unknown, isFromWorker: boolean) => unknown

/**
 * Remembers the place from which `entry` was called.
 * @param entry The method of the pool; it and what is above it do not show.
 * @param fn What the call is made with.
 */
export function rememberCaller(entry: (...args: never[]) => unknown, fn: unknown): Blame {
  const site: { stack?: string } = {}
  Error.captureStackTrace(site, entry)
  const blame: Blame = (error, isFromWorker) => {
    if (error instanceof WorkerDiedError || error instanceof TaskTimeoutError) {
      for (const earlier of error.attempts ?? []) blame(earlier, false)
    }
    if (isFromWorker) placeError(error, fn)
    // What a getter of the caller's items threw tells its own place.
    if (!types.isNativeError(error) || !(isFromWorker || error instanceof PoolError)) return error
    // The text of a stack is made when it is first read; only failures pay for it.
    const frames = (site.stack ?? '').split('\n').slice(1).join('\n')
    const own = isFromWorker ? stackOf(error) : `${error.name}: ${error.message}`
    const value = frames === '' ? own : `${own}\n${frames}`
    Reflect.defineProperty(error, 'stack', { value, writable: true, configurable: true, enumerable: false })
    return error
  }
  return blame
}

// A task may have put anything there, such as an object that has no text.
function stackOf({ stack }: { readonly stack?: unknown }): string {
  return typeof stack === 'string' ? stack : ''
}
