/** A setup as a worker receives it: what it does for the calls that name it. The numbers of functions are those of definitions; 0: none. */
export interface PackedSetup {
  /** Returns the shared objects. */
  readonly shared: number
  /** Runs before the worker's first task. */
  readonly init: number
  /** The same for equal inits, which run once. */
  readonly initKey: number
  /** Runs when the worker leaves. */
  readonly exit: number
  /** The same for equal exits, which run once. */
  readonly exitKey: number
}
