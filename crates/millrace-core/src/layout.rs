//! The numbers that the other side of the shared memory and of the records has to know as well, by the names it has for them.
//!
//! A worker and a submitter need not be Rust: they have these numbers a second time, and compare them with this list.

use crate::channel::claim::{self, ChunkState};
use crate::channel::frame::{self, ToParent, ToWorker, chunk_flag, outcome_flag};
use crate::channel::segment::{self, word};
use crate::pool::{RecordKind, records};

/// A number by its name.
pub type Entry = (&'static str, u32);

/// Messages: headers and kinds.
const MESSAGES: &[Entry] = &[
    ("HEADER_BYTES", frame::HEADER_BYTES as u32),
    ("SUBMISSION_BYTES", records::SUBMISSION_BYTES as u32),
    ("LENGTH", frame::LENGTH as u32),
    ("KIND", frame::KIND as u32),
    ("FIELDS_AT", frame::FIELDS_AT as u32),
    ("FRAME_CHUNK", ToWorker::Chunk as u32),
    ("FRAME_DEFINE", ToWorker::Define as u32),
    ("FRAME_FORGET", ToWorker::Forget as u32),
    ("FRAME_LEAVE", ToWorker::Leave as u32),
    ("FRAME_CANCEL", ToWorker::Cancel as u32),
    ("FRAME_OUTCOME", ToParent::Outcome as u32),
    ("FRAME_FAULT", ToParent::Fault as u32),
    ("FRAME_RETIRE", ToParent::Retire as u32),
    ("RECORD_OUTCOME", RecordKind::Outcome as u32),
    ("RECORD_DIED", RecordKind::Died as u32),
    ("RECORD_START_FAILED", RecordKind::StartFailed as u32),
    ("RECORD_STARTED", RecordKind::Started as u32),
    ("RECORD_EXITED", RecordKind::Exited as u32),
    ("RECORD_CLOSED", RecordKind::Closed as u32),
    ("RECORD_TIMED_OUT", RecordKind::TimedOut as u32),
    ("RECORD_LOAD_TIMED_OUT", RecordKind::LoadTimedOut as u32),
    ("RECORD_FAULT", RecordKind::Fault as u32),
    ("RECORD_OUTPUT", RecordKind::Output as u32),
    ("RECORD_FAILED", RecordKind::Failed as u32),
    ("DIED_WORDS", records::DIED_WORDS as u32),
    ("LATE_WORDS", records::LATE_WORDS as u32),
    ("CAUSE_MEMORY", records::CAUSE_MEMORY),
    ("CAUSE_HEAP", records::CAUSE_HEAP),
    ("CAUSE_PROTOCOL", records::CAUSE_PROTOCOL),
    ("CAUSE_OUT_OF_MEMORY", records::CAUSE_OUT_OF_MEMORY),
];

/// Flags of chunks and outcomes.
const FLAGS: &[Entry] = &[
    ("EACH", chunk_flag::EACH),
    ("FAIL_FAST", chunk_flag::FAIL_FAST),
    ("SPREAD", chunk_flag::SPREAD),
    ("URGENT", chunk_flag::URGENT),
    ("TIMED", chunk_flag::TIMED),
    ("CALL_SHIFT", chunk_flag::FREE_SHIFT),
    ("OUTCOME_ERROR", outcome_flag::ERROR),
    ("OUTCOME_LAST", outcome_flag::LAST),
    ("OUTCOME_DROPPED", outcome_flag::DROPPED),
    ("OUTCOME_RETIRING", outcome_flag::RETIRING),
];

/// Words of the status block.
const WORDS: &[Entry] = &[
    ("STATUS_WORDS", segment::STATUS_WORDS as u32),
    ("TASK_WORD", word::TASK as u32),
    ("TASK_BEGAN_WORD", word::TASK_BEGAN as u32),
    ("SENT_WORD", word::TO_PARENT_HEAD as u32),
    ("TAKEN_WORD", word::TO_PARENT_TAIL as u32),
    ("SLOTS_AT", word::CHUNK_SLOTS as u32),
    ("SLOT_COUNT", claim::SLOTS as u32),
    ("STATE_BITS", claim::FLAG_BITS),
    ("NUMBER_MASK", claim::NUMBER_MASK),
    ("LOADING_BIT", segment::LOADING_BIT),
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
