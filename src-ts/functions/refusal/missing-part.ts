import { fileURLToPath } from 'node:url'
import { TaskFunctionError } from '../../errors/index.js'

/**
 * What a file of this package fails with that is loaded with the first function by value.
 * @param cause What Node said.
 * @returns `cause` itself where the file was there.
 */
export function missingPart(file: URL, cause: unknown): unknown {
  const { code } = cause as { readonly code?: unknown }
  if (code !== 'MODULE_NOT_FOUND' && code !== 'ENOENT') return cause
  return new TaskFunctionError(
    `${fileURLToPath(file)} is not there, a part of millrace that functions by value need: the package was removed or replaced while the program ran`,
    { cause }
  )
}
