import { Math } from '../primordials.js'

/**
 * The layout of messages between TypeScript and the core. Every message is a header of 8 little-endian words and a payload, padded to a
 * multiple of 8 bytes. The other half is in the core's `channel/frame/` and the binding's `wire.rs`.
 */

/** Bytes of a header. */
export const HEADER_BYTES = 32

/** Bytes of the header of a submission, which has more words. */
export const SUBMISSION_BYTES = 56

/** Words of a header: the length of the payload in bytes, the kind, and from here on the fields of the kind. */
export const LENGTH = 0
export const KIND = 1
export const FIELDS_AT = 2

/** Kinds of frames that a worker receives (word 1). */
export const FRAME_CHUNK = 1
export const FRAME_DEFINE = 2
export const FRAME_FORGET = 3
export const FRAME_LEAVE = 4
export const FRAME_CANCEL = 5
export const FRAME_SETUP = 6

/** Kinds of frames that a worker sends. */
export const FRAME_OUTCOME = 2
export const FRAME_FAULT = 3
export const FRAME_RETIRE = 4
export const FRAME_EXIT_RESULT = 5
export const FRAME_EXIT_DONE = 6

/** Kinds of records that a pool collects (word 1). */
export const RECORD_OUTCOME = 2
export const RECORD_DIED = 16
export const RECORD_START_FAILED = 17
export const RECORD_STARTED = 18
export const RECORD_EXITED = 19
export const RECORD_CLOSED = 20
export const RECORD_TIMED_OUT = 24
export const RECORD_LOAD_TIMED_OUT = 25
export const RECORD_SETUP_FAILED = 26
export const RECORD_EXIT_RESULT = 27
export const RECORD_RESIZED = 28
export const RECORD_FAULT = 21
export const RECORD_OUTPUT = 22
export const RECORD_FAILED = 23

/** Words of a `RECORD_DIED` in front of the items, and of one of the records of late tasks. */
export const DIED_WORDS = 12
export const LATE_WORDS = 6

/** How a worker has ended. The word behind it is its exit code or the number of the signal. 0: nobody knows. */
export const ENDED_BY_EXIT = 1
export const ENDED_BY_SIGNAL = 2

/** How a worker failed to set itself up, or at what it does when it leaves. */
export const HOW_THREW = 1
export const HOW_DIED = 2
export const HOW_LATE = 3

/** Causes of a death. */
export const CAUSE_MEMORY = 1
export const CAUSE_HEAP = 2
export const CAUSE_PROTOCOL = 3
export const CAUSE_OUT_OF_MEMORY = 4

/** Why a worker ended. */
export const EXIT_DIED = 0
export const EXIT_LIFESPAN = 1
export const EXIT_MEMORY = 2
export const EXIT_IDLE = 3
export const EXIT_RECYCLE = 4
export const EXIT_TIMEOUT = 5
export const EXIT_ABORT = 6
export const EXIT_CLOSED = 7
export const EXIT_RESIZE = 8

/** Flags of a chunk. */
export const EACH = 1
export const FAIL_FAST = 2
export const SPREAD = 4
export const URGENT = 8
/** Set by the core. Tasks have a limit, so the worker notes when each begins. */
export const TIMED = 16
/** The worker loads the function, and runs nothing. */
export const LOAD = 128
/** The low bits of the call's number stand above the flags. */
export const CALL_SHIFT = 8

/** Flags of an outcome. */
export const OUTCOME_ERROR = 1
export const OUTCOME_LAST = 2
export const OUTCOME_DROPPED = 4
export const OUTCOME_RETIRING = 8
/** The worker could not set itself up, so the task has not run. */
export const OUTCOME_SETUP = 16
/** In a record: each result is a message of its own, with its length in front. */
export const OUTCOME_JOINED = 32
/** From this bit on the flags have the number of regions that were passed since the outcome before. */
export const REGIONS_SHIFT = 16
/** In a record, the flags have the source of the outcome's blocks above them. */
export const SOURCE_SHIFT = 8

/** The length of a payload with its padding. */
export function paddedLength(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
