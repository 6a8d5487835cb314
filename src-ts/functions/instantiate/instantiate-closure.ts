import { createRequire } from 'node:module'
import { Script } from 'node:vm'
import { Reader, readValue } from '../../codec/index.js'
import { TaskFunctionError } from '../../errors/index.js'
import { JSON, Map, Object, Reflect, String, Symbol, SyntaxError, globalObject, toObject } from '../../primordials.js'
import { compileScript, makeHelper, requireGlobals, restore } from './compile.js'
import type { Slot } from '../ship/graph.js'
import { isImportPlaceholder, isMetaPlaceholder } from '../analyze/helpers.js'
import { findImport, importExport } from './load-module.js'
import { makeNamespace, makeReference } from '../reference/callable.js'
import { MadeObjects, slotsOf, type Values } from './make-objects.js'
import { closureLabelOf, labelOf, toSource, withTexts } from '../stacks/located-code.js'
import { callName } from '../refusal/refusals.js'
import type { ShippedClosure, ShippedText } from '../ship/shipped.js'
import { importFrom, metaOf } from '../capture/placeholders.js'

type Callable = (...args: unknown[]) => unknown
/** Receives the functions that were made so far. */
type OnMade = (functions: readonly object[]) => void
type Factory = (values: readonly unknown[], onMade: OnMade, sources?: readonly string[]) => object[]

const require = createRequire(import.meta.url)

// A closure with data is defined anew in each call, but its script stays the same.
const FACTORIES_KEPT = 128
const factories = new Map<string, Factory>()

// eval may be forbidden (--disallow-code-generation-from-strings), or a preload may have replaced it.
const CAN_EVAL_CODE = '(function (own) { try { return eval("own") === own } catch { return false } })({})'
let canEval: boolean | undefined

function makeFactory(code: string, texts: readonly ShippedText[], name: string | undefined): Factory {
  canEval ??= new Script(CAN_EVAL_CODE).runInThisContext() === true
  const whole = (): Factory => compileScript<Factory>(withTexts(code, texts), name, closureLabelOf(name), 0)
  if (!canEval) return whole()
  const factory = compileScript<Factory>(code, name, closureLabelOf(name), 0)
  const sources = texts.map((text) => toSource(text, labelOf(name)))
  return (values, onMade) => {
    try {
      return factory(values, onMade, sources)
    } catch (error) {
      // Syntax that this Node does not know also fails as a script. An error that a class throws while it is made is passed on.
      if (error instanceof SyntaxError) whole()
      throw error
    }
  }
}

function factoryOf(code: string, texts: readonly ShippedText[], name: string | undefined): Factory {
  const key = JSON.stringify([code, texts])
  let factory = factories.get(key)
  if (factory === undefined) {
    factory = makeFactory(code, texts, name)
    const [oldest] = factories.keys()
    if (factories.size >= FACTORIES_KEPT && oldest !== undefined) factories.delete(oldest)
    factories.set(key, factory)
  }
  return factory
}

function follow(start: unknown, path: readonly string[], called: string): unknown {
  let value = start
  for (const key of path)
    value = Object.hasOwn(toObject(value) as object, key) ? Reflect.get(toObject(value) as object, key) : undefined
  if (value !== undefined) return value
  const variable = path.join('.')
  throw new TaskFunctionError(`${called} needs ${variable}, which does not exist in the worker's process`, { variable })
}

// The values of imports, by a key of their slots, so that functions that are defined in each call do not wait for them again.
const imported = new Map<string, unknown>()

function isImport(slot: Slot): slot is Extract<Slot, { t: 'import' | 'export' | 'live' }> {
  return slot.t === 'import' || slot.t === 'export' || slot.t === 'live'
}

async function load(slot: Extract<Slot, { t: 'import' | 'export' | 'live' }>): Promise<void> {
  if (slot.t === 'export') {
    imported.set(JSON.stringify(slot), await importExport(slot))
    return
  }
  const { base, specifier, name, attributes } = slot
  const options = Object.keys(attributes).length === 0 ? undefined : { with: attributes }
  const namespace = (await importFrom(base, specifier, `the module ${base}`, options)) as Readonly<
    Record<string, unknown>
  >
  const read = (): unknown => namespace[name]
  if (slot.t === 'live') imported.set(JSON.stringify(slot), Object.defineProperty(read, 'v', { get: read }))
  else imported.set(JSON.stringify(slot), name === '*' ? namespace : findImport(namespace, name))
}

/** Every import among the slots that was not made yet. */
function missingImports(slots: readonly Slot[]): Extract<Slot, { t: 'import' | 'export' | 'live' }>[] {
  return slots.flatMap((slot) => {
    if (slot.t === 'members') return missingImports(Object.values(slot.of))
    if (slot.t === 'prototype') return missingImports([slot.of])
    return isImport(slot) && !imported.has(JSON.stringify(slot)) ? [slot] : []
  })
}

function makeHelperFor({ name, base, called }: Extract<Slot, { t: 'helper' }>): unknown {
  if (isMetaPlaceholder(name)) return metaOf(base)
  if (isImportPlaceholder(name)) {
    return async (specifier: unknown, options?: ImportCallOptions) =>
      importFrom(base, String(specifier), called, options)
  }
  return makeHelper(name, called)
}

/** Makes the values of one closure. */
class ClosureValues implements Values {
  readonly #data: readonly unknown[]
  readonly #called: string
  readonly #symbols: symbol[] = []
  /** Once they have been made: classes one by one, after all others. */
  functions: readonly object[] = []
  objects: MadeObjects | undefined
  // What an object of members holds may be a function of the script that the values are made for.
  readonly laters: (() => void)[] = []

  constructor(data: readonly unknown[], called: string) {
    this.#data = data
    this.#called = called
  }

  isReady(slot: Slot): boolean {
    if (slot.t === 'prototype') return this.isReady(slot.of)
    if (slot.t === 'object') return this.objects?.isReady(slot.at) === true
    return slot.t !== 'fn' || this.functions[slot.at] !== undefined
  }

  readonly get = (slot: Slot): unknown => {
    switch (slot.t) {
      case 'data':
        return this.#data[slot.at]
      case 'fn':
        return this.functions[slot.at]
      case 'object':
        return this.objects?.get(slot.at)
      case 'prototype':
        return (this.get(slot.of) as Callable).prototype
      case 'symbol':
        return slot.isRegistered ? Symbol.for(slot.key) : Reflect.get(Symbol, slot.key)
      case 'own symbol':
        return (this.#symbols[slot.at] ??= Symbol(slot.description))
      case 'global':
        return follow(globalObject, slot.path, this.#called)
      case 'builtin':
        return follow(require(`node:${slot.id}`), slot.path, this.#called)
      case 'reference':
        return slot.isNamespace ? makeNamespace(slot.url) : makeReference(slot.url, slot.name)
      case 'file':
        return require(slot.path)
      case 'require':
        return createRequire(slot.base)
      case 'helper':
        return makeHelperFor(slot)
      case 'import':
      case 'export':
      case 'live':
        return imported.get(JSON.stringify(slot))
      case 'members': {
        const object: Record<string, unknown> = {}
        this.laters.push(() => {
          for (const [key, member] of Object.entries(slot.of)) object[key] = this.get(member)
        })
        return object
      }
    }
  }
}

function make(shipped: ShippedClosure, data: Uint8Array): Callable {
  const { name, code, texts, values: slots, objects: plans, labels, globals } = shipped
  const called = callName(name)
  requireGlobals(globals, called)
  const values = new ClosureValues(data.length === 0 ? [] : (readValue(new Reader(data)) as unknown[]), called)
  const objects = new MadeObjects(plans, values)
  values.objects = objects
  const functions = factoryOf(
    code,
    texts,
    name
  )(slots.map(values.get), (made) => {
    values.functions = made
    objects.fill()
  })
  values.functions = functions
  objects.finish()
  for (const later of values.laters) later()
  labels.forEach(([label, length], at) => {
    const fn = functions[at] as Callable
    restore(fn, 'name', label)
    restore(fn, 'length', length)
  })
  return functions[0] as Callable
}

async function makeWith(
  missing: Parameters<typeof load>[0][],
  shipped: ShippedClosure,
  data: Parameters<typeof make>[1]
): Promise<Callable> {
  for (const slot of missing) await load(slot)
  return make(shipped, data)
}

/**
 * Makes a function with what it captures.
 * @param data Its values, encoded by the codec.
 * @returns the function, or a promise of it if a module has to be imported
 * @throws TaskFunctionError if this process lacks something that the function needs
 */
export function makeClosure(shipped: ShippedClosure, data: Uint8Array): Callable | Promise<Callable> {
  const missing = missingImports([...shipped.values, ...slotsOf(shipped.objects)])
  return missing.length === 0 ? make(shipped, data) : makeWith(missing, shipped, data)
}
