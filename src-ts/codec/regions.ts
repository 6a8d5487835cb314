/**
 * Regions: memory that `sharedArray` makes, and that processes share. A message has the id of a region and not its bytes. The core's
 * `region/` says how a region comes from process to process, and what keeps it on the way.
 */
import { Refusal } from './refusal.js'
import type { Writer } from './writer.js'
import { build } from '../protocol/index.js'
import {
  FinalizationRegistry,
  Map,
  Object,
  Reflect,
  Symbol,
  TypeError,
  WeakMap,
  WeakRef,
  globalObject
} from '../primordials.js'

/** Why a result cannot be written, alone or behind the results before it. */
export function tooManyRegions(writer: Writer, most: number): Refusal {
  writer.isOverfull = true
  return new Refusal(`more than ${most} shared arrays in one result`)
}

/** A region that this thread has mapped. */
export interface Region {
  readonly id: number
  readonly byteLength: number
  readonly buffer: ArrayBuffer
  /** How often it is held by what is not submitted yet. */
  holds: number
  /** It was released while it was held. */
  isPinned: boolean
}

/** Receives the regions of a message that is being written. */
export interface RegionSink {
  /**
   * Keeps the region for the message.
   * @throws Refusal if it cannot be kept
   */
  hold(region: Region, writer: Writer): void
}

/** What the addon does. */
export interface RegionMemory {
  create(id: number, bytes: number, content: Uint8Array | undefined): ArrayBuffer
  /** Maps a region that a message names. */
  open(id: number, bytes: number): ArrayBuffer
  /** Detaches the buffer and unmaps its memory. */
  release(buffer: ArrayBuffer): void
  /** Lets a region stay without its mapping. */
  pin(id: number): void
  unpin(id: number): void
  freshId(): number
}

/** The regions of this thread. A worker's bundle and the package that its tasks import are copies that share them. */
interface Known {
  readonly memory: RegionMemory
  readonly byBuffer: WeakMap<ArrayBuffer, Region>
  readonly byId: Map<number, WeakRef<ArrayBuffer>>
  readonly collected: FinalizationRegistry<number>
}

const KEY = Symbol.for(`millrace.regions ${build}`)

let known: Known | undefined = Reflect.get(globalObject, KEY) as Known | undefined

/** Provides the addon, unless another copy of this code has done so. */
export function provideRegions(memory: RegionMemory): void {
  if (known !== undefined) return
  const byId = new Map<number, WeakRef<ArrayBuffer>>()
  const collected = new FinalizationRegistry<number>((id) => {
    // It may have been mapped again.
    if (byId.get(id)?.deref() === undefined) byId.delete(id)
  })
  known = { memory, byBuffer: new WeakMap(), byId, collected }
  Object.defineProperty(globalObject, KEY, { value: known, enumerable: false })
}

function regionsOf(): Known {
  if (known === undefined) throw new TypeError('shared memory is not available here')
  return known
}

/** The region whose memory a buffer is, if any. */
export function regionOf(buffer: ArrayBufferLike): Region | undefined {
  // Most programs have none.
  return known === undefined || known.byId.size === 0 ? undefined : known.byBuffer.get(buffer as ArrayBuffer)
}

function register({ byBuffer, byId, collected }: Known, id: number, buffer: ArrayBuffer): Region {
  const region = { id, byteLength: buffer.byteLength, buffer, holds: 0, isPinned: false }
  byBuffer.set(buffer, region)
  byId.set(id, new WeakRef(buffer))
  collected.register(buffer, id)
  return region
}

/**
 * Makes a region of `bytes`, with `content` at its front.
 * @throws Error if there is no memory for it
 */
export function makeRegion(bytes: number, content?: Uint8Array): ArrayBuffer {
  const regions = regionsOf()
  const id = regions.memory.freshId()
  return register(regions, id, regions.memory.create(id, bytes, content)).buffer
}

/**
 * The buffer of a region. One thread has one buffer for it, however often it is sent.
 * @throws Error if the region is gone, or cannot be mapped
 */
export function openRegion(id: number, bytes: number): ArrayBuffer {
  const regions = regionsOf()
  const buffer = regions.byId.get(id)?.deref()
  // A buffer that was released has no bytes.
  if (buffer?.byteLength === bytes) return buffer
  return register(regions, id, regions.memory.open(id, bytes)).buffer
}

/** Unmaps the memory of a region. Its arrays in this thread have no elements afterwards. Other processes keep theirs. */
function releaseRegion({ memory }: Known, region: Region): void {
  if (region.holds > 0 && !region.isPinned) {
    memory.pin(region.id)
    region.isPinned = true
  }
  memory.release(region.buffer)
}

/** Keeps a region for a message that is not sent yet, even if the program releases it. */
export function holdRegion(region: Region): void {
  region.holds++
}

/** Undoes {@linkcode holdRegion}. */
export function dropRegion(region: Region): void {
  region.holds--
  if (region.holds > 0 || !region.isPinned) return
  region.isPinned = false
  regionsOf().memory.unpin(region.id)
}

/** The method of arrays that show a region. */
function release(this: ArrayBufferView): void {
  const region = regionOf(this.buffer)
  // A buffer that was released has no bytes.
  if (region !== undefined && region.buffer.byteLength > 0) releaseRegion(regionsOf(), region)
}

/** Gives an array its method `release`. */
export function withRelease<V extends ArrayBufferView>(view: V): V & { release(): void } {
  const method = { value: release, enumerable: false, configurable: true, writable: true }
  return Object.defineProperty(view, 'release', method) as V & { release(): void }
}
