import { Map, Object } from '../primordials.js'
import { writeKey } from './encode-primitives.js'
import { COMPILED_AFTER, compileWriter, type WriteRecord } from './record-writers.js'
import { LONGEST_SHAPE, SHAPE_BYTES } from './tags.js'
import { copyBytes, Writer } from './writer.js'

/*
 * The writer's side of records. Objects whose own enumerable keys are the same, in the same order, have one shape. The shapes that were
 * seen are a tree: an edge is a key, and the path from the root to a node is a list of keys. Walking the tree costs one comparison per
 * key if the object is like the last one that passed. A `for in` over the keys runs no code of the user.
 *
 * What is kept here is only memory of how to write fast. A message defines each shape that it uses, so it can be read alone. After a value
 * that could not be written, the message defines shapes again, from number 0.
 */

/** The keys that many objects have. */
export interface Shape {
  readonly keys: readonly string[]
  /** The definition as it is written. */
  readonly definition: Uint8Array
  /** The message that has defined it last, and its number there. */
  message: number
  number: number
  /** How many objects were written without a function of its own. */
  uses: number
  write: WriteRecord | undefined
}

interface Node {
  readonly key: string
  /** The child that was taken last. */
  next: Node | undefined
  children: Map<string, Node> | undefined
  shape: Shape | undefined
}

/** The most nodes of the tree. Then it is forgotten. */
const MOST_NODES = 4096
/** Objects of unknown shapes that are learned without knowing whether it pays. */
const FREE_LESSONS = 64
/** Beyond those, one shape is learned for this many objects of known shapes. Dictionaries have no shape that comes again. */
const LESSON_PRICE = 8

let root = makeNode('')
let nodes = 0
let lessons = 0
let known = 0
const scratch = new Writer(SHAPE_BYTES)

function makeNode(key: string): Node {
  return { key, next: undefined, children: undefined, shape: undefined }
}

/** The shape of an object that has one. Objects without entries have none, and those with unusual or too many keys. */
export function shapeOf(object: object): Shape | undefined {
  let node = root
  for (const key in object) {
    const { next } = node
    if (next !== undefined && next.key === key) node = next
    else {
      const child = node.children?.get(key)
      if (child === undefined) return learn(object)
      node.next = child
      node = child
    }
  }
  const { shape } = node
  if (shape === undefined) return node === root ? undefined : learn(object)
  known++
  return shape
}

// Of the keys of Object.prototype, `__proto__` cannot be assigned, and others cannot if the prototype is frozen. Indexes come first in
// any object, and are the keys of dictionaries.
function isUsual(key: string): boolean {
  return !(key in Object.prototype) && !/^\d/.test(key)
}

function learn(object: object): Shape | undefined {
  if (lessons > FREE_LESSONS && lessons * LESSON_PRICE > known) return undefined
  lessons++
  const keys = Object.keys(object)
  if (keys.length === 0 || keys.length > LONGEST_SHAPE || !keys.every(isUsual)) return undefined
  scratch.length = 0
  for (const key of keys) {
    if (key.length > SHAPE_BYTES) return undefined
    writeKey(scratch, key)
  }
  if (scratch.length > SHAPE_BYTES) return undefined
  const shape = {
    keys,
    definition: copyBytes(scratch.bytes, 0, scratch.length),
    message: 0,
    number: 0,
    uses: 0,
    write: undefined
  }
  return add(shape)
}

function add(shape: Shape): Shape {
  if (nodes + shape.keys.length > MOST_NODES) forget()
  let node = root
  for (const key of shape.keys) {
    let child = node.children?.get(key)
    if (child === undefined) {
      child = makeNode(key)
      nodes++
      node.children ??= new Map()
      node.children.set(key, child)
    }
    node.next = child
    node = child
  }
  node.shape = shape
  return shape
}

function forget(): void {
  root = makeNode('')
  nodes = 0
}

/** The function that writes the values of literals of a shape, if it has come often enough. */
export function writerOf(shape: Shape): WriteRecord | undefined {
  if (shape.uses < COMPILED_AFTER && ++shape.uses === COMPILED_AFTER) shape.write = compileWriter(shape.keys)
  return shape.write
}

/** The number of a shape in the writer's message. Otherwise -1, and the shape gets the next number. */
export function meetShape(w: Writer, shape: Shape): number {
  if (shape.message === w.message) return shape.number
  shape.message = w.message
  shape.number = w.defined++
  return -1
}
