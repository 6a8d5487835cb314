//! The bytes by which a submitter hands over chunks: a row of submissions, each a header of 12 words and its payload,
//! padded to a multiple of 8 bytes.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | payload bytes |
//! | 1 | the call |
//! | 2 | the chunk within the call |
//! | 3 | tasks in the payload, at least 1 |
//! | 4 | definition id |
//! | 5 | [`ChunkFlags`] |
//! | 6 | 1 + the only worker that may run it, or 0 |
//! | 7 | the lifespan of the workers that run it, in tasks, or 0 |
//! | 8 | milliseconds that each task has, or 0: no limit |
//! | 9 | how often each task may run again |
//! | 10, 11 | 0 |

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::records::SUBMISSION_BYTES;
use crate::channel::frame::{MAX_PAYLOAD, padded_len};
use crate::scheduler::{CallId, Chunk, ChunkFlags, Definition, DefinitionId, Turn};

/// Why nothing was accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The bytes end within a submission.
    #[error("submission at byte {at} is cut short")]
    Torn {
        /// Where it starts.
        at: usize,
    },
    /// A payload over the limit of a message.
    #[error("submission at byte {at} has {bytes} bytes, the limit is {MAX_PAYLOAD}")]
    TooLarge {
        /// Where it starts.
        at: usize,
        /// Its payload.
        bytes: usize,
    },
    /// A chunk without tasks, or for a worker that the pool does not have.
    #[error("submission at byte {at} names {count} tasks and worker {worker_id:?}")]
    OutOfRange {
        /// Where it starts.
        at: usize,
        /// Its tasks.
        count: u32,
        /// Its worker.
        worker_id: Option<u32>,
    },
    /// A definition that was never made, or forgotten.
    #[error("definition {id} is not known")]
    Undefined {
        /// The definition.
        id: DefinitionId,
    },
}

/// What does not fit into one message to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {bytes} bytes, the limit is {MAX_PAYLOAD}")]
pub struct TooLarge {
    /// The definition, or the reason of a cancellation.
    pub what: &'static str,
    /// Its size.
    pub bytes: usize,
}

/// Checks what is to be the payload of a message.
pub(super) fn check_size(what: &'static str, bytes: usize) -> Result<(), TooLarge> {
    if bytes > MAX_PAYLOAD { Err(TooLarge { what, bytes }) } else { Ok(()) }
}

pub(super) fn read_all(
    bytes: &[u8],
    definitions: &HashMap<DefinitionId, Arc<Definition>>,
    worker_count: u32,
) -> Result<Vec<Chunk>, SubmitError> {
    let mut chunks = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let header = bytes.get(at..at + SUBMISSION_BYTES).ok_or(SubmitError::Torn { at })?;
        let word = |index: usize| {
            let field = &header[index * 4..index * 4 + 4];
            u32::from_le_bytes([field[0], field[1], field[2], field[3]])
        };
        let payload_bytes = word(0) as usize;
        if payload_bytes > MAX_PAYLOAD {
            return Err(SubmitError::TooLarge { at, bytes: payload_bytes });
        }
        let start = at + SUBMISSION_BYTES;
        let payload = bytes.get(start..start + payload_bytes).ok_or(SubmitError::Torn { at })?;
        let only = word(6).checked_sub(1);
        if word(3) == 0 || only.is_some_and(|worker_id| worker_id >= worker_count) {
            return Err(SubmitError::OutOfRange { at, count: word(3), worker_id: only });
        }
        let limit = (word(8) > 0).then(|| Duration::from_millis(u64::from(word(8))));
        let timed = if limit.is_some() { ChunkFlags::TIMED } else { 0 };
        let each = if limit.is_some() || word(9) > 0 { ChunkFlags::EACH } else { 0 };
        let id = DefinitionId(word(4));
        let definition = definitions.get(&id).ok_or(SubmitError::Undefined { id })?;
        chunks.push(Chunk {
            call_id: CallId(word(1)),
            id: word(2),
            count: word(3),
            from: 0,
            flags: ChunkFlags(word(5) | timed | each),
            only,
            limit,
            retries: word(9),
            receivers_lost: 0,
            lifespan: (word(7) > 0).then(|| word(7)),
            is_piece: false,
            turn: Turn::default(),
            definition: Arc::clone(definition),
            payload: payload.into(),
        });
        at = start + padded_len(payload_bytes);
    }
    Ok(chunks)
}
