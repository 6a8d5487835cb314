//! Who owns a task: the words on which the worker begins it and the parent stops it, by compare-and-exchange, so that one of them
//! wins.
//!
//! **The claim word**, one per worker: `k << 2 | flags`. `k` numbers the tasks that this process began, modulo 2^30, and 0
//! says that none was. Only the worker moves `k`, and only from a word without flags; only the parent sets flags, and only
//! on the exact word it judged. So a flag belongs to the `k` it stands on: a task that ended is never taken for the next.
//! - [`CONDEMNED`]: the process begins nothing more; the parent is about to kill it.
//! - [`SKIP`]: the worker gives up the rest of the chunk that `k` is of, acknowledges, and goes on with the next chunk. When
//!   the task about to begin is of another chunk already, it acknowledges and begins. What is given up belongs to the parent
//!   from the moment in which the flag is set, whether its call was cancelled or the chunk is split.
//!
//! **The chunk slots**, one word per chunk sent: `seq << 2 | state`. The worker takes a chunk from [`Offered`] to [`Begun`],
//! the parent takes it back from [`Offered`] to [`Revoked`]. Chunk `seq` uses slot `seq % slots`, so fewer chunks than slots
//! may be unanswered at a time. Sequence numbers go from 1 to 2^30 - 1 and round again; a zero word is no chunk.
//!
//! The worker's JavaScript works on the same words with `Atomics`, which is at least as strong as what is asked for here.
//!
//! [`Offered`]: ChunkState::Offered
//! [`Begun`]: ChunkState::Begun
//! [`Revoked`]: ChunkState::Revoked

use crate::sync::atomic::{AtomicU32, Ordering, fence};

/// Flag of the claim word: this process begins nothing more.
pub const CONDEMNED: u32 = 1;
/// Flag of the claim word: the rest of the running chunk is not wanted.
pub const SKIP: u32 = 2;

/// Bits of a word below its number: the flags of the claim word, the state of a chunk.
pub(crate) const FLAG_BITS: u32 = 2;
/// Task and chunk numbers of a worker process use this many low bits; they wrap.
pub(crate) const NUMBER_MASK: u32 = u32::MAX >> FLAG_BITS;
/// Chunk slots of a worker process.
pub const SLOTS: usize = 1_024;

const _: () = {
    assert!((CONDEMNED | SKIP) >> FLAG_BITS == 0);
    assert!((ChunkState::Cancelled as u32) < 1 << FLAG_BITS);
    // Chunk `seq` keeps its slot when the numbers wrap.
    assert!(SLOTS.is_power_of_two() && SLOTS as u64 <= NUMBER_MASK as u64);
};

/// The number of the task `count` after task `k`, modulo 2^30.
pub const fn task_after(k: u32, count: u32) -> u32 {
    k.wrapping_add(count) & NUMBER_MASK
}

/// The sequence number after `seq`: 30 bits, never 0.
pub const fn seq_after(seq: u32) -> u32 {
    let next = seq.wrapping_add(1) & NUMBER_MASK;
    if next == 0 { 1 } else { next }
}

/// Consecutive task numbers, both ends included; the range may wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskRange {
    /// The first task's number.
    pub first: u32,
    /// The last task's number.
    pub last: u32,
}

impl TaskRange {
    /// One task.
    #[cfg(feature = "testing")]
    pub const fn only(k: u32) -> Self {
        Self { first: k, last: k }
    }

    /// Whether task `k` is one of them.
    pub const fn contains(self, k: u32) -> bool {
        (k.wrapping_sub(self.first) & NUMBER_MASK) <= self.span()
    }

    const fn span(self) -> u32 {
        self.last.wrapping_sub(self.first) & NUMBER_MASK
    }
}

/// What the claim word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The task begun last; 0 when none was.
    pub k: u32,
    /// [`CONDEMNED`] and [`SKIP`], or 0.
    pub flags: u32,
}

/// Why the worker may not go on to a task.
#[cfg(feature = "testing")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The parent condemned the process: begin nothing, leave.
    #[error("the worker is condemned")]
    Condemned,
    /// The parent wants no more of the chunk; see [`Claim::acknowledge_skip`].
    #[error("the rest of the chunk is to be skipped")]
    Skip,
    /// The word is not at the task the worker believes to be at.
    #[error("the claim word is at task {found}")]
    OutOfStep {
        /// The task that the word names.
        found: u32,
    },
}

/// A view of the claim word.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    word: &'a AtomicU32,
}

impl<'a> Claim<'a> {
    /// Views `word`, which is 0 before the first task.
    pub const fn new(word: &'a AtomicU32) -> Self {
        Self { word }
    }

    /// Worker: goes on from task `from` to task `to`, which has begun when this returns `Ok`.
    ///
    /// # Errors
    /// If the parent was first. Then the word is unchanged.
    #[cfg(feature = "testing")]
    pub fn begin(self, from: u32, to: u32) -> Result<(), Refused> {
        self.step(from << FLAG_BITS, to << FLAG_BITS)
    }

    /// Worker: takes the [`SKIP`] off task `at`, having dropped what was left of its chunk.
    ///
    /// # Errors
    /// When the word is not `at` with that flag alone: condemned meanwhile, or out of step.
    #[cfg(feature = "testing")]
    pub fn acknowledge_skip(self, at: u32) -> Result<(), Refused> {
        self.step((at << FLAG_BITS) | SKIP, at << FLAG_BITS)
    }

    /// Parent: where the worker is.
    pub fn current(self) -> Position {
        // Acquire pairs with the Release in `step`: who sees that task k + 1 has begun finds in the ring what the worker
        // published of task k.
        let word = self.word.load(Ordering::Acquire);
        Position { k: word >> FLAG_BITS, flags: word & (CONDEMNED | SKIP) }
    }

    /// Parent: if the worker is at a task of `range`, stops it from beginning another, ever. Returns the task it is at.
    ///
    /// `None` says that it was elsewhere; its process must then not be killed for a task of `range`.
    #[must_use = "the worker is only condemned if this is `Some`"]
    pub fn condemn(self, range: TaskRange) -> Option<u32> {
        self.mark(CONDEMNED, range)
    }

    /// Parent: if the worker is at a task of `range`, stops it from beginning another before it has acknowledged.
    /// Returns the task it is at.
    #[must_use = "nothing is skipped if this is `None`"]
    pub fn skip(self, range: TaskRange) -> Option<u32> {
        self.mark(SKIP, range)
    }

    #[cfg(feature = "testing")]
    fn step(self, from: u32, to: u32) -> Result<(), Refused> {
        // Release pairs with the Acquire in `current` and `mark`. Acquire, on failure, pairs with the Release in `mark`:
        // a worker that is stopped sees what the parent wrote before stopping it.
        match self.word.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(found) if found & CONDEMNED != 0 => Err(Refused::Condemned),
            Err(found) if found & SKIP != 0 && from & SKIP == 0 => Err(Refused::Skip),
            Err(found) => Err(Refused::OutOfStep { found: found >> FLAG_BITS }),
        }
    }

    fn mark(self, flag: u32, range: TaskRange) -> Option<u32> {
        let mut word = self.word.load(Ordering::Acquire);
        // A correct worker changes the word once per task, and once more when it acknowledges. The bound keeps a worker
        // that overwrites it all the time from holding the parent here. Then its last known task counts.
        for _ in 0..=range.span().saturating_add(2) {
            let k = word >> FLAG_BITS;
            if !range.contains(k) {
                return None;
            }
            if word & flag != 0 {
                return Some(k);
            }
            // The orderings pair with those in `step`.
            match self.word.compare_exchange(word, word | flag, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Some(k),
                Err(found) => word = found,
            }
        }
        Some(word >> FLAG_BITS)
    }
}

/// How far a chunk has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkState {
    /// Sent, not begun; the parent may take it back.
    Offered = 0,
    /// The worker has it.
    Begun = 1,
    /// The parent has it back; the worker passes over it.
    Revoked = 2,
    /// Begun, and not wanted any more: a worker that has just begun its first task drops it.
    Cancelled = 3,
}

impl ChunkState {
    const fn of_chunk(self, seq: u32) -> u32 {
        (seq << FLAG_BITS) | self as u32
    }
}

/// A view of the chunk slots.
#[derive(Clone, Copy, Debug)]
pub struct Chunks<'a> {
    slots: &'a [AtomicU32],
}

impl<'a> Chunks<'a> {
    /// Views `slots`, which are all 0 before the first chunk. There is at least one.
    pub const fn new(slots: &'a [AtomicU32]) -> Self {
        Self { slots }
    }

    /// Parent: opens chunk `seq` to be begun. To be done before the chunk's frame is published.
    pub fn offer(self, seq: u32) {
        // Relaxed: the worker learns of the chunk from its frame, and publishing that is a Release.
        self.slot(seq).store(ChunkState::Offered.of_chunk(seq), Ordering::Relaxed);
    }

    /// Parent: takes chunk `seq` back. `false` when the worker has begun it.
    #[must_use = "the chunk is only back if this is `true`"]
    pub fn revoke(self, seq: u32) -> bool {
        self.advance(seq, ChunkState::Revoked)
    }

    /// Worker: begins chunk `seq`. `false` when the parent has taken it back: then none of it may run.
    #[must_use = "the chunk may only run if this is `true`"]
    #[cfg(feature = "testing")]
    pub fn begin_chunk(self, seq: u32) -> bool {
        self.advance(seq, ChunkState::Begun)
    }

    /// How far chunk `seq` has come; `None` when its slot holds another chunk or nonsense.
    pub fn state(self, seq: u32) -> Option<ChunkState> {
        // Acquire pairs with the Release in `advance`.
        let word = self.slot(seq).load(Ordering::Acquire);
        [ChunkState::Offered, ChunkState::Begun, ChunkState::Revoked, ChunkState::Cancelled]
            .into_iter()
            .find(|state| state.of_chunk(seq) == word)
    }

    /// Parent: marks chunk `seq`, which the worker has begun, as not wanted. To be followed by [`Claim::skip`] or
    /// [`Claim::condemn`] on the chunk's tasks: the worker begins the first task and then looks here, the parent marks
    /// and then looks for the task. One of them sees the other.
    pub fn cancel(self, seq: u32) {
        let begun = ChunkState::Begun.of_chunk(seq);
        let cancelled = ChunkState::Cancelled.of_chunk(seq);
        // Failure leaves it as it is: the chunk was never begun, or is cancelled already. SeqCst, as is the fence: the
        // store here and the load of the claim word must not change places. Partner: `is_cancelled`.
        let slot = self.slot(seq);
        let _found = slot.compare_exchange(begun, cancelled, Ordering::SeqCst, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Worker: whether chunk `seq` was cancelled before its first task, which it has just begun.
    #[cfg(feature = "testing")]
    pub fn is_cancelled(self, seq: u32) -> bool {
        // Partner: `cancel`.
        fence(Ordering::SeqCst);
        self.slot(seq).load(Ordering::SeqCst) == ChunkState::Cancelled.of_chunk(seq)
    }

    fn advance(self, seq: u32, to: ChunkState) -> bool {
        // Release and Acquire pair with each other, here and in `state`: the loser sees what the winner did before.
        let offered = ChunkState::Offered.of_chunk(seq);
        self.slot(seq)
            .compare_exchange(offered, to.of_chunk(seq), Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    fn slot(self, seq: u32) -> &'a AtomicU32 {
        &self.slots[seq as usize % self.slots.len()]
    }
}
