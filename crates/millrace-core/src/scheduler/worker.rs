//! One worker id: the state of its present process and the chunks in flight.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::chunk::{Chunk, Definition};
use super::failures::{FailedStarts, FailureStreak};
use super::flight::{Flight, InFlight};
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

/// A task that its worker is killed for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    pub(super) task: u32,
    /// Its function was being loaded, and this is the limit of that.
    pub(super) loading: Option<Duration>,
    /// It was setting itself up, and this is the limit of that.
    pub(super) setting_up: Option<Duration>,
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
    pub(super) in_flight: Flight,
    /// Definitions the process has.
    pub(super) known: HashMap<DefinitionId, Arc<Definition>>,
    /// What it loads while it is idle, the last one first.
    pub(super) to_load: Vec<Arc<Definition>>,
    /// It is started even if nothing waits for it.
    pub(super) is_replacement: bool,
    pub(super) next_seq: ChunkSeq,
    pub(super) next_task: u32,
    pub(super) tasks_done: u64,
    pub(super) leave_by: Option<Duration>,
    /// It was asked to exit.
    pub(super) was_told_to_leave: bool,
    /// The setup that its next chunk needs unless it is told something else.
    pub(super) setup: Option<DefinitionId>,
    /// The setup of the last chunk of which it has run a task.
    pub(super) proven_setup: Option<DefinitionId>,
    /// How long it may take for what its setups make it do when it leaves, until it has done that.
    pub(super) exit_limit: Option<Duration>,
    /// How many results of that may come.
    pub(super) exits_left: u32,
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
    /// When it is worth looking at what it runs. `None`: not before something has changed at the worker.
    pub(super) next_look: Option<Duration>,
    /// It was sent a chunk that may be split, and had not begun it at the last look.
    pub(super) is_awaited: bool,
    /// Urgent chunks have passed its next chunk, and will pass it again.
    pub(super) is_passed_over: bool,
}

impl Worker {
    pub(super) fn takes_work(&self) -> bool {
        self.is_at_work() && !self.is_retiring
    }

    /// It is ready, and no end of it is known.
    pub(super) fn is_at_work(&self) -> bool {
        self.state == WorkerState::Ready && !self.is_dying && !self.is_disconnected
    }

    /// It is ready and nothing is in flight.
    pub(super) fn is_resting(&self) -> bool {
        self.is_at_work() && self.in_flight.is_empty()
    }

    /// Its process has begun no task yet.
    pub(super) fn is_fresh(&self) -> bool {
        let has_begun =
            |sent: &InFlight| self.claims.as_ref().is_none_or(|claims| claims.has_begun(sent.seq));
        self.tasks_done == 0 && !self.in_flight.front().is_some_and(has_begun)
    }

    pub(super) fn is_running(&self) -> bool {
        self.in_flight.sums().tasks > 0
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

    /// Looks which chunks it has begun.
    pub(super) fn look_at_begun(&mut self) {
        if let Some(claims) = &self.claims {
            self.in_flight.look(claims.as_ref());
        }
    }

    /// Takes back half of the stealable chunks, the last ones, in their order. What can be stolen was looked up just before.
    pub(super) fn steal_half(&mut self) -> Vec<Chunk> {
        let wanted = self.in_flight.stealable().div_ceil(2);
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
        if !is_wanted {
            return None;
        }
        if !self.claims.as_ref()?.revoke(sent.seq) {
            self.in_flight.note_begun(self.in_flight.len() - 1);
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
