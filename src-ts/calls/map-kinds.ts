/** The map methods that return a promise of a list. */
export type ListKind = 'map' | 'mapUnordered' | 'mapSettled'
/** The map methods that return an iterator. */
export type LazyKind = 'imap' | 'imapUnordered' | 'imapSettled' | 'imapSettledUnordered'
export type MapKind = ListKind | LazyKind

/** How the map methods differ. */
export interface MapTraits {
  /** Whether the call returns an iterator, so that the consumer sets the pace. */
  readonly isLazy: boolean
  /** Whether results come in the order of the input. */
  readonly isOrdered: boolean
  /** Whether the call goes on after a task has failed. */
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
