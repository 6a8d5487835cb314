/**
 * Flags of a chunk that only TypeScript reads. The core passes them on. They are bits below `CALL_SHIFT` that `frames.ts` leaves free.
 */

/** The function receives the context as its last argument. */
export const PASS_CONTEXT = 32

/** Each task is a batch: the number of its items, then the items. Its result is an array with one result for each. */
export const BATCH = 64
