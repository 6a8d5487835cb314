import { fileURLToPath } from 'node:url'
import { TaskFunctionError } from '../errors/index.js'

/**
 * What the library fails with if a file of this package is missing that it loads on demand.
 * @param cause What Node said.
 * @returns `cause` itself where the file was there.
 */
export function missingFile(file: URL, cause: unknown): unknown {
  const { code } = cause as { readonly code?: unknown }
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ENOENT') return cause
  return new TaskFunctionError(
    `${fileURLToPath(file)} is missing: the package was removed or replaced while the program ran. millrace needs this file for functions by value, nJobs: 0 and progress bars`,
    { cause }
  )
}
