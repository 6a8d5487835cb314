import { JSON, Map, Object, Set } from '../../primordials.js'
import { toExpression } from './from-source.js'
import type { Added, Graph, ClosureNode, Slot } from './graph.js'
import { withTexts } from '../stacks/located-code.js'
import type { ShippedText } from './shipped.js'

/** The script of a graph, and its values. */
export interface ClosureCode {
  /** The source of a factory, which takes the values and returns the functions. */
  readonly code: string
  readonly texts: readonly ShippedText[]
  /** The values by number, without functions. */
  readonly values: readonly Slot[]
}

function addTo<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** A prefix for the names of the generated code that no function uses. */
function unusedStart(graph: Graph): string {
  let start = '$mr'
  const isUsed = ({ analysis }: ClosureNode): boolean => analysis.text.includes(start)
  for (let number = 0; graph.members.some(isUsed); number++) start = `$mr${number}_`
  return start
}

/**
 * Names of the generated code, after a unique prefix: `F` has the functions, `V` the values, `T` the texts, `S` the setters of variables,
 * `C` the factories of classes. `O` receives what was made, and `X` is the value of a setter.
 */
class Builder {
  readonly values: Slot[] = []
  readonly texts: ShippedText[] = []
  readonly #graph: Graph
  readonly #start: string
  readonly #settings: { readonly setter: number; readonly slot: Slot }[] = []
  /** The functions directly inside each scope, and then the scopes inside it. The key of the outermost scope is -1. */
  readonly #membersIn = new Map<number, number[]>()
  readonly #scopesIn = new Map<number, number[]>()
  #setters = 0

  constructor(graph: Graph) {
    this.#graph = graph
    this.#start = unusedStart(graph)
    graph.members.forEach(({ scope }, at) => addTo(this.#membersIn, scope, at))
    graph.scopes.forEach(({ parent }, at) => addTo(this.#scopesIn, parent, at))
  }

  build(): string {
    const start = this.#start
    const lines: string[] = []
    this.#writeScope(-1, lines)
    lines.push(this.#order())
    const lists = `const ${start}F = [], ${start}S = [], ${start}C = [];`
    return `(function (${start}V, ${start}O, ${start}T) { ${lists}\n${lines.join('\n')}\nreturn ${start}F })`
  }

  /** The code of the functions directly inside a scope, and of the scopes inside it. */
  #writeScope(outermost: number, lines: string[]): void {
    // Without recursion, because scopes can be nested deeply.
    const left: (number | string)[] = [outermost]
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      if (typeof next === 'string') {
        lines.push(next)
        continue
      }
      if (next >= 0) lines.push(this.#openScope(next))
      for (const member of this.#membersIn.get(next) ?? []) lines.push(this.#memberCode(member))
      if (next >= 0) left.push('})();')
      left.push(...(this.#scopesIn.get(next)?.toReversed() ?? []))
    }
  }

  #openScope(at: number): string {
    // In a function of its own, because `var` accepts every name that sloppy code may use.
    const variables = this.#graph.scopes[at]?.variables ?? []
    const declared = variables.length === 0 ? '' : `var ${variables.map(({ name }) => name).join(', ')};`
    const value = `${this.#start}X`
    const setters = variables.map(({ name, slot }) => {
      this.#settings.push({ setter: this.#setters, slot })
      return `${this.#start}S[${this.#setters++}] = (${value}) => { ${name} = ${value} };`
    })
    return `(function () { ${declared} ${setters.join(' ')}`
  }

  #memberCode(index: number): string {
    const member = this.#graph.members[index]
    if (member === undefined) return ''
    const { analysis, location, helpers, superclass } = member
    const parameters = [...analysis.helpers]
    const args = helpers.map((slot) => this.#valueCode(slot))
    if (superclass !== undefined && analysis.base !== undefined) {
      parameters.push(analysis.base)
      args.push(this.#valueCode(superclass))
    }
    const { open, text, close } = toExpression(analysis)
    // Compiled one by one, each in its scope, so that each has its own file and line.
    const at = this.texts.push({ open, text, close, location }) - 1
    const strict = analysis.parsed.isStrict ? `'use strict'; ` : ''
    const made = `(function (${parameters.join(', ')}) { ${strict}return eval(${this.#start}T[${at}])})(${args.join(', ')})`
    // The body of a class runs when it is made, so that everything must be in place.
    return analysis.parsed.form === 'class'
      ? `${this.#start}C[${index}] = () => ${made};`
      : `${this.#start}F[${index}] = ${made};`
  }

  #valueCode(slot: Slot): string {
    if (slot.t === 'prototype') return `${this.#valueCode(slot.of)}.prototype`
    return slot.t === 'fn' ? `${this.#start}F[${slot.at}]` : `${this.#start}V[${this.values.push(slot) - 1}]`
  }

  #isClass(at: number): boolean {
    return this.#graph.members[at]?.analysis.parsed.form === 'class'
  }

  /** The code that sets those properties of a function that are classes, or those that are not. */
  #addedCode(at: number, isOfClasses: boolean): string[] {
    const member = this.#graph.members[at]
    if (member === undefined) return []
    const isClass = (slot: Slot): boolean => slot.t === 'fn' && this.#isClass(slot.at)
    const { added, superclass, prototypeOf } = member
    const fn = `${this.#start}F[${at}]`
    const lines = added
      .filter(({ value }) => (value !== undefined && isClass(value)) === isOfClasses)
      .map((property) => this.#propertyCode(fn, property))
    if (prototypeOf !== undefined && isClass(prototypeOf) === isOfClasses) {
      lines.unshift(`Object.setPrototypeOf(${fn}.prototype, ${this.#valueCode(prototypeOf)}.prototype);`)
    }
    if (superclass === undefined || this.#isClass(at) || isClass(superclass) !== isOfClasses) return lines
    const base = this.#valueCode(superclass)
    return [`Object.setPrototypeOf(${fn}, ${base});`, ...lines]
  }

  #propertyCode(fn: string, { on, key, value, get, set, isEnumerable, isConfigurable, isWritable }: Added): string {
    const target = on === 'itself' ? fn : `${fn}.prototype`
    const content = Object.entries({ value, get, set }).map(([name, slot]) =>
      slot === undefined ? '' : `${name}: ${this.#valueCode(slot)}, `
    )
    const isAccessor = value === undefined
    const flags = `${isAccessor ? '' : `writable: ${isWritable}, `}configurable: ${isConfigurable}, enumerable: ${isEnumerable}`
    return `Object.defineProperty(${target}, ${JSON.stringify(key)}, { ${content.join('')}${flags} });`
  }

  /** The code that fills the variables: first all except classes, then each class after its superclass. */
  #order(): string {
    const start = this.#start
    const lines: string[] = []
    const ofClass = new Map<number, string[]>()
    for (const { setter, slot } of this.#settings) {
      const line = `${start}S[${setter}](${this.#valueCode(slot)});`
      const needed = slot.t === 'prototype' ? slot.of : slot
      if (needed.t === 'fn' && this.#isClass(needed.at)) addTo(ofClass, needed.at, line)
      else lines.push(line)
    }
    const { members } = this.#graph
    members.forEach((_member, at) => {
      if (!this.#isClass(at)) lines.push(...this.#addedCode(at, false))
    })
    lines.push(`${start}O(${start}F);`)
    const made = new Set<number>()
    const make = (at: number): void => {
      if (made.has(at)) return
      made.add(at)
      const superclass = this.#graph.members[at]?.superclass
      if (superclass?.t === 'fn' && this.#isClass(superclass.at)) make(superclass.at)
      lines.push(`${start}F[${at}] = ${start}C[${at}]();`, ...this.#addedCode(at, false))
      lines.push(...(ofClass.get(at) ?? []), `${start}O(${start}F);`)
    }
    // Later members are used by earlier ones.
    for (let at = this.#graph.members.length - 1; at >= 0; at--) if (this.#isClass(at)) make(at)
    members.forEach((_member, at) => lines.push(...this.#addedCode(at, true)))
    return lines.join('\n')
  }
}

/** Writes the script that makes the functions of a graph, each in scopes like its original ones. */
export function writeClosure(graph: Graph): ClosureCode {
  const builder = new Builder(graph)
  const code = builder.build()
  const { texts, values } = builder
  // A variable of this name, which sloppy code can have, would be called instead.
  const isHidden = graph.scopes.some(({ variables }) => variables.some(({ name }) => name === 'eval'))
  return isHidden ? { code: withTexts(code, texts), texts: [], values } : { code, texts, values }
}
