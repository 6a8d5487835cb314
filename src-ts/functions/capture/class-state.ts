import { types } from 'node:util'
import type { AnyNode, ClassExpression } from 'acorn'
import { Array, ArrayBuffer, Map, Object, Set, String } from '../../primordials.js'
import { sourceOf } from '../refusal/refusals.js'

/** A member that the body of a class declares. */
interface Declared {
  readonly texts: string[]
  /** Whether the value of the field comes from an expression, so that the text does not tell which function it is. */
  isComputed: boolean
}

const COMPUTED: ReadonlySet<unknown> = new Set([
  'CallExpression',
  'NewExpression',
  'TaggedTemplateExpression',
  'ConditionalExpression',
  'LogicalExpression'
])

function nameOf(key: AnyNode): string {
  if (key.type === 'Identifier') return key.name
  return key.type === 'Literal' ? String(key.value) : ''
}

function isPlainPrototype(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || prototype === Array.prototype
}

const MOST_VALUES = 10_000

/** Whether a value is plain data, which a copy can replace: no functions, no instances of classes, no system resources. */
function isData(start: unknown): boolean {
  const seen = new Set<unknown>()
  const left: unknown[] = [start]
  while (left.length > 0) {
    const value = left.pop()
    if (typeof value === 'function' || typeof value === 'symbol' || seen.size > MOST_VALUES) return false
    if (typeof value !== 'object' || value === null || seen.has(value)) continue
    seen.add(value)
    if (types.isProxy(value)) return false
    if (types.isDate(value) || types.isRegExp(value) || types.isArrayBuffer(value) || ArrayBuffer.isView(value))
      continue
    if (types.isMap(value)) left.push(...[...Map.prototype.entries.call(value)].flat())
    else if (types.isSet(value)) left.push(...Set.prototype.values.call(value))
    else if (!isPlainPrototype(value)) return false
    for (const { value: inner, get, set } of Object.values(Object.getOwnPropertyDescriptors(value))) {
      if (get !== undefined || set !== undefined) return false
      left.push(inner)
    }
  }
  return true
}

/** The members that the text of a class makes, here and again in the worker. */
export class ClassText {
  readonly #text: string
  readonly #declared = new Map<string, Declared>()
  #hasUnknown = false

  /** @param offset The offset from which the positions of the nodes are counted. */
  constructor({ body }: ClassExpression, text: string, offset: number, isStatic: boolean) {
    this.#text = text
    for (const member of body.body) {
      if (member.type === 'StaticBlock') {
        // A static block may add anything.
        this.#hasUnknown ||= isStatic
        continue
      }
      if (member.static !== isStatic || member.key.type === 'PrivateIdentifier') continue
      if (member.computed) {
        this.#hasUnknown = true
        continue
      }
      const name = nameOf(member.key)
      const known = this.#declared.get(name) ?? { texts: [], isComputed: false }
      const isField = member.type === 'PropertyDefinition'
      // A semicolon may follow a field.
      const end = isField ? (member.value ?? member.key).end : member.end
      known.texts.push(text.slice(member.start - offset, end - offset))
      known.isComputed = isField && COMPUTED.has(member.value?.type)
      this.#declared.set(name, known)
    }
  }

  /** Whether the property is as the text makes it, or equivalent to that. */
  makes(name: string, { value, get, set }: PropertyDescriptor): boolean {
    const declared = this.#declared.get(name)
    if (declared === undefined && !this.#hasUnknown) return false
    const functions = [get, set, value as unknown].filter((each) => typeof each === 'function')
    // The worker evaluates the expression of a field again, unless the value is data, which may have changed.
    if (functions.length === 0) return !isData(value)
    return functions.every((fn) => this.#isOwn(sourceOf(fn), declared))
  }

  #isOwn(source: string, declared: Declared | undefined): boolean {
    if (declared === undefined) return this.#text.includes(source)
    if (declared.texts.some((text) => text.endsWith(source))) return true
    return declared.isComputed
  }
}
