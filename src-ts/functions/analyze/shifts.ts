import type { Replacement } from '../capture/analysis.js'
import { Lines, type Position } from './positions.js'

/** A piece of a line that became longer: its line and column, which count from 0, and its length before and after. */
type Shift = readonly [line: number, column: number, before: number, after: number]

/**
 * Writes into a name where the lines of a text became longer, so that {@linkcode unshift} can restore the columns.
 * @param first The position where the text begins.
 * @param skipped The number of characters before the text that the offsets of the replacements count.
 */
export function writeShifts(
  text: string,
  first: Position,
  skipped: number,
  replacements: readonly Replacement[]
): string {
  const lines = new Lines(text, first)
  const shifts = replacements.map(({ start, end, by }): Shift => {
    const { line, column } = lines.positionOf(start - skipped)
    return [line, column, end - start, by.length]
  })
  return shifts.length === 0 ? '' : `!${shifts.flat().join('.')}!`
}

/** The shifts that {@linkcode writeShifts} put before a name, and the name. */
export function splitShifts(name: string): readonly [shifts: string, name: string] {
  const found = /^!([\d.]+)!/.exec(name)
  return found === null ? ['', name] : [found[1] ?? '', name.slice(found[0].length)]
}

/** The column, from 1, of a position before its line became longer. */
export function unshift(shifts: string, line: number, column: number): number {
  const numbers = shifts.split('.').map((digits) => +digits)
  let added = 0
  for (let at = 0; at + 3 < numbers.length; at += 4) {
    const [on = 0, start = 0, before = 0, after = 0] = numbers.slice(at, at + 4)
    if (on !== line - 1) continue
    const found = column - 1 - added
    if (found < start) break
    // A position inside a replacement belongs to the replaced name.
    if (found < start + after) return start + 1
    added += after - before
  }
  return column - added
}
