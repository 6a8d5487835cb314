export { BLOCK_SPACE_BYTES, type BlockSink, type BlockSource, headsOnly } from './blocks.js'
export { type PackedResults, readConstants } from './constants.js'
export { readValue } from './decode.js'
export { filterStacks } from './encode-errors.js'
export { writeValue } from './encode.js'
export { classNameOf } from './host-objects.js'
export { IdleMemory } from './idle-memory.js'
export { kindOf, kindOfEmpty } from './kinds.js'
export { takeClasses } from './lost-classes.js'
export { isOutOfBounds, typedArrays } from './memory.js'
export { NumberBlock } from './number-block.js'
export { isBlock, type Numbers, readBlock, readBlockStart } from './packed.js'
export { Reader } from './reader.js'
export { elementStep, entryStep, memberStep, propertyStep } from './refusal.js'
export {
  dropRegion,
  holdRegion,
  makeRegion,
  provideRegions,
  type Region,
  type RegionMemory,
  regionOf,
  type RegionSink,
  tooManyRegions,
  withRelease
} from './regions.js'
export { readFailure, readResults, unreadable } from './results.js'
export { readOrigin, writeOrigin } from './task-origin.js'
export { TextRun } from './text-run.js'
export { emptyOf, joinParts, kindNameOf, partOf, type TypedArray } from './typed-parts.js'
export { MAX_MESSAGE_BYTES, Writer } from './writer.js'
