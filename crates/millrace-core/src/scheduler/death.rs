//! A worker process has ended: what becomes of the tasks it had.

use std::sync::Arc;

use super::chunk::Chunk;
use super::ids::WorkerId;
use super::worker::{InFlight, Late, Worker, WorkerState};
use super::{Loss, Report, Scheduler};

/// Workers that may die on receiving a chunk before it is held to be the cause.
const RECEIVERS_MAX: u32 = 2;

/// What is known of an end beside code and signal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cause {
    /// Nothing.
    #[default]
    Unknown,
    /// The system was out of memory and has most likely chosen this process.
    SystemMemory,
    /// Its program had reached a limit of its memory.
    MemoryLimit {
        /// The limit in MiB.
        mebibytes: u32,
    },
    /// It has violated the protocol, and the pool has killed it.
    ProtocolViolation,
    /// The pool had no memory for what it sent, and has killed it.
    OutOfMemory,
}

/// How a worker process ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Death {
    /// Exit code, when it exited.
    pub code: Option<i32>,
    /// Signal number, when a signal ended it.
    pub signal: Option<i32>,
    /// Whether that is a signal which a process does not bring upon itself.
    pub is_by_outsider: bool,
    /// What it said over its control socket, or why it could not be started.
    pub reason: Option<String>,
    /// The end of what it wrote to standard error, where that is known.
    pub last_output: String,
    /// What else is known.
    pub cause: Cause,
}

/// The task to name when a chunk's tasks are lost.
#[derive(Debug, Clone, Copy)]
enum Lost {
    /// It was running.
    Running(u32),
    /// The worker had not come to it.
    Waiting(u32),
}

impl Scheduler {
    /// A worker's process has ended, or could not be started, and everything it had sent was taken in.
    pub fn died(&mut self, worker_id: WorkerId, death: &Death) {
        let worker = std::mem::take(&mut self.workers[worker_id.index()]);
        if !matches!(worker.state, WorkerState::Absent | WorkerState::Spawning) {
            let (pid, tasks_done) = (worker.pid, worker.tasks_done);
            let (code, signal) = (death.code, death.signal);
            // Told before its tasks are: who hears of a lost task has heard of the worker.
            self.effects.reports.push(Report::Exited { worker_id, pid, code, signal, tasks_done });
        }
        self.settle_in_flight(worker_id, &worker, death);
        match worker.state {
            // Such a worker did nothing wrong, but one that asks each time before it has run anything gets nothing done.
            WorkerState::Ready | WorkerState::Leaving
                if worker.wants_to_leave && worker.tasks_done == 0 =>
            {
                self.note_death(worker_id, &worker);
            }
            WorkerState::Spawning | WorkerState::Starting if !worker.is_end_expected() => {
                self.note_failed_start(worker_id, &worker, death);
            }
            WorkerState::Ready if !worker.is_end_expected() => self.note_death(worker_id, &worker),
            WorkerState::Leaving if worker.has_faulted => self.note_death(worker_id, &worker),
            WorkerState::Absent
            | WorkerState::Spawning
            | WorkerState::Starting
            | WorkerState::Ready
            | WorkerState::Leaving => {}
        }
    }

    /// The worker ran its chunks in order, so those it has begun come first. Of these the last one was running; what
    /// ran before it and is not here was in a batch of results that went down with the worker.
    fn settle_in_flight(&mut self, worker_id: WorkerId, worker: &Worker, death: &Death) {
        let mut has_begun_later = false;
        for (place, sent) in worker.in_flight.iter().enumerate().rev() {
            let mut chunk = sent.chunk.clone();
            if chunk.unsettled() == 0 {
                // Split, and ended but for the worker's word on the rest.
                continue;
            }
            if sent.is_cancelled {
                // It could not be taken back.
                has_begun_later = true;
                self.stats.cancelled += u64::from(chunk.unsettled());
                continue;
            }
            if let Some(last) = last_begun(worker, sent, has_begun_later) {
                has_begun_later = true;
                let loss = self.loss((worker_id, worker), sent, Lost::Running(last), death);
                // Where more than one went down, the worker has not sent results one by one, as it was to.
                let may_run_again = !matches!(loss, Loss::LoadTimedOut { .. });
                if chunk.from == last && may_run_again {
                    match self.retry(worker_id, chunk, &loss) {
                        Some(refused) => chunk = refused,
                        None => continue,
                    }
                }
                self.lose(&chunk, last, loss);
                chunk.from = last + 1;
            } else if place == 0 && chunk.from == sent.sent_from && !worker.is_end_expected() {
                chunk.receivers_lost += 1;
                if chunk.receivers_lost >= RECEIVERS_MAX {
                    let named = Lost::Waiting(chunk.from);
                    let loss = self.loss((worker_id, worker), sent, named, death);
                    self.lose(&chunk, chunk.count - 1, loss);
                    continue;
                }
            }
            if chunk.unsettled() > 0 {
                self.queue.push_front(chunk);
            }
        }
    }

    /// The tasks from the first open one to `last` went down with the worker. Those before `last` had run, but their
    /// results had not been sent: only calls that fail as a whole batch results.
    fn lose(&mut self, chunk: &Chunk, last: u32, loss: Loss) {
        let count = last + 1 - chunk.from;
        self.stats.failed += u64::from(count);
        self.effects.reports.push(Report::Lost {
            call_id: chunk.call_id,
            chunk: chunk.id,
            first: chunk.from,
            count,
            loss,
        });
    }

    /// Why tasks of `sent` are lost. A task that was late and had begun is so for good: its worker was killed for it.
    fn loss(
        &self,
        (worker_id, worker): (WorkerId, &Worker),
        sent: &InFlight,
        named: Lost,
        death: &Death,
    ) -> Loss {
        let pid = worker.pid;
        let (index, has_begun) = match named {
            Lost::Running(index) => (index, true),
            Lost::Waiting(index) => (index, false),
        };
        let (flags, items) = (sent.chunk.flags, Arc::clone(&sent.chunk.payload));
        let is_late = |late: &Late| has_begun && sent.index_of(late.task) == Some(index);
        if let Some(late) = worker.late.filter(is_late) {
            if let Some(limit) = late.loading {
                let definition = Arc::clone(&sent.chunk.definition);
                return Loss::LoadTimedOut {
                    index,
                    worker_id,
                    pid,
                    limit,
                    definition,
                    flags,
                    items,
                };
            }
            if let Some(limit) = sent.chunk.limit {
                return Loss::TimedOut { index, worker_id, pid, limit, flags, items };
            }
        }
        Loss::Died {
            index,
            has_begun,
            worker_id,
            pid,
            code: death.code,
            signal: death.signal,
            cause: worker.unreadable.unwrap_or(death.cause),
            uptime: self.now.saturating_sub(worker.since),
            flags,
            items,
        }
    }

    /// No worker can be had: what is queued fails for this reason.
    pub fn cannot_start(&mut self, reason: &str) {
        let queued = self.queue.take_all();
        self.fail_unstarted(queued, reason);
    }

    /// This worker cannot be had: what only it may run fails for this reason.
    pub(super) fn cannot_start_worker(&mut self, worker_id: WorkerId, reason: &str) {
        let queued = self.queue.take_ordered(worker_id);
        self.fail_unstarted(queued, reason);
    }

    fn fail_unstarted(&mut self, chunks: Vec<Chunk>, reason: &str) {
        for chunk in chunks {
            let count = chunk.unsettled();
            self.stats.failed += u64::from(count);
            let loss = Loss::StartFailed { reason: reason.to_owned() };
            self.effects.reports.push(Report::Lost {
                call_id: chunk.call_id,
                chunk: chunk.id,
                first: chunk.from,
                count,
                loss,
            });
        }
    }
}

/// Index of the last task of the chunk that the worker had begun and whose result is not here.
fn last_begun(worker: &Worker, sent: &InFlight, has_begun_later: bool) -> Option<u32> {
    let claims = worker.claims.as_ref()?;
    if !claims.has_begun(sent.seq) {
        return None;
    }
    if has_begun_later {
        return Some(sent.chunk.count - 1);
    }
    // The word is the worker's to write: a number out of range is none of the chunk's tasks.
    sent.index_of(claims.current_task()).filter(|index| *index >= sent.chunk.from)
}
