/**
 * Flags of a chunk that only TypeScript reads: the core hands them on. They lie between the flags of `frames.ts` and `CALL_SHIFT`.
 */

/** The function takes the context as its last argument. */
export const PASS_CONTEXT = 32
