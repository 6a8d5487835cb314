//! A worker's claim words, as the scheduler uses them.

use crate::channel::claim::{ChunkState, TaskRange};
use crate::channel::segment::{LOADING_BIT, SETUP_BIT, Segment, word};
use crate::scheduler::{Began, ChunkSeq, Claims};
use crate::sync::atomic::Ordering;

/// The claim words in a worker's segment.
#[derive(Debug)]
pub(super) struct SegmentClaims {
    pub(super) segment: Segment,
    /// The system's monotonic clock when the scheduler's time began: milliseconds, modulo 2^32.
    pub(super) epoch_ms: u32,
}

impl Claims for SegmentClaims {
    fn offer(&self, seq: ChunkSeq) {
        self.segment.chunks().offer(seq.0);
    }

    fn revoke(&self, seq: ChunkSeq) -> bool {
        self.segment.chunks().revoke(seq.0)
    }

    fn has_begun(&self, seq: ChunkSeq) -> bool {
        matches!(
            self.segment.chunks().state(seq.0),
            Some(ChunkState::Begun | ChunkState::Cancelled)
        )
    }

    fn cancel(&self, seq: ChunkSeq) {
        self.segment.chunks().cancel(seq.0);
    }

    fn current_task(&self) -> u32 {
        self.segment.claim().current().k
    }

    fn began(&self) -> Began {
        // Relaxed: it was written before the claim word, which `current_task` acquires.
        let began = self.segment.word(word::TASK_BEGAN).load(Ordering::Relaxed);
        Began {
            ms: (began & !(LOADING_BIT | SETUP_BIT)).wrapping_sub(self.epoch_ms),
            is_loading: began & LOADING_BIT != 0,
            is_setting_up: began & SETUP_BIT != 0,
        }
    }

    fn condemn(&self, first: u32, last: u32) -> Option<u32> {
        self.segment.claim().condemn(TaskRange { first, last })
    }

    fn skip(&self, first: u32, last: u32) -> Option<u32> {
        self.segment.claim().skip(TaskRange { first, last })
    }
}
