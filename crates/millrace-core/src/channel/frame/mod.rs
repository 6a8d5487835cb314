//! Frames: what travels through a ring.
//!
//! | bytes | what |
//! |---|---|
//! | 0..4 | length of the payload in bytes, u32 little endian, at most [`MAX_PAYLOAD`] |
//! | 4..8 | kind, u32 little endian: a [`ToWorker`] or a [`ToParent`] |
//! | 8..32 | six fields, u32 little endian each; their meaning depends on the kind |
//! | 32.. | the payload, then zeroes up to a multiple of 8 |
//!
//! So every frame starts at a multiple of 8 in the stream. A frame may be longer than the ring: it passes through it.

use crate::channel::ring::RingCorrupt;

mod assembler;

pub use assembler::{Assembler, Frame};

/// Size of a frame without payload.
pub const HEADER_BYTES: usize = 32;
/// Word of a header: the payload's bytes.
pub const LENGTH: usize = 0;
/// Word of a header: the kind.
pub const KIND: usize = 1;
/// Word of a header: the first of those that the kind has a meaning for.
pub const FIELDS_AT: usize = 2;
/// The longest payload in bytes: 2 GiB - 1.
pub const MAX_PAYLOAD: usize = i32::MAX as usize;

/// Why bytes are not a stream of frames, or could not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The payload is longer than [`MAX_PAYLOAD`].
    #[error("a payload of {bytes} bytes exceeds {MAX_PAYLOAD}")]
    TooLong {
        /// Length of the payload.
        bytes: usize,
    },
    /// No frame of that kind goes this way.
    #[error("unknown kind of frame: {kind}")]
    UnknownKind {
        /// The kind that the header names.
        kind: u32,
    },
    /// The system refused the memory for the payload.
    #[error("no memory for a payload of {bytes} bytes")]
    OutOfMemory {
        /// Length of the payload.
        bytes: usize,
    },
    /// The ring under it is corrupt.
    #[error(transparent)]
    Ring(#[from] RingCorrupt),
}

/// The kinds of frames that go one way.
pub trait FrameKind: Copy {
    /// The kind numbered `kind`, if there is one.
    fn from_number(kind: u32) -> Option<Self>;
    /// Its number.
    fn number(self) -> u32;
}

/// Kinds of frames from the parent to the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToWorker {
    /// Tasks to run; the fields are a [`ChunkFields`], the payload holds the tasks.
    Chunk = 1,
    /// A function; field 0 is the definition's id, the payload the definition.
    Define = 2,
    /// A function no longer needed; field 0 is its id.
    Forget = 3,
    /// No more work will come: exit gracefully.
    Leave = 4,
    /// A chunk is not wanted any more; field 0 is its sequence number, the payload the reason.
    Cancel = 5,
    /// The chunks from here on need a setup; field 0 is the id of its definition, or 0 if they need none.
    Setup = 6,
}

impl FrameKind for ToWorker {
    fn from_number(kind: u32) -> Option<Self> {
        [Self::Chunk, Self::Define, Self::Forget, Self::Leave, Self::Cancel, Self::Setup]
            .into_iter()
            .find(|known| known.number() == kind)
    }

    fn number(self) -> u32 {
        self as u32
    }
}

/// Kinds of frames from the worker to the parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToParent {
    /// The worker takes work now.
    Ready = 1,
    /// How tasks ended; the fields are an [`OutcomeFields`], the payload holds the results.
    Outcome = 2,
    /// An error that nobody handles is about to end the worker. The payload is the error. It is empty if a task fails by it,
    /// since its outcome follows.
    Fault = 3,
    /// A signal asked the worker to exit. It begins no more tasks after the running one, and waits for a [`ToWorker::Leave`].
    Retire = 4,
    /// What a setup makes a worker do when it leaves is done; field 0 is 1 if that has failed. The payload is the result or the error.
    ExitResult = 5,
    /// All that setups make the worker do when it leaves is done.
    ExitDone = 6,
}

impl FrameKind for ToParent {
    fn from_number(kind: u32) -> Option<Self> {
        [Self::Ready, Self::Outcome, Self::Fault, Self::Retire, Self::ExitResult, Self::ExitDone]
            .into_iter()
            .find(|known| known.number() == kind)
    }

    fn number(self) -> u32 {
        self as u32
    }
}

/// Bits of [`ChunkFields::flags`].
pub mod chunk_flag {
    /// Each result is flushed before the next task begins.
    pub const EACH: u32 = 1;
    /// The first failure ends the chunk.
    pub const FAIL_FAST: u32 = 2;
    /// Each item is the array of the arguments.
    pub const SPREAD: u32 = 4;
    /// Known to the scheduler alone: the chunk goes ahead of others.
    pub const URGENT: u32 = 8;
    /// The worker notes when each task begins.
    pub const TIMED: u32 = 16;
    /// The worker loads the function, and runs nothing.
    pub const LOAD: u32 = 128;
    /// From this bit on they are the submitter's.
    pub const FREE_SHIFT: u32 = 8;
    const _: () = assert!((EACH | FAIL_FAST | SPREAD | URGENT | TIMED | LOAD) >> FREE_SHIFT == 0);
}

/// Flags of an outcome.
pub mod outcome_flag {
    /// The one task of this outcome failed.
    pub const ERROR: u32 = 1;
    /// The chunk ended here.
    pub const LAST: u32 = 2;
    /// The chunk's tasks after these were not run.
    pub const DROPPED: u32 = 4;
    /// The worker begins nothing more; what it has not run is given back.
    pub const RETIRING: u32 = 8;
    /// The worker could not set itself up, so the one task has not run.
    pub const SETUP: u32 = 16;
    /// From this bit on they say how many regions were passed since the outcome before.
    pub const REGIONS_SHIFT: u32 = 16;
    /// The most regions of one outcome.
    pub const REGIONS_MAX: u32 = u32::MAX >> REGIONS_SHIFT;
    const _: () = assert!((ERROR | LAST | DROPPED | RETIRING | SETUP) >> REGIONS_SHIFT == 0);
}

/// The fields of a [`ToWorker::Chunk`], in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkFields {
    /// The chunk's sequence number.
    pub seq: u32,
    /// Number, in the claim word, of the payload's first task.
    pub first_task: u32,
    /// Index in the payload of the first task to run.
    pub from: u32,
    /// Number of tasks in the payload.
    pub count: u32,
    /// Id of the function.
    pub definition: u32,
    /// Of [`chunk_flag`].
    pub flags: u32,
}

impl From<ChunkFields> for [u32; 6] {
    fn from(chunk: ChunkFields) -> Self {
        [chunk.seq, chunk.first_task, chunk.from, chunk.count, chunk.definition, chunk.flags]
    }
}

impl From<[u32; 6]> for ChunkFields {
    fn from([seq, first_task, from, count, definition, flags]: [u32; 6]) -> Self {
        Self { seq, first_task, from, count, definition, flags }
    }
}

/// The fields of a [`ToParent::Outcome`], in their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeFields {
    /// The chunk's sequence number.
    pub seq: u32,
    /// Index in the chunk of the first of these tasks.
    pub first: u32,
    /// Number of these tasks.
    pub count: u32,
    /// Of [`outcome_flag`].
    pub flags: u32,
    /// Time that these tasks took together, in microseconds.
    pub elapsed_micros: u32,
    /// Number of the last block that the worker has filled so far; see [`blocks`](crate::channel::blocks).
    pub last_block: u32,
}

impl From<OutcomeFields> for [u32; 6] {
    fn from(outcome: OutcomeFields) -> Self {
        let OutcomeFields { seq, first, count, flags, elapsed_micros, last_block } = outcome;
        [seq, first, count, flags, elapsed_micros, last_block]
    }
}

impl From<[u32; 6]> for OutcomeFields {
    fn from([seq, first, count, flags, elapsed_micros, last_block]: [u32; 6]) -> Self {
        Self { seq, first, count, flags, elapsed_micros, last_block }
    }
}

/// The bytes of a frame's header, which `payload_bytes` of payload and its [`padding`] are to follow.
///
/// # Errors
/// [`FrameError::TooLong`].
pub fn header(
    kind: impl FrameKind,
    fields: impl Into<[u32; 6]>,
    payload_bytes: usize,
) -> Result<[u8; HEADER_BYTES], FrameError> {
    if payload_bytes > MAX_PAYLOAD {
        return Err(FrameError::TooLong { bytes: payload_bytes });
    }
    let mut bytes = [0; HEADER_BYTES];
    let words = [payload_bytes as u32, kind.number()].into_iter().chain(fields.into());
    for (place, word) in bytes.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    Ok(bytes)
}

/// Whether `bytes` are one whole frame with results of a chunk that goes on, and nothing else has to be done about it.
pub fn is_mid_chunk(bytes: &[u8]) -> bool {
    let Some(header) = bytes.first_chunk::<HEADER_BYTES>() else { return false };
    let word = |index: usize| u32::from_le_bytes(header.as_chunks().0[index]);
    let fields = OutcomeFields::from([2, 3, 4, 5, 6, 7].map(word));
    word(KIND) == ToParent::Outcome.number()
        && fields.flags == 0
        && bytes.len() == HEADER_BYTES + padded_len(word(LENGTH) as usize)
}

/// The place that `payload_bytes` of payload take: up to a multiple of 8.
pub const fn padded_len(payload_bytes: usize) -> usize {
    payload_bytes.next_multiple_of(8)
}

/// The zeroes that follow `payload_bytes` of payload.
pub fn padding(payload_bytes: usize) -> &'static [u8] {
    &[0; 8][..padded_len(payload_bytes) - payload_bytes]
}
