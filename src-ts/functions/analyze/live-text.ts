import { Map } from '../../primordials.js'
import { type FunctionAnalysis, type Replacement, replaceAll, type Use } from '../capture/analysis.js'
import type { Slot, Variable } from '../ship/graph.js'
import { livePlaceholders } from './helpers.js'

/** A text that reads its imports at each use. */
export interface LiveText {
  readonly analysis: FunctionAnalysis
  /** The replacements in the text, by their offsets in the original text. */
  readonly replacements: readonly Replacement[]
  /** The functions that the text calls instead of reading the imports. */
  readonly variables: readonly Variable[]
}

/**
 * The replacement for a name. If the value is called, a call is used, because its result can be called without a `this`. Elsewhere a
 * member is used, because the engine counts columns after a member as after a name. Neither continues the line before it.
 */
function readBy(placeholder: string, { form, name }: Use): string {
  if (form === 'called') return `${placeholder}()`
  return form === 'shorthand' ? `${name}: ${placeholder}.v` : `${placeholder}.v`
}

/** @param live The functions that read the imports, by their names. */
export function withLiveNames(analysis: FunctionAnalysis, live: ReadonlyMap<string, Slot>): LiveText {
  if (live.size === 0) return { analysis, replacements: [], variables: [] }
  const names = livePlaceholders(analysis.text, live.size)
  const variables = [...live.values()].map((slot, at): Variable => ({ name: names[at] ?? '', slot }))
  const placeholders = new Map([...live.keys()].map((name, at) => [name, names[at] ?? '']))
  const replacements = analysis.uses.flatMap((use): Replacement[] => {
    const placeholder = placeholders.get(use.name)
    return placeholder === undefined ? [] : [{ start: use.start, end: use.end, by: readBy(placeholder, use) }]
  })
  return { analysis: { ...analysis, body: replaceAll(analysis.body, 0, replacements) }, replacements, variables }
}
