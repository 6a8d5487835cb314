import { Map } from '../../primordials.js'
import { type FunctionAnalysis, type Replacement, replaceAll, type Use } from '../capture/analysis.js'
import type { Slot, Variable } from '../ship/graph.js'
import { livePlaceholders } from './helpers.js'

/** A text that reads imports anew each time. */
export interface LiveText {
  readonly analysis: FunctionAnalysis
  /** What was put into the text, at places of the text as it was. */
  readonly replacements: readonly Replacement[]
  /** What the text calls instead of the imports. */
  readonly variables: readonly Variable[]
}

/**
 * What stands for a name. What a call gives can be called in turn without a `this`; elsewhere the engine counts the columns after
 * a member as it does after a name. Neither goes on with the line before.
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
