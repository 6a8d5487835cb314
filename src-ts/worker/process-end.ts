import { process } from '../primordials.js'

/** The signals of service managers and of terminals that close. Handlers of the user act beside ours. */
const SIGNALS = process.platform === 'win32' ? (['SIGHUP'] as const) : (['SIGTERM', 'SIGHUP'] as const)

/**
 * Calls `retire` once, when a signal asks this process to end. The parent lets the worker leave when its task has ended. A signal that
 * comes before this call ends the process: a worker that is not ready has nothing to lose.
 */
export function retireOnSignals(retire: () => void): void {
  // A console reports Ctrl-Break to all its processes, and ends those that have no handler. The parent decides what it means.
  if (process.platform === 'win32') process.on('SIGBREAK', () => {})
  let isAsked = false
  const onSignal = (): void => {
    if (isAsked) return
    isAsked = true
    retire()
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
}

/** Calls `report` with an error that nobody handles. Node ends the process when `report` has returned. */
export function reportUnhandled(report: (error: unknown) => void): void {
  const onError = (error: unknown): void => {
    // A task or a preload handles such errors itself.
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return
    // An exit handler may throw another error.
    process.off('uncaughtExceptionMonitor', onError)
    report(error)
  }
  process.on('uncaughtExceptionMonitor', onError)
}
