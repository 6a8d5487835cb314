import { DataView } from '../primordials.js'

/**
 * The front of a chunk's payload: the index of its first item, as a double. A chunk of a pool with insights has a second double: when it
 * was made. Then the first one is -1 minus the index.
 */
const PLAIN_BYTES = 8
const DATED_BYTES = 16

/** @param date When the chunk was made, on the clock of `common-clock.ts`, or undefined if it does not say so. */
export function writeChunkHead(writer: { f64(value: number): void }, first: number, date: number | undefined): void {
  writer.f64(date === undefined ? first : -1 - first)
  if (date !== undefined) writer.f64(date)
}

function wordOf(payload: Uint8Array, at: number): number {
  return new DataView(payload.buffer, payload.byteOffset).getFloat64(at, true)
}

/** The first word, which the functions below read. */
export function chunkHead(payload: Uint8Array): number {
  return wordOf(payload, 0)
}

/** The index of the first item. */
export function firstIndex(head: number): number {
  return head < 0 ? -1 - head : head
}

/** Where the items begin. */
export function itemsAt(head: number): number {
  return head < 0 ? DATED_BYTES : PLAIN_BYTES
}

/** When the chunk was made, or undefined if it does not say so. */
export function madeAt(head: number, payload: Uint8Array): number | undefined {
  return head < 0 ? wordOf(payload, PLAIN_BYTES) : undefined
}
