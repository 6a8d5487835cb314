import { type TaskFunctionError, warn } from '../../errors/index.js'
import { type Region, Writer, writeValue } from '../../codec/index.js'
import { JSON, Set, Uint8Array, WeakMap } from '../../primordials.js'
import { type ClosureCode, writeClosure } from './closure-code.js'
import { largeBytes, largestBytes } from '../refusal/largest.js'
import { INSTEAD, tooHeavy, unclonable } from '../refusal/messages.js'
import type { CapturedData, Graph } from './graph.js'
import { callName } from '../refusal/refusals.js'
import type { ShippedClosure } from './shipped.js'

const codes = new WeakMap<Graph, ClosureCode>()

function codeOf(graph: Graph): ClosureCode {
  let code = codes.get(graph)
  if (code === undefined) {
    code = writeClosure(graph)
    codes.set(graph, code)
  }
  return code
}

/** The encoded size of one variable. Infinity if it is more than any function may have. */
function weigh({ variable, path, value }: CapturedData, called: string): number {
  const writer = new Writer(undefined, largestBytes())
  writer.regions = { hold: () => undefined }
  try {
    writeValue(writer, value, () => path)
  } catch (error) {
    if (writer.isOverfull) return Infinity
    throw unclonable(called, variable, error)
  }
  return writer.length
}

function refuseLargest({ data, members }: Graph, called: string): TaskFunctionError {
  const weights = data.map((captured) => ({ name: captured.variable, bytes: weigh(captured, called) }))
  const texts = members.map(({ analysis }) => ({ name: analysis.name || '(anonymous)', bytes: analysis.text.length }))
  const largest = [...weights, ...texts].reduce((a, b) => (b.bytes > a.bytes ? b : a), { name: '', bytes: 0 })
  return tooHeavy(called, largest.name)
}

// Keyed by the functions and the names of their variables, so that a variable is not measured in each call.
const weighed = new Set<string>()

function warnOfLarge({ data }: Graph, called: string): void {
  const key = JSON.stringify([called, data.map(({ path }) => path)])
  if (weighed.has(key)) return
  weighed.add(key)
  for (const captured of data) {
    const bytes = weigh(captured, called)
    if (bytes <= largeBytes()) continue
    const size = (bytes / 1024 / 1024).toFixed(1)
    const text = `${called} captures '${captured.path}' of ${size} MB, which is sent to each worker: ${INSTEAD}`
    warn('MILLRACE_LARGE_CAPTURE', text)
  }
}

const NO_DATA = new Uint8Array()

interface EncodedData {
  /** One encoded array. Empty if there is no data. */
  readonly data: Uint8Array
  /** The regions that it refers to. */
  readonly regions: readonly Region[]
}

function encode(graph: Graph, codeLength: number, called: string): EncodedData {
  const { data } = graph
  if (codeLength > largestBytes()) throw refuseLargest(graph, called)
  if (data.length === 0) return { data: NO_DATA, regions: [] }
  const writer = new Writer(undefined, largestBytes() - codeLength)
  const regions = new Set<Region>()
  writer.regions = { hold: (region) => void regions.add(region) }
  try {
    // Encoded as one value, so that objects that two variables share stay shared.
    writeValue(
      writer,
      data.map(({ value }) => value),
      () => ''
    )
  } catch (error) {
    if (writer.isOverfull) throw refuseLargest(graph, called)
    // Encoding the variables one by one shows which of them failed.
    for (const captured of data) weigh(captured, called)
    throw error
  }
  if (writer.length > largeBytes()) warnOfLarge(graph, called)
  return { data: writer.bytes.subarray(0, writer.length), regions: [...regions] }
}

/** A closure with its captured data. */
export interface Shipment extends EncodedData {
  readonly closure: ShippedClosure
}

/**
 * Makes the definition of a function with everything that it captures, with its current data.
 * @throws TaskFunctionError for data that cannot be cloned, and for more than 10 MB
 */
export function shipClosure(graph: Graph): Shipment {
  const { code, texts, values } = codeOf(graph)
  const written = graph.objects.length === 0 ? 0 : JSON.stringify(graph.objects).length
  const length = texts.reduce((sum, { text }) => sum + text.length, code.length + written)
  const name = graph.members[0]?.analysis.name
  const closure: ShippedClosure = {
    kind: 'closure',
    name,
    code,
    texts,
    values,
    objects: graph.objects,
    labels: graph.members.map(({ analysis }) => [analysis.name, analysis.length]),
    globals: [...new Set(graph.members.flatMap(({ globals }) => globals))]
  }
  return { closure, ...encode(graph, length, callName(name)) }
}
