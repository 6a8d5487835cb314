//! The numbers that the other side of the shared memory must know too, by their names there.
//!
//! A worker need not be written in Rust. It has its own copy of these numbers, and compares it with this list.

use crate::channel::claim::{self, ChunkState};
use crate::channel::frame::{self, ToParent, ToWorker, chunk_flag};
use crate::channel::segment::{self, word};

pub use crate::channel::frame::{HEADER_BYTES, outcome_flag, padded_len};

/// A number by its name.
pub type Entry = (&'static str, u32);

/// Messages: headers and kinds.
const MESSAGES: &[Entry] = &[
    ("HEADER_BYTES", frame::HEADER_BYTES as u32),
    ("LENGTH", frame::LENGTH as u32),
    ("KIND", frame::KIND as u32),
    ("FIELDS_AT", frame::FIELDS_AT as u32),
    ("FRAME_CHUNK", ToWorker::Chunk as u32),
    ("FRAME_DEFINE", ToWorker::Define as u32),
    ("FRAME_FORGET", ToWorker::Forget as u32),
    ("FRAME_LEAVE", ToWorker::Leave as u32),
    ("FRAME_CANCEL", ToWorker::Cancel as u32),
    ("FRAME_SETUP", ToWorker::Setup as u32),
    ("FRAME_OUTCOME", ToParent::Outcome as u32),
    ("FRAME_FAULT", ToParent::Fault as u32),
    ("FRAME_RETIRE", ToParent::Retire as u32),
    ("FRAME_EXIT_RESULT", ToParent::ExitResult as u32),
    ("FRAME_EXIT_DONE", ToParent::ExitDone as u32),
];

/// Flags of chunks and outcomes.
const FLAGS: &[Entry] = &[
    ("EACH", chunk_flag::EACH),
    ("FAIL_FAST", chunk_flag::FAIL_FAST),
    ("SPREAD", chunk_flag::SPREAD),
    ("URGENT", chunk_flag::URGENT),
    ("TIMED", chunk_flag::TIMED),
    ("LOAD", chunk_flag::LOAD),
    ("CALL_SHIFT", chunk_flag::FREE_SHIFT),
    ("OUTCOME_ERROR", outcome_flag::ERROR),
    ("OUTCOME_LAST", outcome_flag::LAST),
    ("OUTCOME_DROPPED", outcome_flag::DROPPED),
    ("OUTCOME_RETIRING", outcome_flag::RETIRING),
    ("OUTCOME_SETUP", outcome_flag::SETUP),
    ("REGIONS_SHIFT", outcome_flag::REGIONS_SHIFT),
];

/// Words of the status block.
const WORDS: &[Entry] = &[
    ("STATUS_WORDS", segment::STATUS_WORDS as u32),
    ("TASK_WORD", word::TASK as u32),
    ("TASK_BEGAN_WORD", word::TASK_BEGAN as u32),
    ("SENT_WORD", word::TO_PARENT_HEAD as u32),
    ("TAKEN_WORD", word::TO_PARENT_TAIL as u32),
    ("RESIDENT_WORD", word::RESIDENT as u32),
    ("SLOTS_AT", word::CHUNK_SLOTS as u32),
    ("SLOT_COUNT", claim::SLOTS as u32),
    ("STATE_BITS", claim::FLAG_BITS),
    ("NUMBER_MASK", claim::NUMBER_MASK),
    ("LOADING_BIT", segment::LOADING_BIT),
    ("SETUP_BIT", segment::SETUP_BIT),
    ("OFFERED", ChunkState::Offered as u32),
    ("BEGUN", ChunkState::Begun as u32),
    ("REVOKED", ChunkState::Revoked as u32),
    ("CONDEMNED", claim::CONDEMNED),
    ("SKIP", claim::SKIP),
];

/// All of them.
pub fn entries() -> impl Iterator<Item = Entry> {
    [MESSAGES, FLAGS, WORDS].into_iter().flatten().copied()
}
