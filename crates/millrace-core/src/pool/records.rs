//! Sizes and numbers of submissions and records, beside their kinds.

/// Size of a submission without its payload.
pub const SUBMISSION_BYTES: usize = 48;
/// Words in front of the items of a record of kind [`Died`](super::RecordKind::Died).
pub const DIED_WORDS: usize = 12;
/// Words of a record of kind [`TimedOut`](super::RecordKind::TimedOut), and in front of the definition of a
/// [`LoadTimedOut`](super::RecordKind::LoadTimedOut).
pub const LATE_WORDS: usize = 4;
/// The system had no memory left.
pub const CAUSE_MEMORY: u32 = 1;
/// The heap had reached its limit.
pub const CAUSE_HEAP: u32 = 2;
/// What the worker sent made no sense.
pub const CAUSE_PROTOCOL: u32 = 3;
/// There was no memory for what the worker sent.
pub const CAUSE_OUT_OF_MEMORY: u32 = 4;
