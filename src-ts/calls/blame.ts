import { types } from 'node:util'

/** Adds to an error where the call was made. */
export type Blame = (error: unknown, isFromWorker: boolean) => unknown

/**
 * Remembers the place from which `entry` was called.
 * @param entry The method of the pool; it and what is above it do not show.
 */
export function rememberCaller(entry: (...args: never[]) => unknown): Blame {
  const site: { stack?: string } = {}
  Error.captureStackTrace(site, entry)
  return (error, isFromWorker) => {
    if (!types.isNativeError(error)) return error
    // The text of a stack is made when it is first read; only failures pay for it.
    const frames = (site.stack ?? '').split('\n').slice(1).join('\n')
    const own = isFromWorker ? error.stack : `${error.name}: ${error.message}`
    const value = frames === '' ? own : `${own ?? ''}\n${frames}`
    Reflect.defineProperty(error, 'stack', { value, writable: true, configurable: true, enumerable: false })
    return error
  }
}
