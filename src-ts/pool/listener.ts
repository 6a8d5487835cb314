import type { Backend, BackendListener } from '../backend/index.js'
import { reportWorkerExit, reportWorkerStart } from '../diagnostics/index.js'
import { WorkerInitError } from '../errors/index.js'
import type { CallRegistry } from './call-registry.js'
import type { Closing } from './closing.js'
import type { PoolInsights } from '../insights/index.js'
import type { PoolEventSource } from './events.js'
import type { Setups } from './setups.js'
import type { Traces } from './traces.js'
import type { WorkerOutput } from './worker-output.js'

/** Passes on what a back end tells. */
export function listenerOf(
  {
    events,
    output,
    insights,
    traces,
    number
  }: {
    readonly events: PoolEventSource
    readonly output: WorkerOutput | undefined
    readonly insights: PoolInsights | undefined
    readonly traces: Traces
    readonly number: number
  },
  calls: CallRegistry,
  closing: Closing,
  setups: Setups,
  backend: () => Backend | undefined
): BackendListener {
  return {
    find: (id) => {
      traces.current?.drain()
      return calls.find(id)
    },
    workerStart: (id, pid) => {
      traces.current?.workerStarted(id, pid)
      reportWorkerStart(number, id, pid)
      events.workerStarted(id, pid, () => backend()?.worker(id))
    },
    workerError: (error, worker) => events.workerFailed(error, worker),
    workerOutput: (...written) => output?.take(...written),
    workerExit: (worker, exit) => {
      insights?.ended(worker.id, worker.pid)
      traces.current?.workerExited(worker.id, worker.pid, exit)
      reportWorkerExit(number, worker.id, worker.pid, exit)
      events.workerExited(worker, exit)
    },
    setupFailed: (setup, failure) => {
      calls.failSetup(setup, (what) => new WorkerInitError(failure, what))
      setups.renew(setup)
    },
    exitResult: (value) => closing.exits.add(value),
    exitFailed: (failure) => closing.exits.fail(failure),
    failed: (reason) => events.poolFailed(closing.fail(reason)),
    closed: () => closing.onClosed()
  }
}
