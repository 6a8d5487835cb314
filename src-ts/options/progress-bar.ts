import { invalidOption } from '../errors/index.js'
import { Array } from '../primordials.js'
import { copyOptions, type OptionValues, readBoolean } from './checks.js'
import { BAR_OPTIONS } from './names.js'

/** The checked option `progressBar`. */
export interface BarSettings {
  readonly description: string
  /** Whether the last state of a bar stays in the terminal. */
  readonly leave: boolean
}

const USUAL: BarSettings = { description: 'tasks', leave: true }

/**
 * Reads `progressBar`: true, false or an object.
 * @param inherited The bar of the pool's calls.
 * @throws TypeError for another kind of value, an unknown option of the bar, or a bad one
 */
export function readProgressBar(values: OptionValues, inherited: BarSettings | undefined): BarSettings | undefined {
  const value = values['progressBar']
  if (value === undefined) return inherited
  if (typeof value === 'boolean') return value ? (inherited ?? USUAL) : undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidOption('type', 'progressBar', value, 'true, false or an object')
  }
  const options = copyOptions(value, BAR_OPTIONS)
  const { description = (inherited ?? USUAL).description } = options
  if (typeof description !== 'string') throw invalidOption('type', 'description', description, 'a string')
  // A line break or a control character would move the cursor.
  const line = description.replaceAll(/\p{Cc}+/gu, ' ')
  return { description: line, leave: readBoolean(options, 'leave') ?? (inherited ?? USUAL).leave }
}
