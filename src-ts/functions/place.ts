import type { Anatomy } from './anatomy.js'
import { toExpression } from './from-source.js'
import type { Position } from './positions.js'
import type { Site } from './site.js'
import { nameForWorkers } from './stacks.js'

/** Where a text stands, for the stacks of a worker. */
export interface Place extends Position {
  /** What the frames name: as a `sourceURL` may be, without spaces and quotes. */
  readonly name: string
}

/** Where the text of a function's expression stands; undefined where that cannot be told, or not be named. */
export function placeOf(site: Site | undefined, anatomy: Anatomy): Place | undefined {
  const { script, surroundings } = site ?? {}
  if (script === undefined || surroundings === undefined) return undefined
  const { line, column } = surroundings
  const position = script.positionOf(anatomy.text, line, column, toExpression(anatomy).skipped)
  const name = nameForWorkers(script.url, script.frameName)
  return position === undefined || name === undefined ? undefined : { name, ...position }
}
