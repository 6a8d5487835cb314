//! How blocks of results go back to their worker.
//!
//! The worker numbers its blocks from 1 on, modulo 2^32. Each outcome says the number of the last block up to its end. The parent
//! keeps a [`Lease`] for the blocks of an outcome until it has read them, or has discarded the outcome. Leases end in any order.
//! The word says up to which number *all* blocks were read, so the worker needs no more than a comparison.
//!
//! Only the parent stores the word, so nothing that a worker does makes the parent read less or twice. A word that a worker has
//! overwritten frees blocks of that worker alone.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::Extent;
use crate::lock::lock;
use crate::sync::atomic::{AtomicU32, Ordering};

/// Where the parent stores up to which block everything was read. It must outlive the leases.
pub trait ReadWord: Send + Sync {
    /// The word that both sides see.
    fn word(&self) -> &AtomicU32;
}

/// The parent's account of a worker's blocks.
pub struct Returns<W: ReadWord> {
    owner: W,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last block of the last outcome that has arrived.
    arrived: u32,
    /// Up to here everything was read.
    read: u32,
    /// Leases that ended while an earlier one had not: the block before the first, and the last.
    ended: Vec<(u32, u32)>,
}

/// The number of a last block is impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impossible;

impl<W: ReadWord> Returns<W> {
    /// Nothing has arrived.
    pub fn new(owner: W) -> Self {
        Self { owner, state: Mutex::default() }
    }

    /// What the blocks lie in.
    pub fn owner(&self) -> &W {
        &self.owner
    }

    /// An outcome has arrived that says that `last` is its last block. `None`: it has no blocks.
    ///
    /// # Errors
    ///
    /// [`Impossible`] if numbers go back, or there would be more than `most` blocks that were not read.
    pub fn arrive(self: &Arc<Self>, last: u32, most: u32) -> Result<Option<Lease<W>>, Impossible> {
        let mut state = lock(&self.state);
        let before = state.arrived;
        let is_possible = last.wrapping_sub(state.read) <= most
            && last.wrapping_sub(state.read) >= before.wrapping_sub(state.read);
        if !is_possible {
            return Err(Impossible);
        }
        state.arrived = last;
        drop(state);
        Ok((last != before).then(|| Lease { returns: Arc::clone(self), before, last }))
    }

    fn end(&self, before: u32, last: u32) {
        let mut state = lock(&self.state);
        state.ended.push((before, last));
        let read = state.read;
        while let Some(next) = state.ended.iter().position(|(before, _)| *before == state.read) {
            state.read = state.ended.swap_remove(next).1;
        }
        if state.read != read {
            // Release pairs with the Acquire in `Lent::reclaim`: what was read is read before it is overwritten.
            self.owner.word().store(state.read, Ordering::Release);
        }
    }
}

impl<W: ReadWord> fmt::Debug for Returns<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Returns").field("state", &self.state).finish_non_exhaustive()
    }
}

/// The blocks of one outcome. They go back to their worker when it is dropped.
pub struct Lease<W: ReadWord> {
    returns: Arc<Returns<W>>,
    before: u32,
    last: u32,
}

impl<W: ReadWord> Lease<W> {
    /// Where the blocks are.
    pub fn returns(&self) -> &Arc<Returns<W>> {
        &self.returns
    }
}

impl<W: ReadWord> fmt::Debug for Lease<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Lease({}..={})", self.before.wrapping_add(1), self.last)
    }
}

impl<W: ReadWord> Drop for Lease<W> {
    fn drop(&mut self) {
        self.returns.end(self.before, self.last);
    }
}

/// The worker's account of the blocks that the parent has not read, oldest first.
#[derive(Debug, Default)]
pub struct Lent {
    extents: VecDeque<Extent>,
    /// The number of the last block that came back.
    returned: u32,
}

impl Lent {
    /// Adds the next block.
    pub fn push(&mut self, extent: Extent) {
        self.extents.push_back(extent);
    }

    /// Whether the parent has everything read.
    pub fn is_empty(&self) -> bool {
        self.extents.is_empty()
    }

    /// Passes the blocks that have come back to `free`.
    pub fn reclaim(&mut self, word: &AtomicU32, mut free: impl FnMut(Extent)) {
        // Acquire pairs with the Release in `Returns::end`.
        let read = word.load(Ordering::Acquire);
        while self.returned != read {
            let Some(extent) = self.extents.pop_front() else { return };
            self.returned = self.returned.wrapping_add(1);
            free(extent);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
