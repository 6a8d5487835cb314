/** The only module that imports the native addon. */
import { fileURLToPath } from 'node:url'

import './addon.js'
import { URL } from './primordials.js'

import { createRegion, freshRegionId, openRegion, pinRegion, releaseRegion, unpinRegion } from '../index.js'
import type { RegionMemory } from './codec/index.js'

export {
  availableCpus,
  commandLine,
  cpuCount,
  defaultJobs,
  libraryPath,
  makeRoomForDescriptors,
  type RawWorkerIdentity,
  RawPool,
  type RawPoolOptions,
  workerIdentity
} from '../index.js'

// This module is at the top of src-ts, because URLs in a bundle are relative to the bundle, which is at the top of dist.
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The files that a worker process runs: a preload, and its program. */
export const workerFiles: { readonly lifeline: string; readonly worker: string } = {
  lifeline: path('./worker/lifeline.cjs'),
  worker: path('./worker/worker.mjs')
}

/** The memory of `sharedArray`. In a worker the worker's own program has provided it before. */
export const memoryOfRegions: RegionMemory = {
  create: (id, bytes, content) => createRegion(id, bytes, content),
  open: (id, bytes) => openRegion(id, bytes),
  release: (buffer) => releaseRegion(buffer),
  pin: (id) => pinRegion(id),
  unpin: (id) => unpinRegion(id),
  freshId: () => freshRegionId()
}
