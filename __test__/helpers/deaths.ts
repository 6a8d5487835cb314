interface Death {
  readonly exitCode: number | null
  readonly signal: string | null
}

const isWindows = process.platform === 'win32'

function death(signal: string, exitCode: number): Death {
  return isWindows ? { exitCode, signal: null } : { exitCode: null, signal }
}

/** What is known of a process that something else has killed, or that has killed itself. Windows has exit codes in place of signals. */
export const KILLED = death('SIGKILL', 1)
/** What the pool says of a worker that it has killed, on every system. */
export const KILLED_BY_POOL: Death = { exitCode: null, signal: 'SIGKILL' }
/** What is known of a process that has called `process.abort`. */
export const ABORTED = death('SIGABRT', 134)

const words = ({ exitCode, signal }: Death): string =>
  signal === null ? `exited with code ${exitCode}` : `was killed by ${signal}`

/** What messages say of {@linkcode KILLED}. */
export const WAS_KILLED = words(KILLED)
/** What messages say of {@linkcode ABORTED}. */
export const WAS_ABORTED = words(ABORTED)
