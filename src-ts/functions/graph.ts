import type { Anatomy } from './anatomy.js'
import type { BuiltInPlace } from './built-ins.js'
import type { Place } from './place.js'

/** How a worker comes by the value of a variable. */
export type Slot =
  | BuiltInPlace
  /** Cloned. */
  | { readonly t: 'data'; readonly at: number }
  /** A function or class of the graph. */
  | { readonly t: 'fn'; readonly at: number }
  /** What an import of a module means; `*` is the namespace. */
  | {
      readonly t: 'import'
      readonly base: string
      readonly specifier: string
      readonly name: string
      readonly attributes: Readonly<Record<string, string>>
    }
  /** The export of a module that is loaded here; the default one without a name. */
  | { readonly t: 'export'; readonly url: string; readonly name?: string | undefined; readonly isRequired?: true }
  /** What `require()` of a file gives. */
  | { readonly t: 'file'; readonly path: string }
  /** The `require` of a file. */
  | { readonly t: 'require'; readonly base: string }
  /** A stand-in that a text needs: {@linkcode isHelper}, `import()`, `import.meta`. */
  | { readonly t: 'helper'; readonly name: string; readonly base: string; readonly called: string }
  /** An object with no more than the members that are used. */
  | { readonly t: 'members'; readonly of: Readonly<Record<string, Slot>> }

/** A variable of a scope. */
export interface Variable {
  readonly name: string
  readonly slot: Slot
}

/** Variables that functions share. */
export interface Scope {
  /** Index of the scope around it; -1: none. */
  readonly parent: number
  readonly variables: Variable[]
}

/** A function or class that travels by its source. */
export interface Member {
  readonly anatomy: Anatomy
  /** Where the text of its expression stands, if that is known. */
  readonly place: Place | undefined
  /** Index of its innermost scope; -1: none. */
  readonly scope: number
  /** Globals that the worker must have. */
  readonly globals: readonly string[]
  /** In the order of the text's stand-ins. */
  readonly helpers: readonly Slot[]
  /** What a class extends, or a function that stands for one. */
  readonly heritage: Slot | undefined
  /** The constructor whose prototype that of the function inherits from. */
  readonly prototypeOf: Slot | undefined
  readonly added: readonly Added[]
}

/** A property that the text does not make. */
export interface Added {
  readonly on: 'itself' | 'prototype'
  readonly key: string
  readonly isEnumerable: boolean
  readonly slot: Slot
}

/** A piece of captured data. */
export interface CapturedData {
  readonly name: string
  readonly value: unknown
}

/** A function with all that it needs. The first member is the function itself. */
export interface Graph {
  readonly members: readonly Member[]
  readonly scopes: readonly Scope[]
  readonly data: readonly CapturedData[]
  /** `fixed`: nothing of it can change. `contents`: objects may change inside; `variables`: variables may. */
  readonly freshness: 'fixed' | 'contents' | 'variables'
}
