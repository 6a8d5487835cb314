import type { Identity } from './identity.js'
import type { DefinedShapes } from './shapes.js'
import type { Writer } from './writer.js'

/** The encoding of one value: the writer, the objects that were met, and how to write a value inside it. */
export interface Session {
  writer: Writer
  readonly met: Identity
  readonly shapes: DefinedShapes
  /** The number of containers around the value that is being written. */
  depth: number
  readonly write: (session: Session, value: unknown) => void
}
