import type { RawWorkerEndpoint, RawWorkerIdentity } from '../../index.js'
import { Reflect, Symbol, globalObject } from '../primordials.js'
import type { AsyncContext } from './isolation.js'
import type { OwnStreams } from './own-streams.js'

/** What `lifeline.cjs`, which runs before all other code of this process, prepares for the worker's program. */
export interface Start {
  readonly binding: {
    readonly RawWorkerEndpoint: new (notify: () => void, useLoop: boolean) => RawWorkerEndpoint
    workerIdentity(): RawWorkerIdentity | null
    createRegion(id: number, bytes: number, content?: Uint8Array): ArrayBuffer
    fetchRegion(id: number, bytes: number): ArrayBuffer
    freshRegionId(): number
    passRegion(id: number): void
    pinRegion(id: number): void
    regionsPerOutcome(): number
    releaseRegion(buffer: ArrayBuffer): void
    unpinRegion(id: number): void
  }
  readonly reportStartError: (error: unknown) => void
  readonly streams: OwnStreams
  readonly context: AsyncContext
}

const START_KEY = Symbol.for('millrace.start')

/** Reads what `lifeline.cjs` has left on the global object, and removes it: tasks must not see it. */
export function takeStart(): Start {
  const start = Reflect.get(globalObject, START_KEY) as Start
  Reflect.deleteProperty(globalObject, START_KEY)
  return start
}
