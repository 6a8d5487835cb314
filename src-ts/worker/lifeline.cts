/**
 * The first code in a worker, before any preload of the user: from here on the worker's life hangs on its parent's.
 * The addon's path is the last argument; it is taken off, and what was read is kept for `worker.mjs`.
 *
 * A thread that a task starts runs this file too: Node gives its threads the preloads of the process.
 */

interface StartBinding {
  holdLifeline(): unknown
  sendStartError(text: string): void
}

// `--require` and this file come first. A task's children and pools inherit the options after them.
const [, self = ''] = process.execArgv.splice(0, 2)

// Node runs preloads again in each thread: one that a task starts has a script of its own, the thread of module hooks has
// not, but like any other it cannot change the directory. (Asking `node:worker_threads` would cost every worker 2 ms.)
const isOtherThread = (process.chdir as { disabled?: boolean }).disabled === true
if (!isOtherThread && process.argv[1] === self.replace(/lifeline\.cjs$/, 'worker.mjs')) start()

function start(): void {
  const binding = require(process.argv.pop() ?? '') as StartBinding
  // For another copy of this package: its addon is another library, which knows of no lifeline.
  leave('millrace.mark', binding.holdLifeline())
  // The preloads of the user are modules as well; see `phase.ts`.
  leave('millrace.phase', 'loading')
  const reportStartError = (error: unknown): void => {
    binding.sendStartError(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  process.on('uncaughtExceptionMonitor', reportStartError)
  leave('millrace.start', { binding, reportStartError })
}

function leave(key: string, value: unknown): void {
  Object.defineProperty(globalThis, Symbol.for(key), { value, configurable: true, enumerable: false })
}
