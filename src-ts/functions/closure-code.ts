import { toExpression } from './from-source.js'
import type { Graph, Slot } from './graph.js'
import { withTexts } from './placed-code.js'
import type { ShippedText } from './shipped.js'

/**
 * Names of the generated code: `$mrF` holds the functions, `$mrV` the values, `$mrT` the texts, `$mrS` the setters of variables, `$mrC` what
 * makes a class.
 */
/** A script for a graph, and what its values are. */
export interface ClosureCode {
  /** A factory: it takes the values and returns the functions. */
  readonly code: string
  readonly texts: readonly ShippedText[]
  /** Values by number; functions are not among them. */
  readonly values: readonly Slot[]
}

class Builder {
  readonly values: Slot[] = []
  readonly texts: ShippedText[] = []
  readonly #graph: Graph
  readonly #settings: { readonly setter: number; readonly slot: Slot }[] = []
  #setters = 0

  constructor(graph: Graph) {
    this.#graph = graph
  }

  build(): string {
    const inside = this.#scopeCode(-1)
    return `(function ($mrV, $mrT) { const $mrF = [], $mrS = [], $mrC = [];\n${inside}\n${this.#order()}\nreturn $mrF })`
  }

  /** The functions right inside of a scope, and the scopes inside of it. */
  #scopeCode(at: number): string {
    const { members, scopes } = this.#graph
    const lines: string[] = []
    members.forEach((member, index) => {
      if (member.scope === at) lines.push(this.#memberCode(index))
    })
    scopes.forEach(({ parent, variables }, index) => {
      if (parent !== at) return
      // In a function of its own: `var` takes every name that sloppy code may use.
      const names = variables.map(({ name }) => name)
      const declared = names.length === 0 ? '' : `var ${names.join(', ')};`
      const setters = variables.map(({ name, slot }) => {
        this.#settings.push({ setter: this.#setters, slot })
        return `$mrS[${this.#setters++}] = ($mrX) => { ${name} = $mrX };`
      })
      lines.push(`(function () { ${declared} ${setters.join(' ')}\n${this.#scopeCode(index)}\n})();`)
    })
    return lines.join('\n')
  }

  #memberCode(index: number): string {
    const member = this.#graph.members[index]
    if (member === undefined) return ''
    const { anatomy, place, helpers, heritage } = member
    const parameters = [...anatomy.helpers]
    const args = helpers.map((slot) => this.#valueCode(slot))
    if (heritage !== undefined && anatomy.base !== undefined) {
      parameters.push(anatomy.base)
      args.push(this.#valueCode(heritage))
    }
    const { open, text, close } = toExpression(anatomy)
    // Compiled one by one, each in its scope: only so can each have a file and a line of its own.
    const at = this.texts.push({ open, text, close, place }) - 1
    const strict = anatomy.parsed.isStrict ? `'use strict'; ` : ''
    const made = `(function (${parameters.join(', ')}) { ${strict}return eval($mrT[${at}])})(${args.join(', ')})`
    // The body of a class runs when it is made, so that everything must be in place.
    return anatomy.parsed.form === 'class' ? `$mrC[${index}] = () => ${made};` : `$mrF[${index}] = ${made};`
  }

  #valueCode(slot: Slot): string {
    return slot.t === 'fn' ? `$mrF[${slot.at}]` : `$mrV[${this.values.push(slot) - 1}]`
  }

  #isClass(at: number): boolean {
    return this.#graph.members[at]?.anatomy.parsed.form === 'class'
  }

  /** What puts properties on a function: at first those that are no classes. */
  #addedCode(at: number, isOfClasses: boolean): string[] {
    const member = this.#graph.members[at]
    if (member === undefined) return []
    const isClass = (slot: Slot): boolean => slot.t === 'fn' && this.#isClass(slot.at)
    const { added, heritage } = member
    const lines = added
      .filter(({ slot }) => isClass(slot) === isOfClasses)
      .map(({ on, key, isEnumerable, slot }) => {
        const target = on === 'itself' ? `$mrF[${at}]` : `$mrF[${at}].prototype`
        const flags = `writable: true, configurable: true, enumerable: ${isEnumerable}`
        return `Object.defineProperty(${target}, ${JSON.stringify(key)}, { value: ${this.#valueCode(slot)}, ${flags} });`
      })
    if (heritage === undefined || this.#isClass(at) || isClass(heritage) !== isOfClasses) return lines
    const base = this.#valueCode(heritage)
    return [
      `Object.setPrototypeOf($mrF[${at}], ${base});`,
      `if ($mrF[${at}].prototype) Object.setPrototypeOf($mrF[${at}].prototype, ${base}.prototype);`,
      ...lines
    ]
  }

  /** What fills the variables: at first all but classes, then each class after the one that it extends. */
  #order(): string {
    const lines: string[] = []
    const ofClass = new Map<number, number[]>()
    for (const { setter, slot } of this.#settings) {
      if (slot.t === 'fn' && this.#isClass(slot.at)) ofClass.set(slot.at, [...(ofClass.get(slot.at) ?? []), setter])
      else lines.push(`$mrS[${setter}](${this.#valueCode(slot)});`)
    }
    const { members } = this.#graph
    members.forEach((_member, at) => {
      if (!this.#isClass(at)) lines.push(...this.#addedCode(at, false))
    })
    const made = new Set<number>()
    const make = (at: number): void => {
      if (made.has(at)) return
      made.add(at)
      const heritage = this.#graph.members[at]?.heritage
      if (heritage?.t === 'fn' && this.#isClass(heritage.at)) make(heritage.at)
      lines.push(`$mrF[${at}] = $mrC[${at}]();`, ...this.#addedCode(at, false))
      for (const setter of ofClass.get(at) ?? []) lines.push(`$mrS[${setter}]($mrF[${at}]);`)
    }
    // Later members are used by earlier ones.
    for (let at = this.#graph.members.length - 1; at >= 0; at--) if (this.#isClass(at)) make(at)
    members.forEach((_member, at) => lines.push(...this.#addedCode(at, true)))
    return lines.join('\n')
  }
}

/** Writes the script that makes the functions of a graph, each in scopes like those it was taken from. */
export function writeClosure(graph: Graph): ClosureCode {
  const builder = new Builder(graph)
  const code = builder.build()
  const { texts, values } = builder
  // A variable of this name, which sloppy code can have, would be called instead.
  const isHidden = graph.scopes.some(({ variables }) => variables.some(({ name }) => name === 'eval'))
  return isHidden ? { code: withTexts(code, texts), texts: [], values } : { code, texts, values }
}
