/**
 * Flags of a chunk that only TypeScript reads: the core hands them on. They lie between the flags of `frames.ts` and `CALL_SHIFT`.
 */

/** The function takes the context as its last argument. */
export const PASS_CONTEXT = 32

/** Each task is a batch: the number of its items, then the items. Its result is an array of as many results. */
export const BATCH = 64
