import { DataView } from '../primordials.js'

/**
 * The front of a chunk's payload: the index of its first item, as a double. A chunk of a pool with insights has a second double: when it
 * was made. Then the first one is -1 minus the index. In front of all that, a chunk of a pool that is traced has four doubles: infinity,
 * the region of the trace, its rows, and the number of the function's name.
 */
const PLAIN_BYTES = 8
const DATED_BYTES = 16
const TRACE_BYTES = 32
/** The last byte of infinity. No index has it. */
const TRACED = 0x7f

/** What the chunk of a traced pool says to its worker. */
export interface ChunkTrace {
  /** The first region of the trace. */
  readonly region: number
  /** The number of workers that have a row in it. */
  readonly rows: number
  /** The number of the function's name. */
  readonly name: number
}

/** Says what the chunks of a pool are to say. */
export interface TraceSource {
  /** The trace that is being written, if any. */
  readonly current: { chunkTrace(name: string): ChunkTrace } | undefined
}

/** @param date When the chunk was made, on the clock of `common-clock.ts`, or undefined if it does not say so. */
export function writeChunkHead(
  writer: { f64(value: number): void },
  first: number,
  date: number | undefined,
  trace: ChunkTrace | undefined
): void {
  if (trace !== undefined) {
    writer.f64(Infinity)
    writer.f64(trace.region)
    writer.f64(trace.rows)
    writer.f64(trace.name)
  }
  writer.f64(date === undefined ? first : -1 - first)
  if (date !== undefined) writer.f64(date)
}

function wordOf(payload: Uint8Array, at: number): number {
  return new DataView(payload.buffer, payload.byteOffset).getFloat64(at, true)
}

function headAt(payload: Uint8Array): number {
  return payload[7] === TRACED ? TRACE_BYTES : 0
}

/** What the chunk says about a trace, if one is being written. */
export function chunkTrace(payload: Uint8Array): ChunkTrace | undefined {
  if (payload[7] !== TRACED) return undefined
  return { region: wordOf(payload, 8), rows: wordOf(payload, 16), name: wordOf(payload, 24) }
}

/** The word that the functions below read. */
export function chunkHead(payload: Uint8Array): number {
  return wordOf(payload, headAt(payload))
}

/** The index of the first item. */
export function firstIndex(head: number): number {
  return head < 0 ? -1 - head : head
}

/** Where the items begin. */
export function itemsAt(head: number, payload: Uint8Array): number {
  return headAt(payload) + (head < 0 ? DATED_BYTES : PLAIN_BYTES)
}

/** When the chunk was made, or undefined if it does not say so. */
export function madeAt(head: number, payload: Uint8Array): number | undefined {
  return head < 0 ? wordOf(payload, headAt(payload) + PLAIN_BYTES) : undefined
}
