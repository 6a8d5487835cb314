import type { Anatomy, Replacement } from '../capture/anatomy.js'
import { toExpression } from '../ship/from-source.js'
import type { Position } from '../analyze/positions.js'
import { writeShifts } from '../analyze/shifts.js'
import type { Site } from '../capture/site.js'
import { nameForWorkers } from './stacks.js'

/** Where a text stands, for the stacks of a worker. */
export interface Place extends Position {
  /** What the frames name: as a `sourceURL` may be, without spaces and quotes. */
  readonly name: string
}

/**
 * Where the text of a function's expression stands; undefined where that cannot be told, or not be named.
 * @param replacements What is put into it, which makes its lines longer.
 */
export function placeOf(
  site: Site | undefined,
  anatomy: Anatomy,
  replacements: readonly Replacement[]
): Place | undefined {
  const { script, surroundings } = site ?? {}
  if (script === undefined || surroundings === undefined) return undefined
  const { line, column } = surroundings
  const { skipped } = toExpression(anatomy)
  const position = script.positionOf(anatomy.text, line, column, skipped)
  if (position === undefined) return undefined
  const shifts = writeShifts(anatomy.text.slice(skipped), position, skipped, replacements)
  const name = nameForWorkers(script.url, script.frameName, shifts)
  return name === undefined ? undefined : { name, ...position }
}
