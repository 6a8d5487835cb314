import { types } from 'node:util'
import { TaskFunctionError } from '../errors/index.js'
import { Buffer, JSON, Object, WeakMap } from '../primordials.js'
import { type FunctionAnalysis, analyze } from './capture/analysis.js'
import { addedProperties } from './capture/added.js'
import { type BuiltInPath, builtInPath } from './reference/built-ins.js'
import { areStillData } from './capture/captured-objects.js'
import { Capture, type GivenNames } from './capture/capture.js'
import { define, type FunctionDefinition } from './definition.js'
import { describeFunction } from './analyze/function-text.js'
import { exportOf, isCommonJsExport } from './reference/exports.js'
import { Cacheability } from './capture/cacheability.js'
import { isPlaceless, isSelfContained, shipSource } from './ship/from-source.js'
import type { Graph, ClosureNode } from './ship/graph.js'
import { hasInspector } from './capture/inspector.js'
import { prepareReference } from './reference/prepare-reference.js'
import { accessor, callName, isNativeText, sourceOf, uncallable } from './refusal/refusals.js'
import { shipClosure } from './ship/ship-closure.js'
import { withScripts } from './capture/script-texts.js'
import { locateFunction } from './capture/function-location.js'

/** The cached result for a function object. */
type Known =
  | { readonly definition: FunctionDefinition }
  /** The variables cannot change, but the objects that they refer to may. */
  | { readonly graph: Graph; readonly analysis: FunctionAnalysis }

const byFunction = new WeakMap<object, Known>()

/** Definitions of self-contained functions, by their texts. */
const byAnalysis = new WeakMap<FunctionAnalysis, FunctionDefinition>()

let calls = 0

function defineClosure(graph: Graph, analysis: FunctionAnalysis): FunctionDefinition {
  const { closure, data, regions } = shipClosure(graph)
  const json = JSON.stringify(closure)
  const isTransient = graph.cacheability !== 'fixed'
  // A definition for one call has a unique key, because its values may have many megabytes and are not compared.
  const key = isTransient ? `call ${++calls}` : `${json} ${Buffer.from(data).toString('latin1')}`
  return Object.freeze({ key, name: labelOf(analysis), json, data, regions, isTransient })
}

function resolveBuiltIn(builtIn: BuiltInPath): FunctionDefinition {
  if (builtIn.t === 'global') return define({ kind: 'global', path: builtIn.path }, builtIn.path.join('.'))
  const [name] = builtIn.path
  return define({ kind: 'module', url: `node:${builtIn.id}`, name }, name ?? 'default')
}

/** The definition of a built-in function, otherwise the analysis of the function's text. */
function readText(fn: object): FunctionAnalysis | FunctionDefinition {
  if (types.isProxy(fn)) throw new TaskFunctionError('a Proxy of a function cannot be sent: pass the function itself')
  const text = sourceOf(fn)
  const described = describeFunction(fn, text)
  const { name } = described
  // Built-in functions have names. They are looked up before their text is parsed, because many are written in JavaScript.
  const builtIn = name === '' ? undefined : builtInPath(fn)
  const refusal = uncallable(fn, text, callName(name))
  if (refusal !== undefined) throw refusal
  if (builtIn !== undefined) return resolveBuiltIn(builtIn)
  if (!isNativeText(text)) {
    const analysis = analyze(described)
    if (analysis.parsed.form === 'get' || analysis.parsed.form === 'set') throw accessor(callName(name))
    return analysis
  }
  throw new TaskFunctionError(
    `${callName(name)} is a native or bound function and cannot be sent; wrap it: (x) => f(x)`
  )
}

/** Whether a module may export the function. An export of an ES module has a name or captures something. CommonJS exports anything. */
function mayBeExport(fn: object, analysis: FunctionAnalysis): boolean {
  return labelOf(analysis) !== '(anonymous)' || !isSelfContained(analysis) || isCommonJsExport(fn)
}

/** Whether the text of a function tells everything about it. */
function isPlain(fn: object, analysis: FunctionAnalysis): boolean {
  if (analysis.globals.length > 0 || analysis.needsMode || mayBeExport(fn, analysis)) return false
  return !hasOwn(fn, analysis)
}

function hasOwn(fn: object, analysis: FunctionAnalysis): boolean {
  const base: unknown = Object.getPrototypeOf(fn)
  return addedProperties(fn, analysis).length > 0 || (typeof base === 'function' && !isNativeText(sourceOf(base)))
}

function defineText(analysis: FunctionAnalysis): FunctionDefinition {
  const known = byAnalysis.get(analysis) ?? define(shipSource(analysis), labelOf(analysis))
  byAnalysis.set(analysis, known)
  return known
}

function labelOf({ name }: FunctionAnalysis): string {
  return name === undefined || name === '' ? '(anonymous)' : name
}

/** Reads the variables now. */
function capture(fn: object, analysis: FunctionAnalysis, given: GivenNames | undefined): FunctionDefinition {
  // Without an inspector, a function whose text seems to need nothing is assumed to need nothing.
  const isAlone = isPlaceless(analysis) || given !== undefined
  const location = isAlone && !hasInspector() ? undefined : locateFunction(fn, callName(analysis.name))
  const cacheability = new Cacheability()
  // Asking for the script would take longer.
  if (given === undefined && mayBeExport(fn, analysis) && location?.script !== undefined) {
    const exported = exportOf(fn, location.script, cacheability)
    if (exported !== undefined) return remember(fn, define({ kind: 'module', ...exported }, exported.name ?? 'default'))
  }
  const captured = new Capture(given, cacheability).run(fn, analysis, location)
  const [member] = captured.members
  const isText = isSelfContained(analysis) && member !== undefined && isBare(member, captured)
  const definition = isText ? defineText(member.analysis) : defineClosure(captured, analysis)
  if (given !== undefined || cacheability.level === 'variables') return definition
  if (captured.cacheability === 'contents') byFunction.set(fn, { graph: captured, analysis })
  return definition.isTransient ? definition : remember(fn, definition)
}

/** Whether nothing has to be sent with the text of the only function. */
function isBare({ added, superclass, prototypeOf }: ClosureNode, { members, scopes }: Graph): boolean {
  const isAlone = members.length === 1 && scopes.every(({ variables }) => variables.length === 0)
  return isAlone && added.length === 0 && superclass === undefined && prototypeOf === undefined
}

function remember(fn: object, definition: FunctionDefinition): FunctionDefinition {
  byFunction.set(fn, { definition })
  return definition
}

function resolveCallable(fn: object, given: GivenNames | undefined): FunctionDefinition {
  const known = given === undefined ? byFunction.get(fn) : undefined
  if (known !== undefined) {
    if ('definition' in known) return known.definition
    if (areStillData(known.graph.data)) return defineClosure(known.graph, known.analysis)
    byFunction.delete(fn)
  }
  const read = readText(fn)
  if (!('parsed' in read)) return given === undefined ? remember(fn, read) : read
  // Names in the option `context` that the function does not use change nothing.
  const uses = given !== undefined && [...read.captured, ...read.globals].some((name) => Object.hasOwn(given, name))
  if (given !== undefined && !uses) return resolveCallable(fn, undefined)
  return given === undefined && isPlain(fn, read)
    ? remember(fn, defineText(read))
    : withScripts(() => capture(fn, read, given))
}

/** The implementation of `prepareFunction` of `on-demand.ts`, which the rest of the library calls. */
export function prepareFunction(fn: unknown, given?: GivenNames): FunctionDefinition {
  return prepareReference(fn, given !== undefined) ?? resolveCallable(fn as object, given)
}
