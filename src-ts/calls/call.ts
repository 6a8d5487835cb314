import type { OutcomeListener } from '../backend/index.js'
import { CALL_SHIFT } from '../protocol/index.js'

/** A call that is open. No method throws. */
export interface Call extends OutcomeListener {
  readonly id: number
  /** Goes on with what can be done now. Whatever fails in it ends the call. */
  advance(): void
  /** The pool closes: what was accepted goes on, nothing more is taken from a lazy input. */
  stopPulling(): void
}

/** A call is over: it settled, or its last result was handed over. */
export type CallEnd = (call: Call) => void

/** The flags of a call's chunks, with the low bits of its number above them. */
export function callFlags(id: number, flags: number): number {
  return (flags | (id << CALL_SHIFT)) >>> 0
}
