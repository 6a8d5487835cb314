export { build } from './build.js'
export {
  chunkHead,
  type ChunkTrace,
  chunkTrace,
  firstIndex,
  itemsAt,
  madeAt,
  type TraceSource,
  writeChunkHead
} from './chunk-head.js'
export { clockOrigin } from './common-clock.js'
export { currentTask, provideCurrentTask, provideCurrentTaskFirst } from './current-task.js'
export * from './figures.js'
export * from './frames.js'
export { BATCH, PASS_CONTEXT } from './own-flags.js'
export { getPhase, type Phase, setPhase } from './phase.js'
export * from './words.js'
export type { PackedSetup } from './setup.js'
export { bucketOf, bucketStart } from './time-buckets.js'
export * from './trace.js'
export type { ClosePools, WorkerConfig } from './worker-config.js'
