import type { Identity } from './identity.js'
import { REF } from './tags.js'
import type { Writer } from './writer.js'

/** The encoding of one value: the writer, the objects that were met, and how to write a value inside it. */
export interface Session {
  writer: Writer
  readonly met: Identity
  /** Whether the value has a REF. */
  refers: boolean
  /** The number of containers around the value that is being written. */
  depth: number
  readonly write: (session: Session, value: unknown) => void
}

/** Writes the number of an object that was met before. */
export function writeReference(session: Session, number: number): void {
  session.refers = true
  session.writer.u8(REF)
  session.writer.varint(number)
}
