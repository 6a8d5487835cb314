import { RangeError, Set, fromCharCode } from '../../primordials.js'

/** What Babel and SWC make of `import()` and `import * as`: as variables they would bring the caches that they keep. */
const INTEROP: ReadonlySet<string> = new Set(['_interopRequireWildcard', '_interop_require_wildcard'])

/** True for names that transpilers and coverage tools write into a function and that the worker replaces by placeholders. */
export function isHelper(name: string): boolean {
  return name === '__name' || INTEROP.has(name) || /^cov_[0-9a-z]+$/.test(name)
}

/** True for what makes a namespace of what `require()` gave. */
export function isInteropHelper(name: string): boolean {
  return INTEROP.has(name)
}

// The name under which a script finds its import(): as long as the keyword, so that columns stay, and not in the text.
const IMPORT_STAND_IN = /^\$im\d{3}$/

/** True for what {@linkcode importPlaceholder} gave. */
export function isImportPlaceholder(name: string): boolean {
  return IMPORT_STAND_IN.test(name)
}

/** An identifier of the length of `import` that the text does not contain. */
export function importPlaceholder(text: string): string {
  return unusedName('$im', text)
}

const META_STAND_IN = /^\$me\d{3}$/

/** True for what {@linkcode metaPlaceholder} gave. */
export function isMetaPlaceholder(name: string): boolean {
  return META_STAND_IN.test(name)
}

/** An identifier, shorter than `import.meta`, that the text does not contain. */
export function metaPlaceholder(text: string): string {
  return unusedName('$me', text)
}

/**
 * What stands for the expression that a class extends: an identifier that the text does not contain, and as many characters on
 * as many lines, so that lines and columns stay.
 */
export function superclassPlaceholder(
  text: string,
  start: number,
  end: number
): { readonly name: string; readonly by: string } {
  const rest = text.slice(start + 1, end).replaceAll(/[^\n\r\u2028\u2029]/g, ' ')
  const gap = /[\w$]/.test(text.charAt(start - 1)) ? ' ' : ''
  // One letter: nothing that can be extended is shorter.
  for (let code = 0xc0; code <= 0xff; code++) {
    const name = fromCharCode(code)
    if (code !== 0xd7 && code !== 0xf7 && !text.includes(name)) return { name, by: `${gap}${name}${rest}` }
  }
  const name = unusedName('$mb', text)
  return { name, by: `${gap}${name}${rest}` }
}

/** Identifiers, as many as asked for, that the text does not contain. */
export function livePlaceholders(text: string, count: number): readonly string[] {
  const names: string[] = []
  // Each of them is not to be found by the next.
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
