import type { Backend, BackendListener } from '../index.js'
import { libraryPath, makeRoomForDescriptors, workerFiles } from '../../binding.js'
import { describeLaunch } from '../../launch/index.js'
import { NativeBackend } from './local-backend.js'
import type { PoolSettings, PoolSize } from '../../options/index.js'
import { JSON, process } from '../../primordials.js'
import { build, type WorkerConfig } from '../../protocol/index.js'

/**
 * Decides how the workers of a pool are started, from the current directory and environment.
 * @param figures Where the figures of insights are.
 * @returns a function that makes the back end, which starts no process before it has work
 * @throws TypeError, `ERR_POOL_INVALID_OPTION`, without `execPath` in a single-executable app, in Bun or in Deno
 */
export function prepareLocalBackend(
  settings: PoolSettings,
  figures: WorkerConfig['figures']
): (listener: BackendListener, size: PoolSize) => Backend {
  const launch = describeLaunch(settings, {
    ...workerFiles,
    addon: libraryPath()
  })
  // The program does something else until the first call.
  makeRoomForDescriptors()
  const { daemon, maxWorkerMemory, idleTimeout } = settings
  const isPiped = settings.stdio === 'pipe'
  const workerConfig: WorkerConfig = {
    daemon,
    build,
    isPiped,
    // With `execPath` the user has chosen another one.
    ...(settings.execPath === undefined ? { node: process.version } : {}),
    ...(maxWorkerMemory === undefined ? {} : { maxWorkerMemory }),
    ...(figures === undefined ? {} : { figures })
  }
  const options = {
    program: launch.program,
    args: [...launch.args],
    env: [...launch.env],
    ...(launch.cwd === undefined ? {} : { cwd: launch.cwd }),
    quiet: launch.quiet,
    piped: isPiped,
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    startTimeout: settings.workerStartTimeout,
    workerConfig: JSON.stringify(workerConfig)
  }
  return (listener, { nJobs, cpuIds }) => {
    const cpus = cpuIds.map((set) => [...set])
    return new NativeBackend({ ...options, workerCount: nJobs, cpus }, listener)
  }
}
