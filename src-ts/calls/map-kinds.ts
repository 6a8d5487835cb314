/** The members of the map family that promise a list. */
export type ListKind = 'map' | 'mapUnordered' | 'mapSettled'
/** The members that return an iterator. */
export type LazyKind = 'imap' | 'imapUnordered' | 'imapSettled' | 'imapSettledUnordered'
export type MapKind = ListKind | LazyKind

/** What sets the members of the map family apart. */
export interface MapTraits {
  /** The consumer sets the pace: the call returns an iterator. */
  readonly isLazy: boolean
  /** Results come in the order of the input. */
  readonly isOrdered: boolean
  /** A task that fails does not end the call. */
  readonly isSettled: boolean
}

export const MAP_TRAITS: Readonly<Record<MapKind, MapTraits>> = {
  map: { isLazy: false, isOrdered: true, isSettled: false },
  mapUnordered: { isLazy: false, isOrdered: false, isSettled: false },
  mapSettled: { isLazy: false, isOrdered: true, isSettled: true },
  imap: { isLazy: true, isOrdered: true, isSettled: false },
  imapUnordered: { isLazy: true, isOrdered: false, isSettled: false },
  imapSettled: { isLazy: true, isOrdered: true, isSettled: true },
  imapSettledUnordered: { isLazy: true, isOrdered: false, isSettled: true }
}
