import { RangeError, Set, fromCharCode } from '../../primordials.js'

/** The helpers that Babel and SWC generate for `import()` and `import * as`. Sent as variables, they would bring their caches along. */
const INTEROP: ReadonlySet<string> = new Set(['_interopRequireWildcard', '_interop_require_wildcard'])

/** Whether a transpiler or coverage tool writes this name into functions, and the worker replaces it by a placeholder. */
export function isHelper(name: string): boolean {
  return name === '__name' || INTEROP.has(name) || /^cov_[0-9a-z]+$/.test(name)
}

/** Whether the helper makes a namespace of the result of `require()`. */
export function isInteropHelper(name: string): boolean {
  return INTEROP.has(name)
}

// The name under which a script finds its import(). It is as long as the keyword, so that columns stay, and the text does not contain it.
const IMPORT_STAND_IN = /^\$im\d{3}$/

/** Whether the name comes from {@linkcode importPlaceholder}. */
export function isImportPlaceholder(name: string): boolean {
  return IMPORT_STAND_IN.test(name)
}

/** An identifier of the length of `import` that the text does not contain. */
export function importPlaceholder(text: string): string {
  return unusedName('$im', text)
}

const META_STAND_IN = /^\$me\d{3}$/

/** Whether the name comes from {@linkcode metaPlaceholder}. */
export function isMetaPlaceholder(name: string): boolean {
  return META_STAND_IN.test(name)
}

/** An identifier, shorter than `import.meta`, that the text does not contain. */
export function metaPlaceholder(text: string): string {
  return unusedName('$me', text)
}

/**
 * A replacement for the expression that a class extends. It is an identifier that the text does not contain, padded to the same number
 * of lines and columns, so that positions stay.
 */
export function superclassPlaceholder(
  text: string,
  start: number,
  end: number
): { readonly name: string; readonly by: string } {
  const rest = text.slice(start + 1, end).replaceAll(/[^\n\r\u2028\u2029]/g, ' ')
  const gap = /[\w$]/.test(text.charAt(start - 1)) ? ' ' : ''
  // One letter, because no expression that can be extended is shorter.
  for (let code = 0xc0; code <= 0xff; code++) {
    const name = fromCharCode(code)
    if (code !== 0xd7 && code !== 0xf7 && !text.includes(name)) return { name, by: `${gap}${name}${rest}` }
  }
  const name = unusedName('$mb', text)
  return { name, by: `${gap}${name}${rest}` }
}

/** The given number of identifiers that the text does not contain. */
export function livePlaceholders(text: string, count: number): readonly string[] {
  const names: string[] = []
  // Each must also differ from the previous ones.
  while (names.length < count) names.push(unusedName('$ml', text + names.join(' ')))
  return names
}

function unusedName(start: string, text: string): string {
  for (let number = 100; number < 1000; number++) {
    const name = `${start}${number}`
    if (!text.includes(name)) return name
  }
  throw new RangeError(`every name that begins with ${start} is in use`)
}
