import type { Region } from '../codec/index.js'
import { JSON, Object, Uint8Array } from '../primordials.js'
import type { Shipped } from './ship/shipped.js'

/** A function, ready to travel. */
export interface FunctionDefinition {
  /** Equal keys mean the same function: it is sent to a worker once. */
  readonly key: string
  /** For messages: the function's or export's name, `default`, or `(anonymous)`. */
  readonly name: string
  /** What the worker makes the function of. */
  readonly json: string
  /** The values that it captures, as the codec writes them. */
  readonly data: Uint8Array
  /** The regions that these values refer to. */
  readonly regions: readonly Region[]
  /** Made for one call, since what it captures may be different in the next one. */
  readonly isTransient: boolean
}

const NO_DATA = new Uint8Array()

/** The definition of a function that captures no values. */
export function define(shipped: Shipped, name: string): FunctionDefinition {
  const json = JSON.stringify(shipped)
  return Object.freeze({ key: json, name, json, data: NO_DATA, regions: [], isTransient: false })
}

/** A function that every worker has. */
export const ANY_FUNCTION: FunctionDefinition = define({ kind: 'global', path: ['Boolean'] }, 'Boolean')
