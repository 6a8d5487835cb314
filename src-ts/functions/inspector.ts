import { createRequire } from 'node:module'
import type * as Inspector from 'node:inspector'
import { TaskFunctionError } from '../errors.js'
import type { Position } from './positions.js'

const require = createRequire(import.meta.url)

/** Variables around a function, from the innermost scope outwards; those of the global object are not among them. */
export interface VariableScope {
  /** As the engine calls it: `Module`, `Closure`, `Block`, `Script`, `With Block`. */
  readonly kind: string
  /** A copy of the variables, as they are now. */
  readonly variables: Readonly<Record<string, unknown>>
}

/** Where a function stands: at its parameters, or at a constructor. */
export interface Location extends Position {
  readonly scriptId: string
}

/** Where a function stands, and what it sees. */
export interface Surroundings extends Location {
  readonly scopes: readonly VariableScope[]
}

/** A script as the engine knows it. */
export interface ScriptText {
  readonly url: string
  /** True for a module of this process's own loader. */
  readonly isModule: boolean
  readonly source: string
  /** What the engine calls the beginning of the source. */
  readonly first: Position
}

interface Remote {
  readonly objectId?: string
  readonly description?: string
  readonly value?: unknown
}

interface Property {
  readonly name: string
  readonly value?: Remote
}

type Post = (method: string, parameters?: object) => unknown

/** What this file and the engine hand to each other: a value of the program cannot be named in a message. */
interface Mailbox {
  fn: unknown
  found: object[]
}

interface Connection {
  readonly session: Inspector.Session
  readonly post: Post
  readonly mailbox: Mailbox
  readonly mailboxId: string
}

const MAILBOX = Symbol.for('millrace.mailbox')
const GROUP = 'millrace'
let connection: Connection | undefined

function makePost(session: Inspector.Session): Post {
  return (method, parameters = {}) => {
    let failure: Error | null = null
    let result: unknown
    // Answered before it returns: the engine is this process's own.
    session.post(method, parameters, (error: Error | null, answer?: object) => {
      failure = error
      result = answer
    })
    if (failure !== null) throw new Error(`${method} failed`, { cause: failure })
    return result
  }
}

function connect(): Connection {
  const inspector = require('node:inspector') as typeof Inspector
  const session = new inspector.Session()
  session.connect()
  const post = makePost(session)
  const mailbox: Mailbox = { fn: undefined, found: [] }
  // Through an object that every realm of the process shares: under Jest the globals of this file are not the engine's.
  const place = `process.getBuiltinModule('node:inspector')`
  Reflect.set(inspector, MAILBOX, mailbox)
  const expression = `${place}[Symbol.for('millrace.mailbox')]`
  const { result } = post('Runtime.evaluate', { expression }) as { result: Remote }
  Reflect.deleteProperty(inspector, MAILBOX)
  if (result.objectId === undefined) throw new Error('the inspector does not answer')
  return { session, post, mailbox, mailboxId: result.objectId }
}

function connected(called: string): Connection {
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

function properties(
  { post }: Connection,
  objectId: string
): {
  readonly result: readonly Property[]
  readonly internalProperties?: readonly Property[]
} {
  return post('Runtime.getProperties', { objectId, ownProperties: true }) as {
    result: Property[]
    internalProperties?: Property[]
  }
}

/** What the engine knows of a function beside its properties. */
function internalsOf(link: Connection, fn: object): (name: string) => Remote | undefined {
  const { post, mailbox, mailboxId: objectId } = link
  mailbox.fn = fn
  const declaration = { objectId, functionDeclaration: 'function () { return this.fn }', objectGroup: GROUP }
  const handle = (post('Runtime.callFunctionOn', declaration) as { result: Remote }).result.objectId
  const { internalProperties = [] } = handle === undefined ? {} : properties(link, handle)
  return (name) => internalProperties.find((found) => found.name === name)?.value
}

function toLocation(place: unknown): Location | undefined {
  if (place === undefined) return undefined
  const { scriptId, lineNumber, columnNumber } = place as { scriptId: string; lineNumber: number; columnNumber: number }
  return { scriptId, line: lineNumber, column: columnNumber }
}

function readScopes(link: Connection, fn: object): Surroundings | undefined {
  const { post, mailbox, mailboxId: objectId } = link
  const internal = internalsOf(link, fn)
  const scopeList = internal('[[Scopes]]')?.objectId
  const location = toLocation(internal('[[FunctionLocation]]')?.value)
  if (scopeList === undefined || location === undefined) return undefined
  const kinds: string[] = []
  for (const { value } of properties(link, scopeList).result) {
    if (value?.objectId === undefined || value.description === undefined) continue
    const kind = value.description.replace(/ \(.*\)$/, '')
    if (kind === 'Global') continue
    post('Runtime.callFunctionOn', {
      objectId: value.objectId,
      functionDeclaration: 'function (mailbox) { mailbox.found.push(this.object) }',
      arguments: [{ objectId }],
      objectGroup: GROUP
    })
    kinds.push(kind)
  }
  const scopes = mailbox.found.map((variables, index) => ({
    kind: kinds[index] ?? '',
    variables: variables as Record<string, unknown>
  }))
  return { ...location, scopes }
}

/**
 * Where a function stands and the variables it sees; undefined for one that has neither, such as a native one. 0.2 to 1 ms.
 * @throws TaskFunctionError where this process has no inspector.
 */
export function lookAround(fn: object, called: string): Surroundings | undefined {
  return ask(connected(called), (link) => readScopes(link, fn))
}

/** Where a function stands; undefined for a native one. Below 0.1 ms. @throws TaskFunctionError without an inspector. */
export function locate(fn: object): Location | undefined {
  return ask(connected('the function'), (link) => toLocation(internalsOf(link, fn)('[[FunctionLocation]]')?.value))
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

interface ScriptEvent {
  readonly params: {
    readonly scriptId: string
    readonly url: string
    readonly startLine: number
    readonly startColumn: number
    readonly isModule?: boolean
    readonly executionContextAuxData?: { readonly isDefault?: boolean }
  }
}

/** The script of an id. 3 to 40 ms: the engine tells of every script there is. */
export function readScript(scriptId: string): ScriptText | undefined {
  const { session, post } = connected('the function')
  let found: ScriptEvent['params'] | undefined
  const listen = ({ params }: ScriptEvent): void => {
    if (params.scriptId === scriptId) found = params
  }
  session.on('Debugger.scriptParsed', listen as never)
  try {
    post('Debugger.enable')
    if (found === undefined) return undefined
    const { scriptSource: source } = post('Debugger.getScriptSource', { scriptId }) as { scriptSource: string }
    const isModule = found.isModule === true && found.executionContextAuxData?.isDefault === true
    return { url: found.url, isModule, source, first: { line: found.startLine, column: found.startColumn } }
  } finally {
    session.off('Debugger.scriptParsed', listen as never)
    post('Debugger.disable')
  }
}
