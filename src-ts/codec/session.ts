import type { Identity } from './identity.js'
import type { Writer } from './writer.js'

/** The encoding of one value: where to, what was met, and how to write a value inside of it. */
export interface Session {
  writer: Writer
  readonly met: Identity
  /** Containers around the value that is being written. */
  depth: number
  readonly write: (session: Session, value: unknown) => void
}
