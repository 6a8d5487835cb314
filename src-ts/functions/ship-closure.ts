import { writeValue } from '../codec/encode.js'
import { Writer } from '../codec/writer.js'
import { TaskFunctionError } from '../errors.js'
import { Buffer, Set, WeakMap, emitWarning } from '../primordials.js'
import { type ClosureCode, writeClosure } from './closure-code.js'
import { unclonable } from './describe.js'
import type { CapturedData, Graph } from './graph.js'
import { callName } from './refusals.js'
import type { ShippedClosure } from './shipped.js'

const LARGEST_BYTES = 10 * 1024 * 1024
const LARGE_BYTES = 1024 * 1024

const codes = new WeakMap<Graph, ClosureCode>()

function codeOf(graph: Graph): ClosureCode {
  let code = codes.get(graph)
  if (code === undefined) {
    code = writeClosure(graph)
    codes.set(graph, code)
  }
  return code
}

function weigh({ name, value }: CapturedData, called: string): number {
  const writer = new Writer()
  try {
    writeValue(writer, value, () => name)
  } catch (error) {
    throw unclonable(called, name, error)
  }
  return writer.length
}

const warned = new Set<string>()

function checkWeight(total: number, { data, members }: Graph, called: string): void {
  if (total <= LARGE_BYTES) return
  const weights = data.map((captured) => ({ name: captured.name, bytes: weigh(captured, called) }))
  const texts = members.map(({ anatomy }) => ({ name: anatomy.name || '(anonymous)', bytes: anatomy.text.length }))
  const largest = [...weights, ...texts].reduce((a, b) => (b.bytes > a.bytes ? b : a), { name: '', bytes: 0 })
  const instead = 'pass it as an argument, or let the worker load it'
  if (total > LARGEST_BYTES) {
    const weight = `${(total / 1024 / 1024).toFixed(1)} MB`
    throw new TaskFunctionError(
      `${called} weighs ${weight} with what it captures, more than 10 MB; the largest is '${largest.name}': ${instead}`,
      { variable: largest.name }
    )
  }
  for (const { name, bytes } of weights) {
    const key = `${called} ${name}`
    if (bytes <= LARGE_BYTES || warned.has(key)) continue
    warned.add(key)
    const text = `${called} captures '${name}', ${(bytes / 1024 / 1024).toFixed(1)} MB, which each worker gets: ${instead}`
    emitWarning(text, 'MillraceWarning')
  }
}

function encode(graph: Graph, codeLength: number, called: string): string {
  const { data } = graph
  if (data.length === 0) {
    checkWeight(codeLength, graph, called)
    return ''
  }
  const writer = new Writer()
  try {
    // One value: what two variables share stays shared.
    writeValue(
      writer,
      data.map(({ value }) => value),
      () => ''
    )
  } catch (error) {
    // Which variable it is shows one by one.
    for (const captured of data) weigh(captured, called)
    throw error
  }
  checkWeight(writer.length + codeLength, graph, called)
  return Buffer.from(writer.bytes.buffer, writer.bytes.byteOffset, writer.length).toString('base64')
}

/**
 * Makes a function with what it captures ready to travel, its data as they are now.
 * @throws TaskFunctionError for data that cannot be cloned, and for more than 10 MB.
 */
export function shipClosure(graph: Graph): ShippedClosure {
  const { code, texts, values } = codeOf(graph)
  const length = texts.reduce((sum, { text }) => sum + text.length, code.length)
  const name = graph.members[0]?.anatomy.name
  return {
    kind: 'closure',
    name,
    code,
    texts,
    values,
    labels: graph.members.map(({ anatomy }) => [anatomy.name, anatomy.length]),
    data: encode(graph, length, callName(name)),
    globals: [...new Set(graph.members.flatMap(({ globals }) => globals))]
  }
}
