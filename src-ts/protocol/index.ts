export * from './frames.js'
export { getPhase, type Phase, setPhase } from './phase.js'
export * from './words.js'
export type { ClosePools, WorkerConfig } from './worker-config.js'
