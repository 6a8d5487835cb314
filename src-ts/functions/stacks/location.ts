import type { FunctionAnalysis, Replacement } from '../capture/analysis.js'
import { toExpression } from '../ship/from-source.js'
import type { Position } from '../analyze/positions.js'
import { writeShifts } from '../analyze/shifts.js'
import type { FunctionLocation } from '../capture/function-location.js'
import { nameForWorkers } from './stacks.js'

/** The location of a text, for the stacks of a worker. */
export interface SourceLocation extends Position {
  /** The name in frames. It is a valid `sourceURL`, without spaces and quotes. */
  readonly name: string
}

/**
 * The location of the text of a function's expression. undefined if it is unknown or cannot be named.
 * @param replacements Replacements in the text that make its lines longer.
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
