import { PATIENCE_MS } from './processes.js'

/** Fails when `promise` has not settled after a generous while: only what hangs takes that long. */
export async function within<T>(promise: Promise<T>, what: string, ms = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const watchdog = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`after ${ms} ms: ${what}`)), ms)
  })
  try {
    return await Promise.race([promise, watchdog])
  } finally {
    clearTimeout(timer)
  }
}
