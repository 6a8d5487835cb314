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

/** A native function that every process has at the same place. */
export interface ShippedGlobal {
  readonly kind: 'global'
  /** Where it is, from the global object on: `['Math', 'sqrt']`. */
  readonly path: readonly string[]
}

/** A function by its source. */
export interface ShippedSource {
  readonly kind: 'source'
  /** The function's own `name` and `length` in the parent; absent where they hold no string, no count. */
  readonly name: string | undefined
  readonly length: number | undefined
  /** A script whose value is a factory: it takes the helpers in their order and returns the function. */
  readonly code: string
  /** Added to the columns of the first line, so that a stack counts from the start of the user's text. */
  readonly columnOffset: number
  /** Where the text stands in its file; absent in a worker, where nobody debugs it there. */
  readonly location?: SourceLocation
  /** Names that transpilers and the by-source form itself need, given to the factory. */
  readonly helpers: readonly string[]
  /** Every global that the function uses; the worker checks that it has them before it runs anything. */
  readonly globals: readonly string[]
}

/** An expression with the value of a function or class. */
export interface ShippedText extends Omit<Expression, 'skipped'> {
  /** Where `text` stands in the parent; absent where that is not known. */
  readonly location?: SourceLocation | undefined
}

/** A function with what it captures. */
export interface ShippedClosure {
  readonly kind: 'closure'
  readonly name: string | undefined
  /** A script whose value is a factory: it takes the values in their order and returns the functions, the wanted one first. */
  readonly code: string
  /** What its `eval($mrT[i])` stand for. */
  readonly texts: readonly ShippedText[]
  readonly values: readonly Slot[]
  /** Objects that the values name by their number. */
  readonly objects: readonly ObjectPlan[]
  /** Of each function, as they were in the parent. */
  readonly labels: readonly (readonly [name: string | undefined, length: number | undefined])[]
  /** Every global that one of the functions uses. */
  readonly globals: readonly string[]
}

/** What crosses the process boundary as JSON for one function. */
export type Shipped = ShippedModule | ShippedGlobal | ShippedSource | ShippedClosure
