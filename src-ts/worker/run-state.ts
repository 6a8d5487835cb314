// The state of a chunk when the runner returns.

/** The chunk has ended. */
export const DONE = 0
/** The runner awaits a promise. It then continues by itself and calls `resume`. */
export const AWAITING = 1
/** The event loop has to run. */
export const YIELD = 2
/** The worker is condemned and begins nothing more. */
export const HALT = 3
/** The chunk's first task has begun, and its function is needed. */
export const BEGUN = 4
