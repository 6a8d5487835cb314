//! One worker id: the state of its present process and the chunks in flight.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::chunk::Chunk;
use super::failures::{FailedStarts, FailureStreak};
use super::ids::{ChunkSeq, DefinitionId, WorkerId};
use super::{Cause, Claims};
use crate::channel::claim::{NUMBER_MASK, SLOTS, seq_after, task_after};

/// Where a worker's process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WorkerState {
    /// There is no process.
    #[default]
    Absent,
    /// The spawner was asked for one.
    Spawning,
    /// It exists and has not said that it is ready.
    Starting,
    /// It takes chunks.
    Ready,
    /// It was told to end by itself.
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
    /// Whether a task is at it.
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
    /// Its call has ended: outcomes are counted, not reported.
    pub(super) is_cancelled: bool,
    /// Its function was sent with it: the worker has to load that first.
    pub(super) brings_function: bool,
    /// When its worker is killed if it is still on it.
    pub(super) kill_at: Option<Duration>,
    /// The worker is to give back what it has not run.
    pub(super) is_recalled: bool,
    /// What was behind the task that ran is elsewhere; the worker gives it back, and nothing else.
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

    /// Whether another worker may take it over. One of a cancelled call was begun, whatever its slot says now.
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
    /// Its control socket is closed: it is dead, or about to be.
    pub(super) is_disconnected: bool,
    /// Why nothing more is taken from it, if so: what it said cannot be, or there is no memory for it.
    pub(super) unreadable: Option<Cause>,
    /// It said that it ends, for an error that nobody handles.
    pub(super) has_faulted: bool,
    pub(super) pid: u32,
    /// When its process came.
    pub(super) since: Duration,
    pub(super) claims: Option<Arc<dyn Claims>>,
    /// Sent and not ended, in the order in which the worker runs them.
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
    /// It takes nothing more, and leaves when nothing is in flight.
    pub(super) is_retiring: bool,
    /// It asked to be let go, as a signal told it to.
    pub(super) wants_to_leave: bool,
    /// Tasks it may run at the most, by the calls it has worked for.
    pub(super) lifespan: Option<u32>,
    /// Since when it has nothing in flight, where idle workers leave.
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

    /// It is ready, and nothing is known of its end.
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

    /// Expected nanoseconds of everything in flight; none when some of it is unknown.
    pub(super) fn in_flight_ns(&self) -> Option<f64> {
        self.in_flight.iter().map(|sent| sent.expected_ns).sum()
    }

    /// It ends for the parent's reasons, by a signal from outside, or for an error of a task of before: its death says nothing
    /// about what it has in flight. An error that comes before any task may come with every process, and is a death like others.
    pub(super) fn is_end_expected(&self) -> bool {
        let ends_by_itself = self.wants_to_leave || self.has_faulted && self.tasks_done > 0;
        (self.is_dying || ends_by_itself) && self.unreadable.is_none() && !self.has_start_timed_out
    }

    /// Whether another chunk leaves the oldest one in flight its claim slot. Chunks that were taken back have used up
    /// numbers too.
    pub(super) fn has_free_slot(&self) -> bool {
        self.in_flight.front().is_none_or(|sent| {
            (self.next_seq.0.wrapping_sub(sent.seq.0) & NUMBER_MASK) < SLOTS as u32 - 1
        })
    }

    /// Chunks behind the front one that another worker may still take over. What has begun comes first.
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
