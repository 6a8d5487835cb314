import type { OutcomeListener } from '../backend/index.js'
import type { CallSetup } from './call-setup.js'
import { CALL_SHIFT } from '../protocol/index.js'

/** An open call. No method throws. */
export interface Call extends OutcomeListener {
  readonly id: number
  /** What its workers do before its tasks, if anything. */
  readonly setup: CallSetup | undefined
  /** Does everything that can be done now. Any failure in it ends the call. */
  advance(): void
  /** The pool closes. Accepted work goes on, and nothing more is pulled from a lazy input. */
  stopPulling(): void
}

/** Called when a call is over: it has settled, or its last result was handed over. */
export type CallEnd = (call: Call) => void

/** The flags of a call's chunks. The low bits of its number are above them. */
export function callFlags(id: number, flags: number): number {
  return (flags | (id << CALL_SHIFT)) >>> 0
}
