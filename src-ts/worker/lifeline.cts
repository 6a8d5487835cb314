/**
 * The first code in a worker, before any preload of the user: from here on the worker's life hangs on its parent's.
 * The addon's path is the last argument; it is taken off, and what was read is kept for `worker.mjs`.
 *
 * A thread that a task starts runs this file too: Node gives its threads the preloads of the process.
 */

import asyncHooks = require('node:async_hooks')

import type { OwnStreams } from './own-streams.js' with { 'resolution-mode': 'import' }
import type { AsyncContext } from './isolation.js' with { 'resolution-mode': 'import' }

interface StartBinding {
  initWorker(): { readonly config: string }
  sendStartError(text: string): void
}

// `--require` and this file come first. A task's children and pools inherit the options after them.
const [, self = ''] = process.execArgv.splice(0, 2)

// Where NODE_OPTIONS has preloads, this file is the first of these too, so that one that blocks dies with the parent.
const asPreload = `--require ${/[ "]/.test(self) ? `"${self.replaceAll(/["\\]/g, String.raw`\$&`)}"` : self} `
const nodeOptions = process.env['NODE_OPTIONS']
if (nodeOptions?.startsWith(asPreload)) process.env['NODE_OPTIONS'] = nodeOptions.slice(asPreload.length)

// Node runs preloads again in each thread: one that a task starts has a script of its own, the thread of module hooks has
// not, but like any other it cannot change the directory. (Asking `node:worker_threads` would cost every worker 2 ms.)
const isOtherThread = (process.chdir as { disabled?: boolean }).disabled === true
if (!isOtherThread && process.argv[1] === self.replace(/lifeline\.cjs$/, 'worker.mjs')) start()

function start(): void {
  const binding = require(process.argv.pop() ?? '') as StartBinding
  // For another copy of this package: its addon is another library, which knows of no lifeline.
  const identity = binding.initWorker()
  leave('millrace.identity', identity)
  const { isPiped } = JSON.parse(identity.config) as { readonly isPiped?: boolean }
  const streams: OwnStreams = { made: [], onMade: undefined }
  prepare(streams, 'stdout', isPiped === true)
  prepare(streams, 'stderr', isPiped === true)
  // The preloads of the user are modules as well; see `phase.ts`.
  leave('millrace.phase', 'loading')
  const reportStartError = (error: unknown): void => {
    binding.sendStartError(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  process.on('uncaughtExceptionMonitor', reportStartError)
  leave('millrace.start', { binding, reportStartError, streams, context: watchContexts() })
}

/** See `isolation.ts`. */
function watchContexts(): AsyncContext {
  const context = { empty: new asyncHooks.AsyncResource('MillraceWorker'), hasEntered: false }
  const { prototype } = asyncHooks.AsyncLocalStorage
  const made = Object.getOwnPropertyDescriptor(prototype, 'enterWith')
  const enter = prototype.enterWith
  const { enterWith } = {
    enterWith(this: unknown, store: unknown): void {
      context.hasEntered = true
      Reflect.apply(enter, this, [store])
    }
  }
  Object.defineProperty(prototype, 'enterWith', { ...made, value: enterWith })
  return context
}

/** Sees to a stream when it is first used: making it costs each start a millisecond. */
function prepare(streams: OwnStreams, name: 'stdout' | 'stderr', isPiped: boolean): void {
  const made = Object.getOwnPropertyDescriptor(process, name)
  if (made?.get === undefined || made.configurable !== true) return
  let isNew = true
  const get = (): NodeJS.WriteStream => {
    const stream = Reflect.apply(made.get as () => NodeJS.WriteStream, process, [])
    if (isNew) {
      isNew = false
      // A full pipe makes the task wait, and not its output pile up. The pipe is this process's own.
      const { _handle: handle } = stream as { _handle?: { setBlocking?: (isBlocking: boolean) => void } }
      if (isPiped) handle?.setBlocking?.(true)
      // Its reader is gone, which is no error of a task. Other errors are what they are where nobody handles them.
      stream.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EPIPE' && stream.listenerCount('error') === 1) throw error
      })
      const own = { fd: name === 'stdout' ? 1 : 2, stream }
      streams.made.push(own)
      streams.onMade?.(own)
    }
    return stream
  }
  Object.defineProperty(process, name, { ...made, get })
}

function leave(key: string, value: unknown): void {
  Object.defineProperty(globalThis, Symbol.for(key), { value, configurable: true, enumerable: false })
}
