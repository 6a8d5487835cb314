//! The status block as the program of a worker sees it.

use crate::channel::segment::{STATUS_WORDS, Segment};

/// The words at the front of the shared memory, which both processes change. [`layout`](crate::layout) says what each is for.
///
/// It is cheap to clone, and keeps the memory mapped.
#[derive(Debug, Clone)]
pub struct StatusBlock(Segment);

impl StatusBlock {
    /// How many words there are, of 32 bits each.
    pub const WORDS: usize = STATUS_WORDS;

    pub(super) fn new(segment: Segment) -> Self {
        Self(segment)
    }

    /// The address of the first word, which is valid while this value or a clone of it lives. All accesses must be atomic.
    #[cfg(not(loom))]
    pub fn as_ptr(&self) -> *mut u32 {
        self.0.word(0).as_ptr()
    }

    /// Notes that the program has come close to a limit of its memory, in bytes. Safe at any moment.
    pub fn note_memory_limit(&self, bytes: usize) {
        self.0.note_memory_limit(bytes);
    }

    /// Announces that [`Self::note_out_of_memory`] will be called. Until then, to have come close to a limit means nothing.
    pub fn watch_memory(&self) {
        self.0.watch_memory();
    }

    /// Notes that the program's memory is used up, so that the process will end. Safe at any moment.
    pub fn note_out_of_memory(&self) {
        self.0.note_out_of_memory();
    }
}
