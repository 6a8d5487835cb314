//! The scheduler: a plain state machine. Events go in, effects come out.
//!
//! It owns the task queue, the chunks in flight at each worker, worker states, start failures and deadlines. It makes no system
//! call and starts no thread. A mutex guards it. A thread that has an event (a submit, an outcome, a death) calls the method of
//! that name within [`Scheduler::handle`] and then carries out the [`Effects`]. Only [`Scheduler::outcome`] may be called outside
//! of `handle`, many times before the next one. Besides its own fields the scheduler touches only the claim words of workers,
//! through [`Claims`]. Each access is a compare-and-exchange that decides at once whether the worker or the parent owns a chunk.
//!
//! # A worker's states
//!
//! ```text
//! Absent -> Spawning -> Starting -> Ready -> Leaving -> Absent
//!                                     (retiring)
//!              any state but Absent --death--> Absent
//! ```
//!
//! *Spawning*: the spawner was asked for a process. *Starting*: the process exists. *Ready*: it has said so and takes chunks.
//! *Retiring*: it is ready, takes no more chunks, and leaves when nothing is in flight. *Leaving*: it was asked to exit, with a
//! deadline. *Dying*: it is in any of these states, and a kill was sent.
//!
//! # What holds at every moment
//!
//! - A task is in exactly one place: queued, in flight at one worker, or settled. It settles once.
//! - `submitted = completed + failed + cancelled + running + queued`.
//! - No event passes over all workers: [`workers`] has an index for each question.
//! - The chunks in flight at a worker are in order: those that have begun come first. A chunk leaves by its last outcome, by a
//!   successful revoke, or by the worker's death. When a chunk is split, the tasks behind the running one leave it at once.

mod backoff;
mod call_queue;
mod cancel;
mod chunk;
mod close;
mod cost;
mod death;
mod dispatch;
mod exit_reason;
mod failures;
mod fault;
mod flight;
mod id_set;
mod ids;
mod limits;
mod outcome;
mod queue;
mod replace;
mod resize;
mod retire;
mod retry;
mod room;
mod setup;
mod split;
#[cfg(all(test, not(loom)))]
mod tests;
mod worker;
mod workers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub use cancel::CancelMode;
pub use chunk::{Attachment, Chunk, ChunkFlags, Definition, Setup};
pub use death::{Cause, Death};
pub use exit_reason::ExitReason;
pub use ids::{CallId, ChunkSeq, DefinitionId, WorkerId};
#[cfg(feature = "testing")]
pub use outcome::ProtocolViolation;
pub use outcome::{Settled, Verdict};
pub use setup::{Lateness, SetupFailure};
pub use worker::{WorkerSnapshot, WorkerState};

use backoff::Backoff;
use cost::Costs;
use queue::Queue;
use resize::Resize;
use workers::{Kind, Workers};

/// The claim words of one worker process, as the parent uses them. Each call is a compare-and-exchange or a load
/// on shared memory; none blocks.
pub trait Claims: Send + Sync + std::fmt::Debug {
    /// Opens chunk `seq` to the worker. It is called before the worker can see the frame of the chunk.
    fn offer(&self, seq: ChunkSeq);
    /// Takes chunk `seq` back. Returns `false` if the worker has begun it.
    fn revoke(&self, seq: ChunkSeq) -> bool;
    /// Whether the worker has begun chunk `seq`.
    fn has_begun(&self, seq: ChunkSeq) -> bool;
    /// Marks chunk `seq`, which the worker has begun. If the worker is about to run its first task, it drops the chunk
    /// instead.
    fn cancel(&self, seq: ChunkSeq);
    /// Number of the task the worker began last.
    fn current_task(&self) -> u32;
    /// What the worker noted last: it loads the function of a task, or it began a task that has a limit.
    fn began(&self) -> Began;
    /// Condemns the worker if it is on a task of `first..=last`. Returns the number of that task.
    fn condemn(&self, first: u32, last: u32) -> Option<u32>;
    /// Makes the worker drop the rest of a chunk if it is on a task of `first..=last`. Returns the number of that task.
    fn skip(&self, first: u32, last: u32) -> Option<u32>;
}

/// What a worker writes to the word beside its claim word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Began {
    /// Since when: milliseconds of the scheduler's time, modulo 2^32.
    pub ms: u32,
    /// It loads the function. The task begins when the function is there.
    pub is_loading: bool,
    /// It sets itself up for the task. The function is loaded after that.
    pub is_setting_up: bool,
}

/// A frame for a worker. Frames reach it in the order in which the scheduler made them.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// A function the worker has not seen yet.
    Define(Arc<Definition>),
    /// The worker may forget this function.
    Forget(DefinitionId),
    /// Tasks to run.
    Chunk {
        /// Number of the chunk within this worker process.
        seq: ChunkSeq,
        /// Number of its first task within this worker process.
        first_task: u32,
        /// The tasks.
        chunk: Chunk,
    },
    /// The worker has begun this chunk, and the call of it has ended.
    Cancel {
        /// The chunk.
        seq: ChunkSeq,
        /// Opaque bytes for its running task.
        reason: Arc<[u8]>,
    },
    /// The chunks from here on need this setup, or none. The worker has its definition.
    Setup(Option<DefinitionId>),
    /// Exit gracefully: exit handlers run.
    Leave,
}

/// How a task ended if its worker did not report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// The worker died while it ran task `index` of the chunk.
    Died {
        /// The task that was running, or the first one lost.
        index: u32,
        /// Whether it had begun.
        has_begun: bool,
        /// Its worker.
        worker_id: WorkerId,
        /// The worker's process id.
        pid: u32,
        /// Exit code, when it exited.
        code: Option<i32>,
        /// Signal number, when a signal ended it.
        signal: Option<i32>,
        /// What else is known of its end.
        cause: Cause,
        /// How long its process had existed.
        uptime: Duration,
        /// How the chunk was to be treated.
        flags: ChunkFlags,
        /// The chunk's encoded items.
        items: Arc<[u8]>,
    },
    /// Task `index` of the chunk ran for longer than its limit; its worker was killed.
    TimedOut {
        /// The task.
        index: u32,
        /// Its worker.
        worker_id: WorkerId,
        /// The worker's process id.
        pid: u32,
        /// The limit.
        limit: Duration,
        /// How the chunk was to be treated.
        flags: ChunkFlags,
        /// The chunk's encoded items.
        items: Arc<[u8]>,
    },
    /// The function of task `index` was not loaded within the limit; the worker was killed.
    LoadTimedOut {
        /// The task.
        index: u32,
        /// Its worker.
        worker_id: WorkerId,
        /// The worker's process id.
        pid: u32,
        /// The limit.
        limit: Duration,
        /// The function.
        definition: Arc<Definition>,
        /// How the chunk was to be treated.
        flags: ChunkFlags,
        /// The chunk's encoded items.
        items: Arc<[u8]>,
    },
    /// Workers cannot start.
    StartFailed {
        /// What the last one said.
        reason: String,
    },
}

/// What follows from an event. The caller carries it out in this order: kills, frames, spawns, reports.
#[derive(Debug, Default)]
pub struct Effects {
    /// Workers whose process groups get a SIGKILL.
    pub kills: Vec<WorkerId>,
    /// Frames, each with its worker. The order of each worker's frames must be kept.
    pub frames: Vec<(WorkerId, Outgoing)>,
    /// Workers for which a process is to be started.
    pub spawns: Vec<WorkerId>,
    /// What the submitter is told.
    pub reports: Vec<Report>,
}

/// What a submitter is told.
#[derive(Debug, Clone)]
pub enum Report {
    /// Tasks `first..first + count` of a chunk are lost.
    Lost {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
        /// First task lost.
        first: u32,
        /// How many.
        count: u32,
        /// Why.
        loss: Loss,
    },
    /// An attempt at a task of a chunk has failed, and there will be another one.
    Retried {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
        /// The task.
        index: u32,
        /// Why.
        loss: Loss,
    },
    /// A worker could not set itself up. All chunks of this setup are gone: they wait no more, and no more of them are run.
    SetupFailed {
        /// The setup.
        setup: DefinitionId,
        /// The worker.
        worker_id: WorkerId,
        /// Its process.
        pid: u32,
        /// Why.
        failure: SetupFailure,
    },
    /// A worker is ready.
    Started {
        /// The worker id.
        worker_id: WorkerId,
        /// Its process id.
        pid: u32,
    },
    /// A worker's process has ended and was reaped.
    Exited(WorkerExit),
    /// The workers that had to leave for this resize have ended.
    Resized {
        /// The number of the resize.
        number: u32,
    },
    /// Nothing is open and no worker is left: the pool has ended.
    Closed,
}

/// The end of a worker's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerExit {
    /// The worker id.
    pub worker_id: WorkerId,
    /// Its process id.
    pub pid: u32,
    /// Exit code, when it exited.
    pub code: Option<i32>,
    /// Signal number, when a signal ended it.
    pub signal: Option<i32>,
    /// Tasks it had settled.
    pub tasks_done: u64,
    /// Why it ended.
    pub reason: ExitReason,
    /// Its resident memory, in bytes, when that was measured last; 0: never.
    pub resident_bytes: u64,
    /// It has not done all that its setups make it do when it leaves.
    pub unfinished_exit: Option<Lateness>,
}

/// Counts of tasks since the pool was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Accepted by the scheduler.
    pub submitted: u64,
    /// Returned a value.
    pub completed: u64,
    /// Threw, were lost with their worker, or found no worker.
    pub failed: u64,
    /// Dropped because their call ended.
    pub cancelled: u64,
    /// At a worker now, at most one each.
    pub running: u64,
    /// Waiting, here or in a worker's ring.
    pub queued: u64,
}

/// How far closing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    /// Work is accepted.
    No,
    /// Finish what was accepted, then let the workers leave.
    Drain,
    /// Every worker is killed. The pool reports its end at this time even if a process is still there.
    Terminate(Duration),
    /// [`Report::Closed`] was given out.
    Done,
}

/// The state machine. Times are durations since a moment of the caller's choice.
#[derive(Debug)]
pub struct Scheduler {
    workers: Workers,
    queue: Queue,
    /// The workers that know a definition.
    knowing: BTreeSet<(DefinitionId, WorkerId)>,
    costs: Costs,
    stats: Stats,
    closing: Closing,
    backoff: Backoff,
    start_timeout: Option<Duration>,
    now: Duration,
    effects: Effects,
    /// The worker on which the last attempt at a task failed, if the task is to run again.
    avoid_worker: Option<WorkerId>,
    /// When the scheduler looks at running chunks next, for idle workers.
    split_at: Option<Duration>,
    /// The worker that was looked at last before its time.
    looked_at: WorkerId,
    /// The resizes for which workers still leave.
    resizes: Vec<Resize>,
}

impl Scheduler {
    /// A scheduler for workers `0..worker_count`, none of which exists yet.
    pub fn new(worker_count: u32) -> Self {
        Self {
            workers: Workers::new(worker_count),
            queue: Queue::new(worker_count),
            knowing: BTreeSet::new(),
            costs: Costs::default(),
            stats: Stats::default(),
            closing: Closing::No,
            backoff: Backoff::default(),
            start_timeout: None,
            now: Duration::ZERO,
            effects: Effects::default(),
            avoid_worker: None,
            split_at: None,
            looked_at: WorkerId(0),
            resizes: Vec::new(),
        }
    }

    /// Handles an event at the time `now` and dispatches what can be dispatched. `event` calls the methods that are named
    /// after what has happened. Returns the result of `event`, and what is to be done.
    pub fn handle<R>(&mut self, now: Duration, event: impl FnOnce(&mut Self) -> R) -> (R, Effects) {
        self.tick(now);
        let result = event(self);
        self.dispatch();
        (result, self.take_effects())
    }

    fn take_effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    /// Accepts a chunk. After [`Self::terminate`] its tasks count as cancelled and are not reported.
    pub fn submit(&mut self, chunk: Chunk) {
        let tasks = chunk.open_tasks();
        self.stats.submitted += tasks;
        let is_over = matches!(self.closing, Closing::Terminate(_) | Closing::Done);
        if is_over || chunk.has_failed_setup() {
            self.stats.cancelled += tasks;
        } else {
            if let Some(worker_id) = chunk.only {
                self.workers.mark_refillable(worker_id);
            }
            self.queue.push(chunk);
        }
    }

    /// The process of a worker exists; `claims` are its claim words.
    pub fn spawned(&mut self, worker_id: WorkerId, pid: u32, claims: Arc<dyn Claims>) {
        let mut worker = self.workers.at(worker_id);
        worker.state = WorkerState::Starting;
        worker.pid = pid;
        worker.since = self.now;
        worker.ready_by = self.start_timeout.map(|timeout| self.now.saturating_add(timeout));
        worker.claims = Some(claims);
        let is_dying = worker.is_dying;
        drop(worker);
        if is_dying || self.closing != Closing::No && self.is_drained() {
            self.kill(worker_id, ExitReason::Closed);
        }
    }

    /// A worker said that it is ready for work.
    pub fn ready(&mut self, worker_id: WorkerId) {
        let mut worker = self.workers.at(worker_id);
        if worker.state != WorkerState::Starting || worker.is_dying {
            return;
        }
        worker.state = WorkerState::Ready;
        worker.ready_by = None;
        worker.is_passed_over = self.queue.is_passed_over(worker_id);
        let pid = worker.pid;
        drop(worker);
        self.note_ready(worker_id);
        self.effects.reports.push(Report::Started { worker_id, pid });
    }

    /// The submitter has dropped the definition. Workers that have it are told to forget it. Chunks that wait keep it, and a
    /// worker that runs one of them later is told after each.
    pub fn forget(&mut self, definition: &Definition) {
        definition.forget();
        self.costs.forget(definition.id);
        let all = (definition.id, WorkerId(0))..=(definition.id, WorkerId(u32::MAX));
        let knowing: Vec<_> = self.knowing.range(all).copied().collect();
        for (definition, worker_id) in knowing {
            self.forget_at(worker_id, definition);
        }
    }

    fn forget_at(&mut self, worker_id: WorkerId, definition: DefinitionId) {
        if self.knowing.remove(&(definition, worker_id)) {
            self.workers.at(worker_id).known.remove(&definition);
            self.effects.frames.push((worker_id, Outgoing::Forget(definition)));
        }
    }

    /// Time has passed. It checks all deadlines except the limits of tasks ([`Self::overdue`]).
    fn tick(&mut self, now: Duration) {
        self.now = self.now.max(now);
        self.workers.advance(self.now);
        for worker_id in self.workers.due(self.now) {
            self.expire_leaving(worker_id);
            self.expire_start(worker_id);
        }
    }

    /// When [`Self::handle`] has to be called next if nothing happens before. An idle pool has no deadline.
    pub fn next_deadline(&self) -> Option<Duration> {
        let bound = match self.closing {
            Closing::Terminate(at) => Some(at),
            Closing::No | Closing::Drain | Closing::Done => None,
        };
        let deadlines = [self.workers.next_deadline(), self.pause_ends(), self.split_at, bound];
        deadlines.into_iter().flatten().min()
    }

    /// Counts of tasks; they always add up.
    pub fn stats(&self) -> Stats {
        let running = self.workers.of(Kind::Running).len() as u64;
        let settled = self.stats.completed + self.stats.failed + self.stats.cancelled;
        Stats { running, queued: self.stats.submitted - settled - running, ..self.stats }
    }

    /// The workers that have a process, lowest id first.
    pub fn workers(&self) -> Vec<WorkerSnapshot> {
        let present = self.workers.of(Kind::Present).iter();
        present.filter_map(|id| self.workers[id.index()].snapshot(id)).collect()
    }

    /// The worker of this id, if it has a process.
    pub fn worker(&self, id: WorkerId) -> Option<WorkerSnapshot> {
        (id.index() < self.workers.len()).then(|| self.workers[id.index()].snapshot(id))?
    }

    /// Whether a chunk is in flight.
    pub fn has_work_in_flight(&self) -> bool {
        !self.workers.of(Kind::Busy).is_empty()
    }

    /// Adds the workers to `into` at which a chunk is in flight, the lowest id first.
    pub fn list_busy(&self, into: &mut Vec<WorkerId>) {
        into.extend(self.workers.of(Kind::Busy).iter());
    }

    /// Whether a caller waits for a task or for the end of the pool.
    pub fn has_open(&self) -> bool {
        !self.is_drained() || matches!(self.closing, Closing::Drain | Closing::Terminate(_))
    }

    /// Kills a worker; the first reason for it stays.
    fn kill(&mut self, worker_id: WorkerId, reason: ExitReason) {
        let mut worker = self.workers.at(worker_id);
        if !worker.is_dying {
            worker.ends_for = Some(reason);
        }
        worker.is_dying = true;
        drop(worker);
        self.effects.kills.push(worker_id);
    }

    /// Whether no task is open anywhere.
    fn is_drained(&self) -> bool {
        self.queue.is_empty() && self.workers.of(Kind::HasTask).is_empty()
    }
}
