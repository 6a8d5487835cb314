/**
 * The first code in a worker, before any preload of the user. From here on the worker dies with its parent. The last argument is the
 * path of the addon. This file removes it and leaves for `worker.mjs` what it has prepared.
 *
 * A thread that a task starts runs this file too, because Node gives its threads the preloads of the process.
 */

import asyncHooks = require('node:async_hooks')
import nodeModule = require('node:module')

import type { OwnStreams } from './own-streams.js' with { 'resolution-mode': 'import' }
import type { AsyncContext } from './isolation.js' with { 'resolution-mode': 'import' }
import type { WorkerConfig } from '../protocol/index.js' with { 'resolution-mode': 'import' }

/** As in `protocol/build.ts`, which a file of CommonJS cannot import. */
declare const MILLRACE_BUILD: string
const build = MILLRACE_BUILD

interface StartBinding {
  initWorker(): { readonly config: string }
  sendStartError(text: string): void
}

// `--require` and this file come first. A task's children and pools inherit the options after them.
const [, self = ''] = process.execArgv.splice(0, 2)

// If NODE_OPTIONS has preloads, this file is the first of them too, so that a preload that blocks dies with the parent.
const asPreload = `--require ${/[ "]/.test(self) ? `"${self.replaceAll(/["\\]/g, String.raw`\$&`)}"` : self} `
const nodeOptions = process.env['NODE_OPTIONS']
if (nodeOptions?.startsWith(asPreload)) process.env['NODE_OPTIONS'] = nodeOptions.slice(asPreload.length)

// Node runs preloads again in each thread. A thread that a task starts has a script of its own. The thread of module hooks has none, but
// like every other thread it cannot change the directory. (Loading `node:worker_threads` to ask would cost each worker 2 ms.)
const isOtherThread = (process.chdir as { disabled?: boolean }).disabled === true
if (!isOtherThread && process.argv[1] === self.replace(/lifeline\.cjs$/, 'worker.mjs')) start()

function start(): void {
  cacheCompiledCode()
  const binding = require(process.argv.pop() ?? '') as StartBinding
  // Another copy of this package reads it here: its addon is another library and has no lifeline.
  const identity = binding.initWorker()
  provide('millrace.identity', identity)
  const { isPiped, ...parent } = JSON.parse(identity.config) as Partial<WorkerConfig>
  const difference = differenceTo(parent)
  if (difference !== undefined) {
    binding.sendStartError(`${difference} while the program ran; start the program again`)
    process.exit(1)
  }
  const streams: OwnStreams = { made: [], onMade: undefined }
  prepare(streams, 'stdout', isPiped === true)
  prepare(streams, 'stderr', isPiped === true)
  // Preloads of the user are modules too; see `phase.ts`.
  provide('millrace.phase', 'loading')
  const reportStartError = (error: unknown): void => {
    binding.sendStartError(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  process.on('uncaughtExceptionMonitor', reportStartError)
  provide('millrace.start', { binding, reportStartError, streams, context: watchContexts() })
}

/**
 * `worker.mjs` itself comes out of the cache, and so do the modules of the tasks. Node 20 has no such cache. Code that comes out of it has
 * no block coverage.
 */
function cacheCompiledCode(): void {
  if ((process.env['NODE_V8_COVERAGE'] ?? '') !== '') return
  ;(nodeModule as { enableCompileCache?: () => void }).enableCompileCache?.()
}

/** The addon has the same version by now: it has compared that of the handshake with its own. */
function differenceTo({ build: parentBuild, node }: Partial<WorkerConfig>): string | undefined {
  if (parentBuild !== build) {
    return `this worker has loaded millrace ${build}, but its parent runs millrace ${parentBuild}: the package was replaced`
  }
  if (node !== undefined && node !== process.version) {
    return `this worker runs Node.js ${process.version}, but its parent runs Node.js ${node}: Node.js was replaced`
  }
  return undefined
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

/** Prepares a stream when it is first used. Making it at the start would cost each worker a millisecond. */
function prepare(streams: OwnStreams, name: 'stdout' | 'stderr', isPiped: boolean): void {
  const made = Object.getOwnPropertyDescriptor(process, name)
  if (made?.get === undefined || made.configurable !== true) return
  let isNew = true
  const get = (): NodeJS.WriteStream => {
    const stream = Reflect.apply(made.get as () => NodeJS.WriteStream, process, [])
    if (isNew) {
      isNew = false
      // If the pipe is full, the task waits and its output does not pile up. Only this process writes to the pipe.
      const { _handle: handle } = stream as { _handle?: { setBlocking?: (isBlocking: boolean) => void } }
      if (isPiped) handle?.setBlocking?.(true)
      // EPIPE means that the reader is gone, which is not the task's error. Other errors remain unhandled errors.
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

function provide(key: string, value: unknown): void {
  Object.defineProperty(globalThis, Symbol.for(key), { value, configurable: true, enumerable: false })
}
