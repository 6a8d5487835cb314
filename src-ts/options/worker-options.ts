import { invalidOptionBecause } from '../errors/index.js'
import type { OptionValues } from './checks.js'
import { readInteger } from './checks.js'

/** Node does not start with much less. */
const LEAST_HEAP = 16 * 1024 * 1024

/**
 * Reads the option `maxHeap`, in bytes.
 * @throws TypeError or RangeError that names it
 */
export function readMaxHeap(values: OptionValues): number | undefined {
  const bytes = readInteger(values, 'maxHeap', 1)
  if (bytes === undefined || bytes >= LEAST_HEAP) return bytes
  throw invalidOptionBecause('range', 'maxHeap', bytes, `a heap needs at least ${LEAST_HEAP} bytes (16 MiB)`)
}
