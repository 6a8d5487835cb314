import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Object } from '../../primordials.js'
import type { Slot } from '../ship/graph.js'

const require = createRequire(import.meta.url)

/** The file from which a `require` of Node resolves. undefined for any other value. */
function directoryOf(value: unknown): string | undefined {
  if (typeof value !== 'function' || Object.getOwnPropertyDescriptor(value, 'cache')?.value !== require.cache) {
    return undefined
  }
  const { resolve } = value as Partial<NodeJS.Require>
  return typeof resolve?.paths === 'function' ? resolve.paths('./')?.[0] : undefined
}

/**
 * How a `require` is sent: that of a CommonJS module, or one that `createRequire` has made for another file.
 * @param base The URL of the script that uses it, if it is known.
 */
export function requireSlot(value: unknown, base?: string): Slot | undefined {
  const directory = directoryOf(value)
  if (directory === undefined) return undefined
  // Only the directory matters. Errors name the file.
  const isOwn = base?.startsWith('file:') === true && dirname(fileURLToPath(base)) === directory
  return { t: 'require', base: isOwn ? base : pathToFileURL(join(directory, '[require]')).href }
}
