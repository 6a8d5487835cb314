import type { Expression } from './from-source.js'
import type { ObjectPlan, Slot } from './graph.js'
import type { SourceLocation } from '../stacks/location.js'

/** An export of a module, which the worker imports. */
export interface ShippedModule {
  readonly kind: 'module'
  /** A complete URL: `file:`, `data:` or `node:`. */
  readonly url: string
  /** The export; absent for the default one. */
  readonly name?: string | undefined
  /** Set for a CommonJS module that the parent has by `require`. */
  readonly isRequired?: true
}

/** A native function that every process has at the same path. */
export interface ShippedGlobal {
  readonly kind: 'global'
  /** The path from the global object: `['Math', 'sqrt']`. */
  readonly path: readonly string[]
}

/** A function by its source. */
export interface ShippedSource {
  readonly kind: 'source'
  /** The function's own `name` and `length` in the parent. Absent if they are not a string and a count. */
  readonly name: string | undefined
  readonly length: number | undefined
  /** A script whose value is a factory, which takes the helpers in their order and returns the function. */
  readonly code: string
  /** Added to the columns of the first line, so that a stack counts from the start of the user's text. */
  readonly columnOffset: number
  /** Where the text stands in its file; absent in a worker, where nobody debugs it there. */
  readonly location?: SourceLocation
  /** Names that transpilers and the by-source form itself need, given to the factory. */
  readonly helpers: readonly string[]
  /** Every global that the function uses. The worker checks that it has them before it runs anything. */
  readonly globals: readonly string[]
}

/** An expression with the value of a function or class. */
export interface ShippedText extends Omit<Expression, 'skipped'> {
  /** The location of `text` in the parent. Absent if it is unknown. */
  readonly location?: SourceLocation | undefined
}

/** A function with what it captures. */
export interface ShippedClosure {
  readonly kind: 'closure'
  readonly name: string | undefined
  /** A script whose value is a factory, which takes the values in their order and returns the functions, the requested one first. */
  readonly code: string
  /** The texts that replace `eval($mrT[i])` in the script. */
  readonly texts: readonly ShippedText[]
  readonly values: readonly Slot[]
  /** Objects that the values name by their number. */
  readonly objects: readonly ObjectPlan[]
  /** Of each function, as they were in the parent. */
  readonly labels: readonly (readonly [name: string | undefined, length: number | undefined])[]
  /** Every global that one of the functions uses. */
  readonly globals: readonly string[]
}

/** The JSON of one function that crosses the process boundary. */
export type Shipped = ShippedModule | ShippedGlobal | ShippedSource | ShippedClosure
