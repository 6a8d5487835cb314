//! One worker id: the state of its present process and the chunks in flight.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::chunk::Chunk;
use super::failures::{FailedStarts, FailureStreak};
use super::ids::{ChunkSeq, DefinitionId, WorkerId};
use super::{Cause, Claims, ExitReason};
use crate::channel::claim::{NUMBER_MASK, SLOTS, seq_after, task_after};

/// Where a worker's process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WorkerState {
    /// There is no process.
    #[default]
    Absent,
    /// The spawner was asked for one.
    Spawning,
    /// It exists, but has not said that it is ready.
    Starting,
    /// It takes chunks.
    Ready,
    /// It was asked to exit.
    Leaving,
}

/// A worker as users see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerSnapshot {
    /// The worker id.
    pub id: WorkerId,
    /// Its process id.
    pub pid: u32,
    /// Where its process stands.
    pub state: WorkerState,
    /// Whether it has a task.
    pub is_busy: bool,
    /// Tasks this process has settled.
    pub tasks_done: u64,
}

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
    pub(super) expected_ns: Option<f64>,
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

    /// Index in the chunk of task number `task`, if it is one of the chunk's.
    pub(super) fn index_of(&self, task: u32) -> Option<u32> {
        let offset = task.wrapping_sub(self.first_task) & NUMBER_MASK;
        (offset < self.chunk.count - self.sent_from).then(|| self.sent_from + offset)
    }
}

/// A task that its worker is killed for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    pub(super) task: u32,
    /// Its function was being loaded, and this is the limit of that.
    pub(super) loading: Option<Duration>,
}

/// A look at a worker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The chunk that ran.
    pub(super) seq: ChunkSeq,
    /// The task that ran.
    pub(super) task: u32,
    pub(super) at: Duration,
}

/// One worker id.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, they make no state together"
)]
pub(super) struct Worker {
    pub(super) state: WorkerState,
    /// A kill is on its way.
    pub(super) is_dying: bool,
    /// Why the pool wants it to end, if it does.
    pub(super) ends_for: Option<ExitReason>,
    /// Its control socket is closed, so it is dead or about to die.
    pub(super) is_disconnected: bool,
    /// Why the parent stopped reading from it, if it has: it violated the protocol, or there was no memory for its messages.
    pub(super) unreadable: Option<Cause>,
    /// It reported an error that nobody handles, and is about to exit.
    pub(super) has_faulted: bool,
    pub(super) pid: u32,
    /// When its process was started.
    pub(super) since: Duration,
    pub(super) claims: Option<Arc<dyn Claims>>,
    /// Chunks that were sent and have not ended, in the order in which the worker runs them.
    pub(super) in_flight: VecDeque<InFlight>,
    /// Definitions the process has.
    pub(super) known: HashSet<DefinitionId>,
    pub(super) next_seq: ChunkSeq,
    pub(super) next_task: u32,
    pub(super) tasks_done: u64,
    pub(super) leave_by: Option<Duration>,
    /// When it is killed if it is not ready.
    pub(super) ready_by: Option<Duration>,
    /// It is being killed because it was not ready in time.
    pub(super) has_start_timed_out: bool,
    /// Starts of this id that failed in a row.
    pub(super) failed_starts: FailedStarts,
    /// It takes no more chunks, and exits when nothing is in flight.
    pub(super) is_retiring: bool,
    /// A signal asked it to exit, and it has said so.
    pub(super) wants_to_leave: bool,
    /// How many tasks it may run, by the calls that it has served.
    pub(super) lifespan: Option<u32>,
    /// Since when it has nothing in flight, if idle workers exit.
    pub(super) idle_since: Option<Duration>,
    /// Processes of this id that died in a row without settling a task.
    pub(super) streak: FailureStreak,
    /// The generation of failures in which the process was started.
    pub(super) generation: u64,
    /// When a limit may have passed.
    pub(super) look_at: Option<Duration>,
    /// The task it was last looked at for, and when it was first seen on it.
    pub(super) watched: Option<(u32, Duration)>,
    /// The task that it was condemned for because it was late.
    pub(super) late: Option<Late>,
    /// What it ran while an idle worker or an urgent chunk waited for it.
    pub(super) seen: Option<Seen>,
}

impl Worker {
    pub(super) fn takes_work(&self) -> bool {
        self.is_at_work() && !self.is_retiring
    }

    /// It is ready, and no end of it is known.
    pub(super) fn is_at_work(&self) -> bool {
        self.state == WorkerState::Ready && !self.is_dying && !self.is_disconnected
    }

    pub(super) fn is_idle(&self) -> bool {
        self.takes_work() && self.in_flight.is_empty()
    }

    /// Its process has begun no task yet.
    pub(super) fn is_fresh(&self) -> bool {
        let has_begun =
            |sent: &InFlight| self.claims.as_ref().is_none_or(|claims| claims.has_begun(sent.seq));
        self.tasks_done == 0 && !self.in_flight.front().is_some_and(has_begun)
    }

    pub(super) fn is_running(&self) -> bool {
        self.in_flight.iter().any(|sent| sent.chunk.unsettled() > 0)
    }

    /// The expected nanoseconds of everything in flight. `None` if a part of it is unknown.
    pub(super) fn in_flight_ns(&self) -> Option<f64> {
        self.in_flight.iter().map(|sent| sent.expected_ns).sum()
    }

    /// It ends because the parent wants it to, because of a signal from outside, or because of an error of an earlier task.
    /// So its death says nothing about the chunks in flight. An error before the first task may occur in every process, so it
    /// counts as a death like others.
    pub(super) fn is_end_expected(&self) -> bool {
        let ends_by_itself = self.wants_to_leave || self.has_faulted && self.tasks_done > 0;
        (self.is_dying || ends_by_itself) && self.unreadable.is_none() && !self.has_start_timed_out
    }

    /// Whether the oldest chunk in flight keeps its claim slot if one more is sent. Chunks that were taken back have used up
    /// numbers too.
    pub(super) fn has_free_slot(&self) -> bool {
        self.in_flight.front().is_none_or(|sent| {
            (self.next_seq.0.wrapping_sub(sent.seq.0) & NUMBER_MASK) < SLOTS as u32 - 1
        })
    }

    /// How many chunks behind the first one another worker may still take over. Chunks that have begun come first.
    pub(super) fn stealable(&self) -> usize {
        let has_begun =
            |sent: &InFlight| self.claims.as_ref().is_none_or(|claims| claims.has_begun(sent.seq));
        let waiting = self.in_flight.iter().skip(1).rev().take_while(|sent| !has_begun(sent));
        waiting.filter(|sent| sent.is_for_others()).count()
    }

    /// Takes back half of the stealable chunks, the last ones, in their order.
    pub(super) fn steal_half(&mut self) -> Vec<Chunk> {
        let wanted = self.stealable().div_ceil(2);
        let mut taken = Vec::new();
        for place in (1..self.in_flight.len()).rev() {
            if taken.len() == wanted {
                break;
            }
            let sent = &self.in_flight[place];
            if sent.is_for_others()
                && self.claims.as_ref().is_some_and(|claims| claims.revoke(sent.seq))
            {
                taken.extend(self.in_flight.remove(place).map(|sent| sent.chunk));
            }
        }
        taken.reverse();
        taken
    }

    /// Takes back the last chunk in flight if `wanted` and if the worker has not begun it.
    pub(super) fn revoke_last(&mut self, wanted: impl Fn(&Chunk) -> bool) -> Option<Chunk> {
        let sent = self.in_flight.back()?;
        let is_wanted = wanted(&sent.chunk) && !sent.is_cancelled;
        if !is_wanted || !self.claims.as_ref()?.revoke(sent.seq) {
            return None;
        }
        self.in_flight.pop_back().map(|sent| sent.chunk)
    }

    /// Numbers for a chunk of `tasks` tasks: its sequence number and its first task's number.
    pub(super) fn number(&mut self, tasks: u32) -> (ChunkSeq, u32) {
        self.next_seq = ChunkSeq(seq_after(self.next_seq.0));
        let first = task_after(self.next_task, 1);
        self.next_task = task_after(self.next_task, tasks);
        (self.next_seq, first)
    }

    pub(super) fn snapshot(&self, id: WorkerId) -> Option<WorkerSnapshot> {
        let has_process = !matches!(self.state, WorkerState::Absent | WorkerState::Spawning);
        has_process.then(|| WorkerSnapshot {
            id,
            pid: self.pid,
            state: self.state,
            is_busy: self.is_running(),
            tasks_done: self.tasks_done,
        })
    }
}
