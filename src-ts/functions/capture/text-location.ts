import { JSON, WeakMap, process } from '../../primordials.js'
import { define, type FunctionDefinition } from '../definition.js'
import { locate } from './inspector.js'
import { type Script, scriptOf } from './scripts.js'
import type { Position } from '../analyze/positions.js'
import { sourceOf } from '../refusal/refusals.js'
import type { Shipped } from '../ship/shipped.js'
import { nameForWorkers } from '../stacks/stacks.js'

/** Where the text of a function begins. */
interface TextLocation {
  readonly script: Script
  readonly start: Position
}

// A function that uses nothing from around it is sent without a lookup. Its location is looked up when somebody asks.
const known = new WeakMap<object, TextLocation | 'unknown'>()

function find(fn: object): TextLocation | 'unknown' {
  try {
    const location = locate(fn)
    const script = location === undefined ? undefined : scriptOf(location.scriptId)
    if (location === undefined || script === undefined || script.frameName === '') return 'unknown'
    const start = script.positionOf(sourceOf(fn), location.line, location.column, 0)
    return start === undefined ? 'unknown' : { script, start }
  } catch {
    // There is no inspector.
    return 'unknown'
  }
}

/** Where the text of a function begins; undefined where that is not known. */
export function textLocation(fn: object): TextLocation | undefined {
  let location = known.get(fn)
  if (location === undefined) {
    location = find(fn)
    known.set(fn, location)
  }
  return location === 'unknown' ? undefined : location
}

/** Definitions with a location, beside those that they were made of. */
const located = new WeakMap<object, readonly [from: FunctionDefinition, to: FunctionDefinition]>()

/**
 * Has a function that is sent as its text alone made anew in its own file, at its own line, where a debugger of this process looks for
 * it. Where source maps apply, the file is not the one that the user sees; the definition stays as it is.
 */
export function withLocation(fn: object, definition: FunctionDefinition): FunctionDefinition {
  const earlier = located.get(fn)
  if (earlier?.[0] === definition) return earlier[1]
  const to = addLocation(fn, definition)
  located.set(fn, [definition, to])
  return to
}

/** Coverage would count the text at wrong offsets of its file. */
function isMeasured(): boolean {
  return (process.env['NODE_V8_COVERAGE'] ?? '') !== ''
}

function addLocation(fn: object, definition: FunctionDefinition): FunctionDefinition {
  const shipped = JSON.parse(definition.json) as Shipped
  if (shipped.kind !== 'source' || isMeasured()) return definition
  const { script, start } = textLocation(fn) ?? {}
  if (script === undefined || start === undefined) return definition
  const name = nameForWorkers(script.url, script.frameName, '')
  if (name === undefined || name !== script.frameName) return definition
  return define({ ...shipped, location: { name, ...start } }, definition.name)
}
