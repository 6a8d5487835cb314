import type { FunctionAnalysis } from '../capture/analysis.js'
import type { BuiltInPath } from '../reference/built-ins.js'
import type { SourceLocation } from '../stacks/location.js'

/** How a worker gets the value of a variable. */
export type Slot =
  | BuiltInPath
  /** Cloned. */
  | { readonly t: 'data'; readonly at: number }
  /** A function or class of the graph. */
  | { readonly t: 'fn'; readonly at: number }
  /** An import of a module; `*` is the namespace. */
  | {
      readonly t: 'import'
      readonly base: string
      readonly specifier: string
      readonly name: string
      readonly attributes: Readonly<Record<string, string>>
    }
  /** A function that reads an import that may change. Its property `v` reads it too. */
  | {
      readonly t: 'live'
      readonly base: string
      readonly specifier: string
      readonly name: string
      readonly attributes: Readonly<Record<string, string>>
    }
  /** An export of a module that is loaded in the parent; without a name the default export. */
  | { readonly t: 'export'; readonly url: string; readonly name?: string | undefined; readonly isRequired?: true }
  /** A reference from `task()`, or with `isNamespace` from `tasks()`. */
  | {
      readonly t: 'reference'
      readonly url: string
      readonly name?: string | undefined
      readonly isNamespace: boolean
    }
  /** The result of `require()` of a file. */
  | { readonly t: 'file'; readonly path: string }
  /** The `require` of a file. */
  | { readonly t: 'require'; readonly base: string }
  /** A placeholder that a text needs: {@linkcode isHelper}, `import()`, `import.meta`. */
  | { readonly t: 'helper'; readonly name: string; readonly base: string; readonly called: string }
  /** An object that is made piece by piece. */
  | { readonly t: 'object'; readonly at: number }
  /** The `prototype` of a class or constructor. */
  | { readonly t: 'prototype'; readonly of: Slot }
  /** A symbol of the language, or a registered one. */
  | { readonly t: 'symbol'; readonly key: string; readonly isRegistered: boolean }
  /** A symbol that is made once for the graph. */
  | { readonly t: 'own symbol'; readonly at: number; readonly description: string | undefined }
  /** An object with only the members that are used. */
  | { readonly t: 'members'; readonly of: Readonly<Record<string, Slot>> }

/** A variable of a scope. */
export interface Variable {
  readonly name: string
  readonly slot: Slot
}

/** Variables that functions share. */
export interface Scope {
  /** The index of the scope around it, or -1. */
  readonly parent: number
  readonly variables: Variable[]
}

/** A function or class that is sent by its source. */
export interface ClosureNode {
  readonly analysis: FunctionAnalysis
  /** The location of the text of its expression, if it is known. */
  readonly location: SourceLocation | undefined
  /** The index of its innermost scope, or -1. */
  readonly scope: number
  /** Globals that the worker must have. */
  readonly globals: readonly string[]
  /** In the order of the text's placeholders. */
  readonly helpers: readonly Slot[]
  /** The superclass of a class, or of a function that acts as a class. */
  readonly superclass: Slot | undefined
  /** The constructor whose `prototype` the prototype of the function inherits from. */
  readonly prototypeOf: Slot | undefined
  readonly added: readonly Added[]
}

/** A property of an object that is made piece by piece. */
export interface PlannedProperty {
  /** A symbol by its slot. */
  readonly key: string | Slot
  readonly isEnumerable: boolean
  readonly isConfigurable: boolean
  /** False also for accessors. */
  readonly isWritable: boolean
  /** Absent for an accessor, which is copied and not run. */
  readonly value?: Slot
  readonly get?: Slot
  readonly set?: Slot
}

/** A property of a function that the function's text does not make. */
export interface Added extends PlannedProperty {
  readonly on: 'itself' | 'prototype'
  readonly key: string
}

/** An object that is made piece by piece, because cloning would lose a part of it: functions, its class, accessors. */
export interface ObjectPlan {
  readonly kind: 'object' | 'array' | 'map' | 'set' | 'error' | 'copy' | 'bound'
  /** The clone that a `copy` starts from: of a Date, or of anything whose properties the codec keeps. */
  readonly copy?: Slot
  /** Absent for a prototype of the language. */
  readonly prototype?: Slot
  /** For a Map alternating keys and values. For a Set its members. For a bound function its target, its `this` and its arguments. */
  readonly entries: readonly Slot[]
  readonly properties: readonly PlannedProperty[]
  /** The length of an array, which may have holes at its end. */
  readonly length?: number
  /** Its integrity level in the terms of the language. Absent if everything can be changed. */
  readonly integrity?: 'frozen' | 'sealed' | 'fixed'
}

/** A piece of captured data. */
export interface CapturedData {
  /** The variable that leads to it. */
  readonly variable: string
  /** The path to it, beginning with the variable. */
  readonly path: string
  readonly value: unknown
}

/** A function with everything that it needs. The first member is the function itself. */
export interface Graph {
  readonly members: readonly ClosureNode[]
  readonly scopes: readonly Scope[]
  readonly data: readonly CapturedData[]
  readonly objects: readonly ObjectPlan[]
  /** `fixed`: nothing in it can change. `contents`: objects in it may change. `variables`: variables may change. */
  readonly cacheability: 'fixed' | 'contents' | 'variables'
}
