/** The program of a worker process: it takes frames from its ring, runs their tasks, and puts outcomes into the other. */
import module from 'node:module'
import { types } from 'node:util'

import {
  Error,
  JSON,
  Object,
  Reflect,
  Set,
  Symbol,
  afterwards,
  globalObject,
  kill,
  process,
  setImmediate
} from '../primordials.js'
import {
  type ClosePools,
  FIELDS_AT,
  FRAME_CANCEL,
  FRAME_CHUNK,
  FRAME_DEFINE,
  FRAME_FORGET,
  FRAME_LEAVE,
  type WorkerConfig,
  KIND,
  provideCurrentTask,
  setPhase
} from '../protocol/index.js'
import { filterStacks } from '../codec/index.js'
import type { RawWorkerIdentity, RawWorkerEndpoint } from '../../index.js'
import { Cancelling } from './cancelling.js'
import type { Chunk } from './chunk.js'
import { Claims } from './claims.js'
import { Inbox } from './inbox.js'
import { Leaving } from './leaving.js'
import { type AsyncContext, Isolation } from './isolation.js'
import { MemoryLimit } from './memory-limit.js'
import { withoutOwnFrames } from './own-frames.js'
import { Outbox } from './outbox.js'
import type { OwnStreams } from './own-streams.js'
import { Functions } from './functions.js'
import { BEGUN, DONE, HALT, YIELD } from './run-state.js'
import { Runner } from './runner.js'
import { Turn } from './turn.js'
import { Unheard } from './unheard.js'

/** What `lifeline.cjs` left for this program. */
interface Start {
  readonly binding: {
    readonly RawWorkerEndpoint: new (notify: () => void, useLoop: boolean) => RawWorkerEndpoint
    workerIdentity(): RawWorkerIdentity | null
  }
  readonly reportStartError: (error: unknown) => void
  readonly streams: OwnStreams
  readonly context: AsyncContext
}

const START_KEY = Symbol.for('millrace.start')
const start = Reflect.get(globalObject, START_KEY) as Start
Reflect.deleteProperty(globalObject, START_KEY)
// Node 20 has no compile cache. What comes out of it has no block coverage.
if ((process.env['NODE_V8_COVERAGE'] ?? '') === '')
  (module as { enableCompileCache?: () => void }).enableCompileCache?.()

const identity = start.binding.workerIdentity()
const workerId = identity?.workerId ?? 0
const { maxWorkerMemory } = JSON.parse(identity?.config ?? '{}') as Partial<WorkerConfig>
process.title = `millrace worker ${workerId}`
setPhase('running')
filterStacks(withoutOwnFrames)

const endpoint = new start.binding.RawWorkerEndpoint(wake, process.versions['bun'] === undefined)
// V8 calls the last of such callbacks only, and this option's is Node's own.
endpoint.watchHeap(!/heapsnapshot.near.heap.limit/.test(`${process.execArgv.join()} ${process.env['NODE_OPTIONS']}`))
const inbox = new Inbox((into) => endpoint.receive(into))
const outbox = new Outbox((frames, length) => endpoint.send(frames, length), new MemoryLimit(maxWorkerMemory))
const words = endpoint.statusBlock()
const claims = new Claims(words)
const unheard = new Unheard(words, () => endpoint.notifyAgain())
const registry = new Functions()
const turn = new Turn()
const cancelling = new Cancelling(listen)
const runner = new Runner(claims, outbox, turn, cancelling, new Isolation(start.context), workerId, resume)
provideCurrentTask(runner.current)
const pools = new Set<ClosePools>()
// The package that tasks import is another copy of this code.
Object.defineProperty(globalObject, Symbol.for('millrace.pools'), {
  value: pools,
  configurable: true,
  enumerable: false
})
const leaving = new Leaving(start.streams, pools, (error) => runner.interrupt(error))

/** A chunk is unfinished, a module is being loaded, or this process leaves: no frame is taken. */
let isBusy = false

/** The parent has notified this worker. */
function wake(): void {
  if (isBusy) {
    if (cancelling.isWanted) listen()
    return
  }
  turn.begin()
  work()
}

/** Hears what the parent says while a task runs. */
function listen(): void {
  inbox.readAhead(FRAME_CANCEL, (header, payload) => cancelling.cancel(header[FIELDS_AT] ?? 0, payload))
}

/** Goes on when the event loop has had its turn: with one immediate alone it would not hear signals and sockets in between. */
function afterTurn(goOn: () => void): void {
  setImmediate(() => setImmediate(goOn))
}

/** The event loop has had its turn. */
function takeTurn(): void {
  turn.begin()
  resume()
}

/** An unfinished chunk goes on. */
function resume(): void {
  if (turn.isOver()) {
    afterTurn(takeTurn)
    return
  }
  if (runChunk()) work()
}

/** Takes frames until there are none, or one of them has to be waited for. */
function work(): void {
  isBusy = false
  for (;;) {
    if (inbox.isEmpty) outbox.flush()
    if (!inbox.next()) {
      unheard.watch()
      return
    }
    if (!handleFrame()) return
    if (turn.isOver()) {
      isBusy = true
      outbox.flush()
      afterTurn(workOn)
      return
    }
  }
}

/** The event loop has had its turn between two frames. */
function workOn(): void {
  turn.begin()
  work()
}

/** True when the frame is done with. */
function handleFrame(): boolean {
  const { header } = inbox
  const id = header[FIELDS_AT] ?? 0
  switch (header[KIND]) {
    case FRAME_CHUNK:
      return startChunk(header)
    case FRAME_DEFINE:
      registry.define(id, inbox.payload)
      return true
    case FRAME_FORGET:
      registry.forget(id)
      return true
    case FRAME_CANCEL:
      // The chunk has ended: while it ran, whoever wanted to know has been told.
      return true
    case FRAME_LEAVE:
      outbox.flush()
      isBusy = true
      void leaving.leave()
      return false
    default:
      throw new Error(`the parent sent a frame of kind ${header[KIND]}`)
  }
}

function startChunk(header: Uint32Array): boolean {
  const [, , seq = 0, firstTask = 0, from = 0, count = 0, definition = 0, flags = 0] = header
  // The parent takes back what a retiring worker has not begun.
  if (outbox.isRetiring || !claims.beginChunk(seq)) return true
  const chunk: Chunk = { seq, firstTask, from, count, definition, flags }
  const begun = runner.begin(chunk, registry.isResolved(definition))
  if (begun !== BEGUN) return settle(begun)
  const { payload } = inbox
  const resolved = registry.resolve(definition)
  if (types.isPromise(resolved)) {
    isBusy = true
    outbox.flush()
    setPhase('loading')
    void afterwards(resolved, (loaded) => {
      setPhase('running')
      runner.start(payload, loaded)
      resume()
    })
    return false
  }
  runner.start(payload, resolved)
  return runChunk()
}

/** True when the chunk has ended. */
function runChunk(): boolean {
  const state = runner.run()
  if (state === YIELD) afterTurn(takeTurn)
  return settle(state)
}

function settle(state: number): boolean {
  // The parent is about to kill this worker. Where a task has overwritten the claim word, nobody else would.
  if (state === HALT) kill(process.pid, 'SIGKILL')
  isBusy = state !== DONE
  return state === DONE
}

/** Node tells of an error that nobody handles, and ends this process when this function has returned. */
function endByError(error: unknown): void {
  // A task or a preload has its own way with such errors.
  if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return
  // Another one may come from an exit handler.
  process.off('uncaughtExceptionMonitor', endByError)
  runner.interrupt(error)
}

/** The signals of service managers and of terminals that close. The user's handlers act beside this one. */
const LEAVE_SIGNALS = ['SIGTERM', 'SIGHUP'] as const
let isAsked = false

/** Somebody asks this process to end; it is the parent who lets it leave, when its task has ended. */
function retire(): void {
  if (isAsked) return
  isAsked = true
  runner.retire()
}

// Before this worker is ready it has nothing to lose, and ends by the signal.
if (process.platform !== 'win32') for (const signal of LEAVE_SIGNALS) process.on(signal, retire)
endpoint.sendReady()
process.off('uncaughtExceptionMonitor', start.reportStartError)
process.on('uncaughtExceptionMonitor', endByError)
// Nothing is there yet; from now on the parent rings.
wake()
