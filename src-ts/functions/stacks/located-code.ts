import type { ShippedText } from '../ship/shipped.js'
import { nameWithOffset } from './stack-names.js'

/** The name in frames of a function that is sent by its source. Lines and columns count from the beginning of its text. */
export function labelOf(name: string | undefined): string {
  return `millrace:${(name ?? '').replace(/[^\w$.-]+/g, '_') || 'anonymous'}`
}

/** The name in frames of the script around captured functions, whose lines and columns mean nothing. */
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

// A bundle may have a single line. The text before a function must not become a million spaces.
const FARTHEST = 20_000

/**
 * The code to evaluate so that frames name the location of the text. The text is put on its original line and column.
 * @param label The name in frames if there is no location.
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
