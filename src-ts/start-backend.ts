import { fileURLToPath } from 'node:url'

import type { Backend, BackendListener } from './backend.js'
import { libraryPath } from './binding.js'
import { describeLaunch } from './launch/launch.js'
import { NativeBackend } from './native-backend.js'
import type { PoolSettings } from './options.js'
import { JSON, URL } from './primordials.js'
import type { PoolStats } from './types.js'
import type { Greeting } from './worker-mark.js'

/** Of a pool that has no backend yet. */
export const NO_TASKS: PoolStats = { submitted: 0, completed: 0, failed: 0, cancelled: 0, running: 0, queued: 0 }

/**
 * Describes how the workers of a pool are started, from the directory and the environment of this moment on.
 * @returns Makes the backend. It starts no process before it has work.
 * @throws TypeError, `ERR_POOL_INVALID_OPTION`, in a single-executable app without `execPath`.
 */
export function prepareBackend(settings: PoolSettings): (listener: BackendListener) => Backend {
  const launch = describeLaunch(settings, {
    lifeline: fileURLToPath(new URL('./worker/lifeline.cjs', import.meta.url)),
    worker: fileURLToPath(new URL('./worker/worker.mjs', import.meta.url)),
    addon: libraryPath()
  })
  const { daemon, maxWorkerMemory, idleTimeout } = settings
  const isPiped = settings.stdio === 'pipe'
  const greeting: Greeting = { daemon, isPiped, ...(maxWorkerMemory === undefined ? {} : { maxWorkerMemory }) }
  const options = {
    workerCount: settings.nJobs,
    cpus: settings.cpuIds.map((set) => [...set]),
    program: launch.program,
    args: [...launch.args],
    env: [...launch.env],
    ...(launch.cwd === undefined ? {} : { cwd: launch.cwd }),
    quiet: launch.quiet,
    piped: isPiped,
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    startTimeout: settings.workerStartTimeout,
    greeting: JSON.stringify(greeting)
  }
  return (listener) => new NativeBackend(options, listener)
}
