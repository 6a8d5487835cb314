// How far the runner has come with a chunk when it returns.

/** The chunk has ended. */
export const DONE = 0
/** A promise is awaited; the runner goes on by itself and then calls `resume`. */
export const AWAITING = 1
/** The event loop gets its turn. */
export const YIELD = 2
/** The worker is condemned and begins nothing more. */
export const HALT = 3
/** The chunk's first task has begun; the runner needs its function. */
export const BEGUN = 4
