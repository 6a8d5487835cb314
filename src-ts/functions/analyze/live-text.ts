import { Map } from '../../primordials.js'
import { type Anatomy, type Replacement, replaceAll, type Use } from '../capture/anatomy.js'
import type { Slot, Variable } from '../ship/graph.js'
import { liveStandIns } from './helpers.js'

/** A text that reads imports anew each time. */
export interface LiveText {
  readonly anatomy: Anatomy
  /** What was put into the text, at places of the text as it was. */
  readonly replacements: readonly Replacement[]
  /** What the text calls instead of the imports. */
  readonly variables: readonly Variable[]
}

/**
 * What stands for a name. What a call gives can be called in turn without a `this`; elsewhere the engine counts the columns after
 * a member as it does after a name. Neither goes on with the line before.
 */
function readBy(standIn: string, { form, name }: Use): string {
  if (form === 'called') return `${standIn}()`
  return form === 'shorthand' ? `${name}: ${standIn}.v` : `${standIn}.v`
}

/** @param live The functions that read the imports, by their names. */
export function withLiveNames(anatomy: Anatomy, live: ReadonlyMap<string, Slot>): LiveText {
  if (live.size === 0) return { anatomy, replacements: [], variables: [] }
  const names = liveStandIns(anatomy.text, live.size)
  const variables = [...live.values()].map((slot, at): Variable => ({ name: names[at] ?? '', slot }))
  const standIns = new Map([...live.keys()].map((name, at) => [name, names[at] ?? '']))
  const replacements = anatomy.uses.flatMap((use): Replacement[] => {
    const standIn = standIns.get(use.name)
    return standIn === undefined ? [] : [{ start: use.start, end: use.end, by: readBy(standIn, use) }]
  })
  return { anatomy: { ...anatomy, body: replaceAll(anatomy.body, 0, replacements) }, replacements, variables }
}
