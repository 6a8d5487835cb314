/**
 * The status block at the front of the memory that a worker shares with its parent, as 32-bit words. The other half is in the core's
 * `channel/segment.rs` and `channel/claim.rs`.
 */

/** The claim word. */
export const TASK_WORD = 16
/** When the last task with a limit began. */
export const TASK_BEGAN_WORD = 17
/** The bit of `TASK_BEGAN_WORD` that says that a function is being loaded. */
export const LOADING_BIT = 1
/** The bit that says that the worker sets itself up. */
export const SETUP_BIT = 2
/** Bytes that the worker has sent. */
export const SENT_WORD = 112
/** Bytes that the parent has read. */
export const TAKEN_WORD = 128

/** The resident memory of this worker when it measured that last, in KiB. */
export const RESIDENT_WORD = 161

/** The first of the chunk slots, and how many there are. */
export const SLOTS_AT = 1024
export const SLOT_COUNT = 1024

/** Claim words and slots have flags or a state in the low bits, and a number above them. */
export const STATE_BITS = 2
export const NUMBER_MASK = 0x3fffffff

/** States of a chunk. */
export const OFFERED = 0
export const BEGUN = 1
export const REVOKED = 2

/** Flags of the claim word. */
export const CONDEMNED = 1
export const SKIP = 2
