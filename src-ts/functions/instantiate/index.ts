// The worker's side of `functions/`, in a folder of its own, so that a worker loads nothing of the parent's side.
export { instantiate } from './instantiate.js'
export type { TaskCallable } from './load-module.js'
export { type Packed, unpackDefinition } from '../ship/packing.js'
