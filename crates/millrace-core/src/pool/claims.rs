//! A worker's claim words, as the scheduler uses them.

use crate::claim::{ChunkState, TaskRange};
use crate::scheduler::Claims;
use crate::segment::Segment;

/// The claim words in a worker's segment.
#[derive(Debug)]
pub(super) struct SegmentClaims(pub(super) Segment);

impl Claims for SegmentClaims {
    fn offer(&self, seq: u32) {
        self.0.chunks().offer(seq);
    }

    fn revoke(&self, seq: u32) -> bool {
        self.0.chunks().revoke(seq)
    }

    fn has_begun(&self, seq: u32) -> bool {
        matches!(self.0.chunks().state(seq), Some(ChunkState::Begun | ChunkState::Cancelled))
    }

    fn cancel(&self, seq: u32) {
        self.0.chunks().cancel(seq);
    }

    fn current_task(&self) -> u32 {
        self.0.claim().current().k
    }

    fn condemn(&self, first: u32, last: u32) -> Option<u32> {
        self.0.claim().condemn(TaskRange { first, last })
    }

    fn skip(&self, first: u32, last: u32) -> Option<u32> {
        self.0.claim().skip(TaskRange { first, last })
    }
}
