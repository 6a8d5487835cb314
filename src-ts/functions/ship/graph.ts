import type { FunctionAnalysis } from '../capture/analysis.js'
import type { BuiltInPath } from '../reference/built-ins.js'
import type { SourceLocation } from '../stacks/location.js'

/** How a worker comes by the value of a variable. */
export type Slot =
  | BuiltInPath
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
  /** What reads an import that may change: a function, which has it as its property `v` too. */
  | {
      readonly t: 'live'
      readonly base: string
      readonly specifier: string
      readonly name: string
      readonly attributes: Readonly<Record<string, string>>
    }
  /** The export of a module that is loaded here; the default one without a name. */
  | { readonly t: 'export'; readonly url: string; readonly name?: string | undefined; readonly isRequired?: true }
  /** What `task()` makes, or with `isNamespace` what `tasks()` does. */
  | {
      readonly t: 'reference'
      readonly url: string
      readonly name?: string | undefined
      readonly isNamespace: boolean
    }
  /** What `require()` of a file gives. */
  | { readonly t: 'file'; readonly path: string }
  /** The `require` of a file. */
  | { readonly t: 'require'; readonly base: string }
  /** A placeholder that a text needs: {@linkcode isHelper}, `import()`, `import.meta`. */
  | { readonly t: 'helper'; readonly name: string; readonly base: string; readonly called: string }
  /** An object that is made piece by piece. */
  | { readonly t: 'object'; readonly at: number }
  /** What the class or constructor has as its prototype. */
  | { readonly t: 'prototype'; readonly of: Slot }
  /** A symbol of the language, or a registered one. */
  | { readonly t: 'symbol'; readonly key: string; readonly isRegistered: boolean }
  /** A symbol that is made once for the graph. */
  | { readonly t: 'own symbol'; readonly at: number; readonly description: string | undefined }
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
export interface ClosureNode {
  readonly analysis: FunctionAnalysis
  /** Where the text of its expression stands, if that is known. */
  readonly location: SourceLocation | undefined
  /** Index of its innermost scope; -1: none. */
  readonly scope: number
  /** Globals that the worker must have. */
  readonly globals: readonly string[]
  /** In the order of the text's placeholders. */
  readonly helpers: readonly Slot[]
  /** What a class extends, or a function that stands for one. */
  readonly superclass: Slot | undefined
  /** The constructor whose prototype that of the function inherits from. */
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
  /** Of an accessor, which is copied and not run, `value` is absent. */
  readonly value?: Slot
  readonly get?: Slot
  readonly set?: Slot
}

/** A property of a function that its text does not make. */
export interface Added extends PlannedProperty {
  readonly on: 'itself' | 'prototype'
  readonly key: string
}

/** An object that is made piece by piece, since cloning it would lose a part of it: functions, its class, accessors. */
export interface ObjectPlan {
  readonly kind: 'object' | 'array' | 'map' | 'set' | 'error' | 'copy' | 'bound'
  /** The clone that a `copy` starts from: of a Date, or of anything whose properties the codec keeps. */
  readonly copy?: Slot
  /** Absent for that of the language. */
  readonly prototype?: Slot
  /** Of a Map keys and values in turn, of a Set its members; of a bound function what it calls, its `this`, its arguments. */
  readonly entries: readonly Slot[]
  readonly properties: readonly PlannedProperty[]
  /** Of an array, which may have holes at its end. */
  readonly length?: number
  /** What cannot be changed of it, as the language says it; absent where all can. */
  readonly integrity?: 'frozen' | 'sealed' | 'fixed'
}

/** A piece of captured data. */
export interface CapturedData {
  /** The variable that leads to it. */
  readonly variable: string
  /** Where it is, from the variable on. */
  readonly path: string
  readonly value: unknown
}

/** A function with all that it needs. The first member is the function itself. */
export interface Graph {
  readonly members: readonly ClosureNode[]
  readonly scopes: readonly Scope[]
  readonly data: readonly CapturedData[]
  readonly objects: readonly ObjectPlan[]
  /** `fixed`: nothing of it can change. `contents`: objects may change inside; `variables`: variables may. */
  readonly cacheability: 'fixed' | 'contents' | 'variables'
}
