/** The program of a worker process. It reads frames from one ring, runs their tasks, and writes outcomes into the other ring. */
import { types } from 'node:util'
import { Error, JSON, afterwards, kill, process, setImmediate } from '../primordials.js'
import {
  FIELDS_AT,
  FRAME_CANCEL,
  FRAME_CHUNK,
  FRAME_DEFINE,
  FRAME_FORGET,
  FRAME_LEAVE,
  FRAME_SETUP,
  HEADER_BYTES,
  LENGTH,
  type WorkerConfig,
  KIND,
  provideCurrentTask,
  setPhase
} from '../protocol/index.js'
import { filterStacks, MAX_MESSAGE_BYTES, provideRegions } from '../codec/index.js'
import { WorkerBlocks } from './blocks.js'
import type { Chunk } from './chunk.js'
import { Claims } from './claims.js'
import { countingSend, cpuMs, openFigures, peakBytes } from './figures.js'
import { GracefulExit } from './graceful-exit.js'
import { Inbox } from './inbox.js'
import { Isolation } from './isolation.js'
import { Observers } from './observers.js'
import { WorkerLife } from './life.js'
import { MemoryLimit, ResidentMemory } from './memory-limit.js'
import { withoutFramesOf } from './own-frames.js'
import { Outbox, type Send } from './outbox.js'
import { reportUnhandled, retireOnSignals } from './process-end.js'
import { Reports } from './reports.js'
import { BEGUN, DONE, HALT, YIELD } from './run-state.js'
import { memoryOf, PassedRegions } from './regions.js'
import { Runner } from './runner.js'
import { takeStart } from './start.js'
import { TaskCancellation } from './task-cancellation.js'
import { type Resolved, TaskFunctions } from './task-functions.js'
import { TaskInvoker } from './task-invoker.js'
import { TimeSlice } from './time-slice.js'
import { WakeupWatchdog } from './wakeup-watchdog.js'

const start = takeStart()
const identity = start.binding.workerIdentity()
const workerId = identity?.workerId ?? 0
const config = JSON.parse(identity?.config ?? '{}') as Partial<WorkerConfig>
process.title = `millrace worker ${workerId}`
setPhase('running')
filterStacks(withoutFramesOf([import.meta.url]))

const endpoint = new start.binding.RawWorkerEndpoint(wake, process.versions['bun'] === undefined)
// V8 calls only the last callback that was set. With this option Node sets its own.
endpoint.watchHeap(!/heapsnapshot.near.heap.limit/.test(`${process.execArgv.join()} ${process.env['NODE_OPTIONS']}`))
const inbox = new Inbox((into) => endpoint.receive(into))
const words = endpoint.statusBlock()
const { binding } = start
const fetchRegion = (id: number, bytes: number): ArrayBuffer => binding.fetchRegion(id, bytes)
const recorder = openFigures(config, workerId, fetchRegion)
const observers = new Observers(recorder, workerId, fetchRegion)
const memory = new ResidentMemory(words, recorder && ((bytes) => recorder.measured(peakBytes(bytes), cpuMs())))
memory.measure()
const blocks = new WorkerBlocks(endpoint)
provideRegions(memoryOf(binding))
const send: Send = (frames, length, isQuiet = false) => endpoint.send(frames, length, isQuiet)
const outbox = new Outbox(
  countingSend(send, recorder, blocks),
  new MemoryLimit(config.maxWorkerMemory, memory.measure),
  MAX_MESSAGE_BYTES,
  blocks,
  new PassedRegions((id) => binding.passRegion(id), binding.regionsPerOutcome())
)
const claims = new Claims(words)
const wakeupWatchdog = new WakeupWatchdog(words, () => endpoint.notifyAgain())
const functions = new TaskFunctions()
const timeSlice = new TimeSlice()
const cancellation = new TaskCancellation(readAhead)
const isolation = new Isolation(start.context)
const life = new WorkerLife(functions, workerId, isolation, true)
const invoker = new TaskInvoker(cancellation, isolation, workerId, life, blocks)
const runner = new Runner(claims, outbox, timeSlice, cancellation, invoker, resume, observers)
provideCurrentTask(runner.current)
const reports = new Reports(send)
const gracefulExit = new GracefulExit(start.streams, runExits, (error) => runner.interrupt(error, reports.fault))

/** True while a chunk is unfinished, a module is being loaded, or this process leaves. Then no frame is read. */
let isBusy = false

/** The parent has notified this worker. */
function wake(): void {
  if (isBusy) {
    if (cancellation.isWanted) readAhead()
    return
  }
  timeSlice.begin()
  work()
}

/** Reads frames while a task runs, in case the parent has cancelled it. */
function readAhead(): void {
  inbox.readAhead(FRAME_CANCEL, (header, payload) => cancellation.cancel(header[FIELDS_AT] ?? 0, payload))
}

/** Continues when the event loop has run. With a single immediate it would not see signals and sockets in between. */
function afterLoop(proceed: () => void): void {
  setImmediate(() => setImmediate(proceed))
}

/** The event loop has run while a chunk is unfinished. */
function resumeInNewSlice(): void {
  memory.measureIfDue()
  timeSlice.begin()
  resume()
}

/** Continues an unfinished chunk, or ends one. */
function resume(): void {
  if (timeSlice.isOver()) {
    // A timer of a task may end this process while the event loop runs.
    runner.flush()
    afterLoop(resumeInNewSlice)
    return
  }
  if (runChunk()) work()
}

/** Handles frames until there are none, or until one of them needs to wait. */
function work(): void {
  isBusy = false
  for (;;) {
    if (inbox.isEmpty) outbox.flush()
    if (!inbox.next()) {
      memory.measureIfDue()
      wakeupWatchdog.watch()
      return
    }
    if (!handleFrame()) return
    if (timeSlice.isOver()) {
      isBusy = true
      outbox.flush()
      afterLoop(workInNewSlice)
      return
    }
  }
}

/** The event loop has run between two frames. */
function workInNewSlice(): void {
  timeSlice.begin()
  work()
}

/** True if the frame is done with. */
function handleFrame(): boolean {
  const { header } = inbox
  const id = header[FIELDS_AT] ?? 0
  switch (header[KIND]) {
    case FRAME_CHUNK:
      return startChunk(header)
    case FRAME_DEFINE:
      functions.define(id, inbox.payload)
      return true
    case FRAME_FORGET:
      functions.forget(id)
      return true
    case FRAME_CANCEL:
      // The chunk has ended. While it ran, `readAhead` has shown this frame to its task.
      return true
    case FRAME_SETUP:
      life.use(id)
      return true
    case FRAME_LEAVE:
      outbox.flush()
      isBusy = true
      memory.measure()
      recorder?.leave()
      void gracefulExit.run()
      return false
    default:
      throw new Error(`the parent sent a frame of kind ${header[KIND]}`)
  }
}

/** Runs what calls have named for the end of this worker. */
async function runExits(): Promise<void> {
  if (!life.mayHaveExits) return
  await life.leave(reports)
  reports.exitDone()
}

function startChunk(header: Uint32Array): boolean {
  const [, , seq = 0, firstTask = 0, from = 0, count = 0, definition = 0, flags = 0] = header
  // The parent takes back what a retiring worker has not begun.
  if (outbox.isRetiring || !claims.beginChunk(seq)) return true
  recorder?.received(HEADER_BYTES + (header[LENGTH] ?? 0))
  const chunk: Chunk = { seq, firstTask, from, count, definition, flags }
  observers.follow(inbox.payload, flags)
  const { isReady } = life
  const begun = runner.begin(chunk, isReady, functions.isResolved(definition))
  if (begun !== BEGUN) return settle(begun)
  const { payload } = inbox
  const resolved = isReady ? functions.resolve(definition) : setUpAndLoad(definition)
  if (types.isPromise(resolved)) {
    isBusy = true
    outbox.flush()
    if (isReady) setPhase('loading')
    const onLoaded = (loaded: Resolved): void => {
      setPhase('running')
      runner.start(payload, loaded)
      // The first task is claimed. If the event loop ran now, an error that an earlier task has left would be its own.
      resumeInNewSlice()
    }
    void afterwards(resolved, onLoaded, (error: unknown) => {
      runner.failSetup(error)
      resume()
    })
    return false
  }
  runner.start(payload, resolved)
  return runChunk()
}

/** Rejects if this worker cannot be set up. */
async function setUpAndLoad(definition: number): Promise<Resolved> {
  await life.enter()
  runner.endSetup()
  setPhase('loading')
  return functions.resolve(definition)
}

/** True if the chunk has ended. */
function runChunk(): boolean {
  const state = runner.run()
  if (state === YIELD) afterLoop(resumeInNewSlice)
  return settle(state)
}

function settle(state: number): boolean {
  // The parent is about to kill this worker. If a task has overwritten the claim word, only the worker itself can.
  if (state === HALT) kill(process.pid, 'SIGKILL')
  isBusy = state !== DONE
  return state === DONE
}

retireOnSignals(() => runner.retire(reports.retirement))
endpoint.sendReady()
process.off('uncaughtExceptionMonitor', start.reportStartError)
reportUnhandled((error) => runner.interrupt(error, reports.fault))
// Whatever the parent has sent is read now. From here on it notifies.
wake()
