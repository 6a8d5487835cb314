/**
 * The first code in a worker, before any preload of the user: from here on the worker's life hangs on its parent's.
 * The addon's path is the last argument; it is taken off, and what was read is kept for `worker.mjs`.
 */

interface StartBinding {
  holdLifeline(): unknown
  sendStartError(text: string): void
}

const binding = require(process.argv.pop() ?? '') as StartBinding
binding.holdLifeline()

const reportStartError = (error: unknown): void => {
  binding.sendStartError(error instanceof Error ? (error.stack ?? error.message) : String(error))
}
process.on('uncaughtExceptionMonitor', reportStartError)

Object.defineProperty(globalThis, Symbol.for('millrace.start'), {
  value: { binding, reportStartError },
  configurable: true,
  enumerable: false
})
