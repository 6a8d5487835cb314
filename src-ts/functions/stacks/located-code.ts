import type { ShippedText } from '../ship/shipped.js'
import { nameWithOffset } from './stack-names.js'

/** What frames of a function by its source name: their lines and columns count from where its text begins. */
export function labelOf(name: string | undefined): string {
  return `millrace:${(name ?? '').replace(/[^\w$.-]+/g, '_') || 'anonymous'}`
}

/** What frames of the script around captured functions name: its lines and columns mean nothing to anyone. */
export function closureLabelOf(name: string | undefined): string {
  return labelOf(name).replace(':', ':closure/')
}

/** A script with its texts written into it. */
export function withTexts(code: string, texts: readonly ShippedText[]): string {
  return code.replaceAll(/eval\(\$mr(?:\d+_)?T\[(\d+)\]\)/g, (_call, at: string) => {
    const { open = '', text = '', close = '' } = texts[+at] ?? {}
    return open + text + close
  })
}

// Bundles may be of one line: what stands before a function is not to be made of a million spaces.
const FARTHEST = 20_000

/**
 * What to evaluate so that frames name the place of the text: it is put on the line and column where it stands.
 * @param label Named where there is no place.
 */
export function toSource({ open, text, close, location }: ShippedText, label: string): string {
  const { name, line, column } = location ?? { name: label, line: 0, column: 0 }
  const end = `${close}\n//# sourceURL=`
  if (line + column <= FARTHEST) {
    if (line > 0) return `${open}${'\n'.repeat(line)}${' '.repeat(column)}${text}${end}${name}`
    if (column >= open.length) return `${' '.repeat(column - open.length)}${open}${text}${end}${name}`
  }
  return `${open}\n${text}${end}${nameWithOffset(name, line, column)}`
}
