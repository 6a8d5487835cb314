import type { FunctionAnalysis, Replacement } from '../capture/analysis.js'
import { toExpression } from '../ship/from-source.js'
import type { Position } from '../analyze/positions.js'
import { writeShifts } from '../analyze/shifts.js'
import type { FunctionLocation } from '../capture/function-location.js'
import { nameForWorkers } from './stacks.js'

/** Where a text stands, for the stacks of a worker. */
export interface SourceLocation extends Position {
  /** What the frames name: as a `sourceURL` may be, without spaces and quotes. */
  readonly name: string
}

/**
 * Where the text of a function's expression stands; undefined where that cannot be told, or not be named.
 * @param replacements What is put into it, which makes its lines longer.
 */
export function sourceLocationOf(
  location: FunctionLocation | undefined,
  analysis: FunctionAnalysis,
  replacements: readonly Replacement[]
): SourceLocation | undefined {
  const { script, surroundings } = location ?? {}
  if (script === undefined || surroundings === undefined) return undefined
  const { line, column } = surroundings
  const { skipped } = toExpression(analysis)
  const position = script.positionOf(analysis.text, line, column, skipped)
  if (position === undefined) return undefined
  const shifts = writeShifts(analysis.text.slice(skipped), position, skipped, replacements)
  const name = nameForWorkers(script.url, script.frameName, shifts)
  return name === undefined ? undefined : { name, ...position }
}
