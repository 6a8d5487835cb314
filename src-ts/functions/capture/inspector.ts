import { createRequire } from 'node:module'
import type * as Inspector from 'node:inspector'
import { TaskFunctionError } from '../../errors/index.js'
import { Error, Object, Reflect, withOriginalGlobals } from '../../primordials.js'
import { GET_MAILBOX, MAILBOX, TAKE_SCOPES } from './inspector-code.js'
import type { Position } from '../analyze/positions.js'

const require = createRequire(import.meta.url)

/** The variables around a function, from the innermost scope outward, without those of the global object. */
export interface VariableScope {
  /** The engine's name for it: `Module`, `Closure`, `Block`, `Script`, `With Block`. */
  readonly kind: string
  /** A copy of the current values of the variables. */
  readonly variables: Readonly<Record<string, unknown>>
}

/** The value of a variable. Absent if it has none yet, as far as the engine tells. Until Node 22 the engine reports undefined then. */
export function readVariable({ variables }: VariableScope, name: string): { readonly value: unknown } | undefined {
  try {
    return { value: variables[name] }
  } catch {
    return undefined
  }
}

/** The position of a function: that of its parameters, or of a constructor. */
export interface Location extends Position {
  readonly scriptId: string
}

/** The position of a function, and the variables that it sees. */
export interface Surroundings extends Location {
  readonly scopes: readonly VariableScope[]
}

interface Remote {
  readonly objectId?: string
  readonly description?: string
  readonly value?: unknown
  readonly unserializableValue?: string
}

interface Property {
  readonly name: string
  readonly value?: Remote
}

/** Asks the engine. */
export type Post = (method: string, parameters?: object) => unknown

/** An object that this file and the engine use to exchange values, because a message cannot name a value of the program. */
interface Mailbox {
  fn: unknown
  found: VariableScope[]
}

/** A connection to the engine of this process. */
export interface Connection {
  readonly session: Inspector.Session
  readonly post: Post
  readonly mailbox: Mailbox
  readonly mailboxId: string
}

const GROUP = 'millrace'
let connection: Connection | undefined

function makePost(session: Inspector.Session): Post {
  return (method, parameters = {}) => {
    let failure: Error | null = null
    let result: unknown
    // The answer comes before `post` returns, because the engine is in this process.
    session.post(method, parameters, (error: Error | null, answer?: object) => {
      failure = error
      result = answer
    })
    if (failure !== null) throw new Error(`${method} failed`, { cause: failure })
    return result
  }
}

function connect(): Connection {
  const inspector = withOriginalGlobals(() => require('node:inspector') as typeof Inspector)
  const session = new inspector.Session()
  session.connect()
  const post = makePost(session)
  const mailbox: Mailbox = { fn: undefined, found: [] }
  // The object is one that all realms of the process share, because under Jest the globals of this file are not the engine's.
  Reflect.set(inspector, MAILBOX, mailbox)
  const { result } = post('Runtime.evaluate', { expression: GET_MAILBOX, includeCommandLineAPI: true }) as {
    result: Remote
  }
  Reflect.deleteProperty(inspector, MAILBOX)
  if (result.objectId === undefined) throw new Error('the inspector does not answer')
  return { session, post, mailbox, mailboxId: result.objectId }
}

/** @throws TaskFunctionError if this process has no inspector */
export function connected(called: string): Connection {
  try {
    connection ??= connect()
    return connection
  } catch (error) {
    throw new TaskFunctionError(
      `${called} uses variables from around it, and this process has no inspector to read them with: export the function ` +
        `from a module and name it with task(url, 'name'), or give the variables with { context: { ... } }`,
      { cause: error }
    )
  }
}

/** The internal properties of a function. */
function internalsOf(
  { post, mailbox, mailboxId: objectId }: Connection,
  fn: unknown
): (name: string) => Remote | undefined {
  mailbox.fn = fn
  const declaration = { objectId, functionDeclaration: 'function () { return this.fn }', objectGroup: GROUP }
  const handle = (post('Runtime.callFunctionOn', declaration) as { result: Remote }).result.objectId
  if (handle === undefined) return () => undefined
  const { internalProperties = [] } = post('Runtime.getProperties', { objectId: handle, ownProperties: true }) as {
    internalProperties?: Property[]
  }
  return (name) => internalProperties.find((found) => found.name === name)?.value
}

/** The function that a bound function calls. */
export interface Bound {
  readonly target: object
  readonly self: unknown
  readonly args: readonly unknown[]
}

const TAKE_BOUND = `function (target, self, args) { this.found = [target, self, args] }`

/** The parts of a bound function. undefined for any other function. */
export function readBound(fn: object): Bound | undefined {
  return ask(connected('the function'), (link) => {
    const internal = internalsOf(link, fn)
    const parts = ['[[TargetFunction]]', '[[BoundThis]]', '[[BoundArgs]]'].map(internal)
    if (parts[0]?.objectId === undefined) return undefined
    link.post('Runtime.callFunctionOn', {
      objectId: link.mailboxId,
      functionDeclaration: TAKE_BOUND,
      arguments: parts.map((part) => {
        const { objectId, value, unserializableValue } = part ?? {}
        return objectId === undefined ? { value, unserializableValue } : { objectId }
      }),
      objectGroup: GROUP
    })
    const [target, self, args] = link.mailbox.found as readonly unknown[]
    return { target: target as object, self, args: args as readonly unknown[] }
  })
}

function toLocation(value: unknown): Location | undefined {
  if (value === undefined) return undefined
  const { scriptId, lineNumber, columnNumber } = value as { scriptId: string; lineNumber: number; columnNumber: number }
  return { scriptId, line: lineNumber, column: columnNumber }
}

function readScopes(link: Connection, fn: object): Surroundings | undefined {
  const { post, mailbox, mailboxId: objectId } = link
  const internal = internalsOf(link, fn)
  const scopeList = internal('[[Scopes]]')?.objectId
  const location = toLocation(internal('[[FunctionLocation]]')?.value)
  if (scopeList === undefined || location === undefined) return undefined
  post('Runtime.callFunctionOn', {
    objectId: scopeList,
    functionDeclaration: TAKE_SCOPES,
    // Node writes it as JSON, which would call an Array.prototype.toJSON of the program.
    arguments: Object.assign([{ objectId }], { toJSON: undefined }),
    objectGroup: GROUP
  })
  const scopes = mailbox.found
    // FunctionText as `Closure (name)`.
    .map(({ kind, variables }) => ({ kind: kind.replace(/ \(.*$/s, ''), variables }))
    .filter(({ kind }) => kind !== 'Global')
  return { ...location, scopes }
}

/**
 * The position of a function and the variables that it sees. undefined for a function without them, such as a native one. Takes 0.2 to
 * 1 ms.
 * @throws TaskFunctionError if this process has no inspector
 */
export function lookAround(fn: object, called: string): Surroundings | undefined {
  return ask(connected(called), (link) => readScopes(link, fn))
}

/** The position of a function. undefined for a native one. Takes less than 0.1 ms. @throws TaskFunctionError without an inspector */
export function locate(fn: object): Location | undefined {
  return ask(connected('the function'), (link) => toLocation(internalsOf(link, fn)('[[FunctionLocation]]')?.value))
}

/** The state of a promise, without waiting: `pending`, `fulfilled` or `rejected`. undefined for any other value. */
export function readPromiseState(value: unknown): unknown {
  return ask(connected('the function'), (link) => internalsOf(link, value)('[[PromiseState]]')?.value)
}

function ask<T>(link: Connection, question: (link: Connection) => T): T {
  try {
    return question(link)
  } finally {
    link.mailbox.fn = undefined
    link.mailbox.found = []
    link.post('Runtime.releaseObjectGroup', { objectGroup: GROUP })
  }
}

/** Whether this process has an inspector. */
export function hasInspector(): boolean {
  try {
    connected('the function')
    return true
  } catch {
    return false
  }
}
