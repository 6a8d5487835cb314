import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { types } from 'node:util'
import { invalidOption } from '../../errors/index.js'
import { URL } from '../../primordials.js'

const ALLOWED =
  "a file:, data: or node: URL or an absolute path (for a path relative to this file: new URL('./x.js', import.meta.url))"

/** Whether a value is a URL object, of this or another realm. */
export function isUrl(value: unknown): value is URL {
  if (value instanceof URL) return true
  // The namespace that tasks() makes answers to any name.
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  return 'href' in value && typeof value.href === 'string' && 'protocol' in value && typeof value.protocol === 'string'
}

function isImportable(url: URL): boolean {
  if (url.protocol !== 'file:') return url.protocol === 'data:' || url.protocol === 'node:'
  try {
    return !fileURLToPath(url).includes('\0')
  } catch {
    // A host, or an encoded slash.
    return false
  }
}

/**
 * The complete URL of a module. The module is not loaded.
 * @param option The name of the value in the error.
 * @throws TypeError for anything but a string or URL, RangeError for a relative path or a foreign protocol,
 *   `ERR_POOL_INVALID_OPTION`
 */
export function locateModule(option: string, value: unknown): string {
  if (typeof value !== 'string' && !isUrl(value)) throw invalidOption('type', option, value, ALLOWED)
  if (typeof value === 'string' && isAbsolute(value) && !value.includes('\0')) return pathToFileURL(value).href
  const text = typeof value === 'string' ? value : value.href
  if (!URL.canParse(text)) throw invalidOption('range', option, value, ALLOWED)
  const url = new URL(text)
  if (!isImportable(url)) throw invalidOption('range', option, value, ALLOWED)
  return url.href
}
