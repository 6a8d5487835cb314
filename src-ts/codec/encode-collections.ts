import { Map, Set } from '../primordials.js'
import { entryStep, memberStep, within } from './refusal.js'
import type { Session } from './session.js'
import { MAP, SET } from './tags.js'

const forEachEntry = Map.prototype.forEach
const forEachMember = Set.prototype.forEach

// Alternating keys and values.
function entriesOf(map: object): unknown[] {
  const entries: unknown[] = []
  forEachEntry.call(map as Map<unknown, unknown>, (value, key) => entries.push(key, value))
  return entries
}

function membersOf(set: object): unknown[] {
  const members: unknown[] = []
  forEachMember.call(set as Set<unknown>, (member) => members.push(member))
  return members
}

/** Writes a Map as it is now, because a getter inside it may add entries. */
export function writeMap(session: Session, map: object): void {
  const entries = entriesOf(map)
  session.writer.u8(MAP)
  session.writer.varint(entries.length / 2)
  let index = 0
  try {
    for (; index < entries.length; index++) session.write(session, entries[index])
  } catch (error) {
    throw within(error, () => entryStep(entries, index), index)
  }
}

/** Writes a Set as it is now. */
export function writeSet(session: Session, set: object): void {
  const members = membersOf(set)
  session.writer.u8(SET)
  session.writer.varint(members.length)
  let index = 0
  try {
    for (; index < members.length; index++) session.write(session, members[index])
  } catch (error) {
    throw within(error, memberStep, index)
  }
}
