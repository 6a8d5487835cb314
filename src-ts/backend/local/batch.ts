import type { Batch, ChunkHeader } from '../index.js'
import { dropRegion, holdRegion, type Region, type RegionSink, Writer } from '../../codec/index.js'
import { Math } from '../../primordials.js'
import { paddedLength, SUBMISSION_BYTES } from '../../protocol/index.js'
import type { Blocks } from './blocks.js'

const USUAL_BYTES = 64 * 1024
/** So many of the last regions are looked through before one is added again, which does no harm. */
const LAST_REGIONS = 16
/** The largest number in a word. In practice it is no limit. */
const LONGEST_LIFE = 0xffffffff

/** Passes submissions to the core. */
export type Submit = (bytes: Uint8Array, length: number) => void

/** Chunks in the layout of the core's submissions. User code runs while items are encoded, so each batch has its own memory. */
export class NativeBatch implements Batch, RegionSink {
  readonly #submit: Submit
  readonly #free: Writer[]
  readonly #writer: Writer
  readonly #blocks: Pick<Blocks, 'put' | 'drop'>
  #start = 0
  #startBlockBytes = 0
  /** The blocks of all chunks, and where those of the last one begin. */
  readonly #places: number[] = []
  #firstPlace = 0
  /** The regions of all chunks, and where those of the last one begin. */
  readonly #regions: Region[] = []
  #firstRegion = 0

  /** @param free Keeps the memory of batches that were sent. */
  constructor(submit: Submit, free: Writer[], blocks: Pick<Blocks, 'put' | 'drop'>) {
    this.#submit = submit
    this.#free = free
    this.#blocks = blocks
    this.#writer = free.pop() ?? new Writer(USUAL_BYTES)
    this.#writer.length = 0
    this.#writer.blockBytes = 0
    this.#writer.blocks = this
    this.#writer.regions = this
  }

  /** Takes a large value of the chunk that is being written. */
  put(bytes: Uint8Array): number {
    const place = this.#blocks.put(bytes)
    if (place >= 0) this.#places.push(place)
    return place
  }

  /** Keeps a region for the chunk that is being written. */
  hold(region: Region): void {
    const last = Math.max(this.#firstRegion, this.#regions.length - LAST_REGIONS)
    if (this.#regions.includes(region, last)) return
    holdRegion(region)
    this.#regions.push(region)
  }

  get bytes(): number {
    return this.#writer.length + this.#writer.blockBytes
  }

  begin(): Writer {
    this.#start = this.#writer.length
    this.#startBlockBytes = this.#writer.blockBytes
    this.#firstPlace = this.#places.length
    this.#firstRegion = this.#regions.length
    this.#writer.reserve(SUBMISSION_BYTES)
    this.#writer.length += SUBMISSION_BYTES
    this.#writer.beginShared()
    return this.#writer
  }

  commit(header: ChunkHeader): void {
    const writer = this.#writer
    const payload = writer.length - this.#start - SUBMISSION_BYTES
    this.#pad(payload)
    const blocks = this.#places.length - this.#firstPlace
    for (let at = this.#firstPlace; at < this.#places.length; at++) writer.u32(this.#places[at] as number)
    this.#pad(4 * blocks)
    const regions = this.#regions.length - this.#firstRegion
    for (let at = this.#firstRegion; at < this.#regions.length; at++) writer.id((this.#regions[at] as Region).id)
    const end = writer.length
    const { limits, only } = header
    writer.length = this.#start
    writer.u32(payload)
    writer.u32(header.call)
    writer.u32(header.chunk)
    writer.u32(header.count)
    writer.u32(header.definition)
    writer.u32(header.flags)
    writer.u32(only === undefined ? 0 : only + 1)
    writer.u32(Math.min(limits.lifespan, LONGEST_LIFE))
    writer.u32(Math.ceil(limits.timeoutMs))
    writer.u32(limits.retries)
    writer.u32(blocks)
    writer.u32(header.setup)
    writer.u32(regions)
    writer.u32(0)
    writer.length = end
  }

  /** Fills the place of so many bytes. A loop, because there are few. */
  #pad(bytes: number): void {
    for (let left = paddedLength(bytes) - bytes; left > 0; left--) this.#writer.u8(0)
  }

  abandon(): void {
    this.#writer.length = this.#start
    this.#writer.blockBytes = this.#startBlockBytes
    this.#blocks.drop(this.#places.splice(this.#firstPlace))
    this.#dropRegions(this.#firstRegion)
  }

  discard(): void {
    this.#detach()
    this.#blocks.drop(this.#places.splice(0))
  }

  #dropRegions(from: number): void {
    for (const region of this.#regions.splice(from)) dropRegion(region)
  }

  #detach(): void {
    this.#writer.blocks = undefined
    this.#writer.regions = undefined
    // The core has those of accepted chunks by now.
    if (this.#regions.length > 0) this.#dropRegions(0)
  }

  send(): void {
    try {
      if (this.#writer.length > 0) this.#submit(this.#writer.bytes, this.#writer.length)
    } catch (error) {
      this.discard()
      throw error
    }
    this.#detach()
    // Memory that has grown for a large message is not kept.
    if (this.#writer.bytes.length <= 16 * USUAL_BYTES) this.#free.push(this.#writer)
  }
}
