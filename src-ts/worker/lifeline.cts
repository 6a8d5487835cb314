/**
 * The first code in a worker, before any preload of the user: from here on the worker's life hangs on its parent's.
 * The addon's path is the last argument; it is taken off, and what was read is kept for `worker.mjs`.
 */

interface StartBinding {
  holdLifeline(): unknown
  sendStartError(text: string): void
}

function begin(): void {
  // What a task forks inherits these flags, and is no worker.
  process.execArgv.splice(0, 2)
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
}

// Node runs preloads again in each thread that it or a task starts: the thread of module hooks is one.
if ((require('node:worker_threads') as typeof import('node:worker_threads')).isMainThread) begin()
