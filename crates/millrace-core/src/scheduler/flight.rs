//! The chunks in flight at one worker, and sums over them.
//!
//! The sums change with each chunk, so whoever needs one does not pass over the chunks. Two of them leave out chunks that have
//! begun. The worker begins chunks without telling, so the sums know only of those that somebody has looked at, and are upper bounds:
//! [`Flight::look`] makes them exact.

use std::collections::VecDeque;
use std::ops::Deref;
use std::time::Duration;

use super::Claims;
use super::chunk::Chunk;
use super::ids::{CallId, ChunkSeq};
use crate::channel::claim::{NUMBER_MASK, task_after};

/// A chunk that was sent to a worker.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, they make no state together"
)]
pub(super) struct InFlight {
    pub(super) seq: ChunkSeq,
    /// Number of the task `sent_from`.
    pub(super) first_task: u32,
    pub(super) sent_from: u32,
    /// Its `from` moves on as outcomes come.
    pub(super) chunk: Chunk,
    /// When it was sent.
    pub(super) sent_at: Duration,
    /// Its call has ended, so outcomes are counted but not reported.
    pub(super) is_cancelled: bool,
    /// Its function was sent with it, so the worker has to load that first.
    pub(super) brings_function: bool,
    /// When its worker is killed if it still runs the chunk.
    pub(super) kill_at: Option<Duration>,
    /// The worker has to give back what it has not run.
    pub(super) is_recalled: bool,
    /// The tasks behind the one that ran are elsewhere. The worker gives them back, and nothing else.
    pub(super) is_split: bool,
    /// Expected nanoseconds, where known.
    pub(super) expected_ns: Option<u64>,
    /// Somebody has seen that the worker has begun it.
    pub(super) was_seen_begun: bool,
}

impl InFlight {
    /// Number of its last task.
    pub(super) fn last_task(&self) -> u32 {
        self.number_of(self.chunk.count - 1)
    }

    /// Number of task `index` of the chunk.
    pub(super) fn number_of(&self, index: u32) -> u32 {
        task_after(self.first_task, index - self.sent_from)
    }

    /// Whether another worker may take it over. A chunk of a cancelled call has begun, whatever its slot says now.
    pub(super) fn is_for_others(&self) -> bool {
        self.chunk.only.is_none() && !self.is_cancelled
    }

    /// Whether tasks of it may go to another worker while it runs.
    pub(super) fn may_be_split(&self) -> bool {
        self.chunk.unsettled() > 1 && self.is_for_others() && !self.is_recalled
    }

    /// Index in the chunk of task number `task`, if it is one of the chunk's.
    pub(super) fn index_of(&self, task: u32) -> Option<u32> {
        let offset = task.wrapping_sub(self.first_task) & NUMBER_MASK;
        (offset < self.chunk.count - self.sent_from).then(|| self.sent_from + offset)
    }

    /// Whether `task` is one of its tasks whose outcome has not come.
    pub(super) fn is_open(&self, task: u32) -> bool {
        self.index_of(task).is_some_and(|index| index >= self.chunk.from)
    }

    /// Whether it only loads a function that nobody waits for.
    pub(super) fn is_own_load(&self) -> bool {
        self.is_cancelled && self.chunk.is_load()
    }

    /// Whether another worker may take it over as a whole, as far as anybody has seen.
    fn may_move(&self) -> bool {
        self.is_for_others() && !self.was_seen_begun
    }

    /// Whether an urgent chunk waits in it, as far as anybody has seen.
    fn is_urgent_and_waits(&self) -> bool {
        self.chunk.is_urgent() && !self.is_cancelled && !self.was_seen_begun
    }

    fn sums(&self) -> Sums {
        Sums {
            tasks: self.chunk.open_tasks(),
            of_callers: usize::from(!self.is_own_load()),
            expected_ns: self.expected_ns.unwrap_or(0),
            of_unknown_cost: usize::from(self.expected_ns.is_none()),
            may_move: usize::from(self.may_move()),
            urgent_waiting: usize::from(self.is_urgent_and_waits()),
            may_be_split: usize::from(self.may_be_split()),
            not_split: usize::from(!self.is_split),
        }
    }
}

/// Sums over chunks in flight.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    /// Open tasks.
    pub(super) tasks: u64,
    /// Chunks that concern a caller.
    pub(super) of_callers: usize,
    /// Nanoseconds that are expected, without chunks of unknown cost.
    expected_ns: u64,
    of_unknown_cost: usize,
    /// Chunks that another worker may take over as a whole. An upper bound.
    may_move: usize,
    /// Urgent chunks that have not begun. An upper bound.
    pub(super) urgent_waiting: usize,
    /// Chunks of which tasks may go to another worker while they run.
    pub(super) may_be_split: usize,
    /// Chunks that were not split.
    pub(super) not_split: usize,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self {
            tasks: self.tasks + other.tasks,
            of_callers: self.of_callers + other.of_callers,
            expected_ns: self.expected_ns + other.expected_ns,
            of_unknown_cost: self.of_unknown_cost + other.of_unknown_cost,
            may_move: self.may_move + other.may_move,
            urgent_waiting: self.urgent_waiting + other.urgent_waiting,
            may_be_split: self.may_be_split + other.may_be_split,
            not_split: self.not_split + other.not_split,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            tasks: self.tasks - other.tasks,
            of_callers: self.of_callers - other.of_callers,
            expected_ns: self.expected_ns - other.expected_ns,
            of_unknown_cost: self.of_unknown_cost - other.of_unknown_cost,
            may_move: self.may_move - other.may_move,
            urgent_waiting: self.urgent_waiting - other.urgent_waiting,
            may_be_split: self.may_be_split - other.may_be_split,
            not_split: self.not_split - other.not_split,
        }
    }
}

/// A chunk has come or gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Came(CallId),
    Left(CallId),
}

/// Chunks that were sent and have not ended, in the order in which the worker runs them.
#[derive(Debug, Default)]
pub(super) struct Flight {
    chunks: VecDeque<InFlight>,
    sums: Sums,
    /// How many chunks at the front were seen begun.
    seen_begun: usize,
    /// What has come and gone since [`Self::moves`] was emptied.
    pub(super) moves: Vec<Move>,
}

impl Deref for Flight {
    type Target = VecDeque<InFlight>;

    fn deref(&self) -> &Self::Target {
        &self.chunks
    }
}

impl<'f> IntoIterator for &'f Flight {
    type Item = &'f InFlight;
    type IntoIter = std::collections::vec_deque::Iter<'f, InFlight>;

    fn into_iter(self) -> Self::IntoIter {
        self.chunks.iter()
    }
}

impl Flight {
    pub(super) fn sums(&self) -> &Sums {
        &self.sums
    }

    /// The expected nanoseconds of all chunks. `None` if a part of it is unknown.
    pub(super) fn expected_ns(&self) -> Option<u64> {
        (self.sums.of_unknown_cost == 0).then_some(self.sums.expected_ns)
    }

    /// How many chunks behind the first one another worker may take over. An upper bound.
    pub(super) fn stealable(&self) -> usize {
        self.sums.may_move - usize::from(self.chunks.front().is_some_and(InFlight::may_move))
    }

    /// Looks how many chunks the worker has begun. Now the upper bounds are exact.
    pub(super) fn look(&mut self, claims: &dyn Claims) {
        while let Some(next) = self.chunks.get(self.seen_begun)
            && (next.is_cancelled || claims.has_begun(next.seq))
        {
            self.note_begun(self.seen_begun);
        }
    }

    /// The worker has begun the chunk at `place`, and so those before it.
    pub(super) fn note_begun(&mut self, place: usize) {
        for place in self.seen_begun..=place {
            self.change(place, |sent| sent.was_seen_begun = true);
        }
        self.seen_begun = self.seen_begun.max(place + 1);
    }

    pub(super) fn push_back(&mut self, sent: InFlight) {
        self.sums = self.sums.plus(sent.sums());
        self.moves.push(Move::Came(sent.chunk.call_id));
        self.chunks.push_back(sent);
    }

    pub(super) fn pop_front(&mut self) -> Option<InFlight> {
        self.remove(0)
    }

    pub(super) fn pop_back(&mut self) -> Option<InFlight> {
        self.remove(self.chunks.len().checked_sub(1)?)
    }

    pub(super) fn remove(&mut self, place: usize) -> Option<InFlight> {
        let sent = self.chunks.remove(place)?;
        self.sums = self.sums.minus(sent.sums());
        self.seen_begun -= usize::from(place < self.seen_begun);
        self.moves.push(Move::Left(sent.chunk.call_id));
        Some(sent)
    }

    /// Removes all chunks. Returns how many tasks they had open.
    pub(super) fn clear(&mut self) -> u64 {
        let tasks = self.sums.tasks;
        while self.pop_front().is_some() {}
        tasks
    }

    /// Changes the chunk at `place`, which must exist.
    pub(super) fn change<R>(&mut self, place: usize, change: impl FnOnce(&mut InFlight) -> R) -> R {
        let sent = &mut self.chunks[place];
        let before = sent.sums();
        let result = change(sent);
        self.sums = self.sums.minus(before).plus(sent.sums());
        result
    }

    /// The sums by a pass over the chunks, and how many of them were seen begun.
    #[cfg(all(test, not(loom)))]
    pub(super) fn recount(&self) -> (Sums, usize) {
        let sums = self.chunks.iter().fold(Sums::default(), |sums, sent| sums.plus(sent.sums()));
        (sums, self.chunks.iter().filter(|sent| sent.was_seen_begun).count())
    }

    #[cfg(all(test, not(loom)))]
    pub(super) fn counted(&self) -> (Sums, usize) {
        (self.sums, self.seen_begun)
    }
}
