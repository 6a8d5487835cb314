/** How a process has ended, for messages: by the exit code or the signal that is known. */
export function describeEnd(exitCode: number | null, signal: string | null): string {
  if (signal !== null) return `was killed by ${signal}`
  return exitCode === null ? 'ended' : `exited with code ${describeCode(exitCode)}`
}

/** A program exits with at most 255. A larger code is a status of Windows, which is known by its hexadecimal form. */
function describeCode(exitCode: number): string {
  return exitCode < 256 ? `${exitCode}` : `${exitCode} (0x${exitCode.toString(16).toUpperCase()})`
}
