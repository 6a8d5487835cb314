import { Array, Object } from '../primordials.js'

const SLOTS = 1024
const LONGEST = 24

const cached: (string | undefined)[] = Array.from({ length: SLOTS }, () => undefined)

function slotOf(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start] as number
  const middle = bytes[start + (length >> 1)] as number
  const last = bytes[start + length - 1] as number
  return (first * 31 + middle * 131 + last * 521 + length * 67) & (SLOTS - 1)
}

/**
 * A key of latin1 characters that was seen before. The cached string is unique within the engine, which makes it fast as the name of a
 * property. Names that Object.prototype has are never cached.
 */
export function cachedKey(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (length === 0 || length > LONGEST) return undefined
  const key = cached[slotOf(bytes, start, length)]
  if (key === undefined || key.length !== length) return undefined
  for (let i = 0; i < length; i++) if (key.charCodeAt(i) !== bytes[start + i]) return undefined
  return key
}

/** Caches a key, and replaces the one that had its slot. */
export function cacheKey(bytes: Uint8Array, start: number, key: string): void {
  if (key.length > 0 && key.length <= LONGEST && !(key in Object.prototype)) {
    cached[slotOf(bytes, start, key.length)] = key
  }
}
