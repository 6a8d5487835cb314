import type { ImportExpression, Node } from 'acorn'
import { TaskFunctionError } from '../../errors/index.js'
import { Map, Set } from '../../primordials.js'
import { findFreeNames } from '../analyze/free-names.js'
import { isPristineGlobal } from '../analyze/globals.js'
import { superclassPlaceholder, importPlaceholder, isHelper, metaPlaceholder } from '../analyze/helpers.js'
import { refuseLoaders } from '../reference/loaders.js'
import { parseFunction, type ParsedFunction } from '../analyze/parse.js'
import { callName } from '../refusal/refusals.js'
import { scanSurroundings } from '../analyze/surroundings.js'

/** Facts about a function that its text does not tell. */
export interface FunctionText {
  readonly text: string
  readonly name: string | undefined
  readonly length: number | undefined
  /** undefined if only the location of the function tells. */
  readonly mode: 'strict' | 'sloppy' | undefined
}

/** A place where the text reads a variable of the surrounding code. */
export interface Use {
  readonly name: string
  /** The offset from the beginning of the text. */
  readonly start: number
  readonly end: number
  /** Whether the variable is called, and whether it is also the name of a property. */
  readonly form: 'plain' | 'called' | 'shorthand'
}

/** The analysis of a function's text. */
export interface FunctionAnalysis extends FunctionText {
  readonly parsed: ParsedFunction
  /** Placeholders and helpers that the text needs as variables. */
  readonly helpers: readonly string[]
  /** Names that every process has, unless the surrounding code declares them. */
  readonly globals: readonly string[]
  /** Names that the text takes from the surrounding code. */
  readonly captured: readonly string[]
  /** Names of both kinds that are used with `typeof`, and so may not exist. */
  readonly asked: ReadonlySet<string>
  /** Names of both kinds that are used otherwise than with `typeof`. */
  readonly used: ReadonlySet<string>
  /** Names of both kinds that the text assigns to. */
  readonly written: ReadonlySet<string>
  /** The places where the text reads them. */
  readonly uses: readonly Use[]
  /** Whether the text may behave differently in strict and in sloppy code, and it is unknown which applies. */
  readonly needsMode: boolean
  /** The text to be compiled. Placeholders of the same length replace `import` and `import.meta`. */
  readonly body: string
  /** The variable of `body` that a class extends. */
  readonly base: string | undefined
  /** The literal specifiers that the text imports. */
  readonly specifiers: readonly string[]
  /** Whether it imports specifiers that are only known at run time. */
  readonly importsAny: boolean
  readonly usesMeta: boolean
  /** Names of which only the listed members are used. Of such a namespace, only these members are sent. */
  readonly members: ReadonlyMap<string, readonly string[]>
}

/** The specifier of an `import('...')`, if it is a literal. */
function literalSpecifier({ source }: ImportExpression): string | undefined {
  if (source.type === 'Literal') return typeof source.value === 'string' ? source.value : undefined
  if (source.type === 'TemplateLiteral' && source.expressions.length === 0)
    return source.quasis[0]?.value.cooked ?? undefined
  return undefined
}

/** A replacement for a piece of a text. */
export interface Replacement {
  readonly start: number
  readonly end: number
  readonly by: string
}

/** @param offset The offset from which the replacements are counted. */
export function replaceAll(text: string, offset: number, replacements: readonly Replacement[]): string {
  let result = ''
  let done = 0
  for (const { start, end, by } of replacements.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(done, start - offset) + by
    done = end - offset
  }
  return result + text.slice(done)
}

function collectMembers(
  names: readonly string[],
  uses: readonly { readonly name: string; readonly node: Node }[],
  membersOf: ReadonlyMap<Node, readonly string[]>
): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, readonly string[]>()
  for (const name of names) {
    const used = uses.filter((use) => use.name === name).map(({ node }) => membersOf.get(node))
    if (used.every((taken) => taken !== undefined)) members.set(name, [...new Set(used.flat())])
  }
  return members
}

function analyzeText(described: FunctionText, called: string): FunctionAnalysis {
  const { text, mode } = described
  const parsed = parseFunction(text, mode === 'sloppy', called)
  const {
    imports,
    metas,
    typeofOperands,
    called: calledNodes,
    shorthands,
    membersOf,
    isModeSensitive
  } = scanSurroundings(parsed, called)
  const superclass = parsed.form === 'class' ? (parsed.node.superClass ?? undefined) : undefined
  const isInSuperclass = ({ start, end }: Node): boolean =>
    superclass !== undefined && start >= superclass.start && end <= superclass.end
  const free = findFreeNames(parsed).filter(({ node }) => !isInSuperclass(node))
  const asked = new Set(free.filter(({ node }) => typeofOperands.has(node)).map(({ name }) => name))
  const used = new Set(free.filter(({ node }) => !typeofOperands.has(node)).map(({ name }) => name))
  const names = [...new Set(free.map((use) => use.name))]
  const written = new Set(free.filter(({ isWritten }) => isWritten).map(({ name }) => name))
  const captured = names.filter((name) => !isPristineGlobal(name) && !isHelper(name))
  refuseLoaders(captured, called)
  const helpers = names.filter(isHelper)
  const replacements: Replacement[] = []
  if (imports.length > 0) {
    const by = importPlaceholder(text)
    helpers.push(by)
    replacements.push(...imports.map(({ start }) => ({ start, end: start + 'import'.length, by })))
  }
  if (metas.length > 0) {
    const by = metaPlaceholder(text)
    helpers.push(by)
    replacements.push(...metas.map(({ start, end }) => ({ start, end, by: by.padEnd(end - start) })))
  }
  const { offset } = parsed
  const base =
    superclass === undefined
      ? undefined
      : superclassPlaceholder(text, superclass.start - offset, superclass.end - offset)
  if (superclass !== undefined && base !== undefined) {
    replacements.push({ start: superclass.start, end: superclass.end, by: base.by })
  }
  const body = replaceAll(text, parsed.offset, replacements)
  const specifiers = imports.map(literalSpecifier)
  const formOf = (node: Node): Use['form'] =>
    calledNodes.has(node) ? 'called' : shorthands.has(node) ? 'shorthand' : 'plain'
  const uses = free.map(({ name, node }): Use => {
    return { name, start: node.start - offset, end: node.end - offset, form: formOf(node) }
  })
  return {
    ...described,
    parsed,
    helpers,
    globals: names.filter(isPristineGlobal),
    captured,
    asked,
    used,
    written,
    uses,
    needsMode: mode === undefined && (isModeSensitive || written.size > 0) && parsed.form !== 'class',
    body,
    base: base?.name,
    specifiers: specifiers.filter((specifier) => specifier !== undefined),
    importsAny: specifiers.includes(undefined),
    usesMeta: metas.length > 0,
    members: collectMembers(names, free, membersOf)
  }
}

// An arrow function inside a loop is a new object in each iteration, with the same text.
const TEXTS_KEPT = 256
const known = new Map<string, FunctionAnalysis>()

/**
 * Analyzes a function's text. Equal texts share one result.
 * @throws TaskFunctionError for a text that can only run where it is
 */
export function analyze(described: FunctionText): FunctionAnalysis {
  const { text, name, length, mode } = described
  const key = `${name?.length} ${name} ${length} ${mode} ${text}`
  const found = known.get(key)
  if (found !== undefined) return found
  const called = callName(name)
  try {
    const analysis = analyzeText(described, called)
    if (known.size >= TEXTS_KEPT) known.clear()
    known.set(key, analysis)
    return analysis
  } catch (error) {
    if (error instanceof TaskFunctionError) throw error
    // The expressions are nested deeper than the parser's stack, or the scope analysis does not know the syntax.
    throw new TaskFunctionError(`the source of ${called} cannot be read`, { cause: error })
  }
}
