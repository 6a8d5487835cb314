//! A worker process has ended: what happens to its tasks.

use std::sync::Arc;

use super::chunk::Chunk;
use super::flight::InFlight;
use super::ids::WorkerId;
use super::worker::{Late, Worker, WorkerState};
use super::{Loss, Report, Scheduler, WorkerExit};

/// How many workers may die when they receive a chunk before the chunk counts as the cause.
const RECEIVERS_MAX: u32 = 2;

/// What is known of an end besides the exit code and the signal.
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
    /// It has violated the protocol, so the pool has killed it.
    ProtocolViolation,
    /// The pool had no memory for what it sent, so the pool has killed it.
    OutOfMemory,
}

/// How a worker process ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Death {
    /// Exit code, when it exited.
    pub code: Option<i32>,
    /// Signal number, when a signal ended it.
    pub signal: Option<i32>,
    /// Whether that signal came from another process. A process can cause the other signals itself.
    pub is_by_outsider: bool,
    /// What it sent over its control socket, or why it could not be started.
    pub reason: Option<String>,
    /// The end of what it wrote to standard error, where that is known.
    pub last_output: String,
    /// What else is known.
    pub cause: Cause,
    /// Its resident memory, in bytes, when that was measured last; 0: never.
    pub resident_bytes: u64,
}

/// The task to name when a chunk's tasks are lost.
#[derive(Debug, Clone, Copy)]
enum Lost {
    /// It was running.
    Running(u32),
    /// It had not begun.
    Waiting(u32),
}

impl Scheduler {
    /// The process of a worker has ended, or could not be started. Everything that it had sent was handled.
    pub fn died(&mut self, worker_id: WorkerId, death: &Death) {
        let worker = self.workers.take(worker_id);
        self.note_gone(worker_id);
        for definition in worker.known.keys() {
            self.knowing.remove(&(*definition, worker_id));
        }
        if !matches!(worker.state, WorkerState::Absent | WorkerState::Spawning) {
            let (pid, tasks_done) = (worker.pid, worker.tasks_done);
            let (code, signal, resident_bytes) = (death.code, death.signal, death.resident_bytes);
            let reason = worker.exit_reason(death);
            // Reported before its tasks are, so that whoever reads of a lost task knows of the worker.
            self.effects.reports.push(Report::Exited(WorkerExit {
                worker_id,
                pid,
                code,
                signal,
                tasks_done,
                reason,
                resident_bytes,
                unfinished_exit: self.unfinished_exit(&worker),
            }));
        }
        self.settle_in_flight(worker_id, &worker, death);
        self.replace(worker_id, &worker);
        match worker.state {
            // It did nothing wrong, but a worker that always exits before it has run a task would make a crash loop.
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

    /// The worker ran its chunks in order, so those that it has begun come first. The last one of them was running. If an
    /// earlier result is missing, it was in a batch of results that was lost with the worker.
    fn settle_in_flight(&mut self, worker_id: WorkerId, worker: &Worker, death: &Death) {
        let mut has_begun_later = false;
        for (place, sent) in worker.in_flight.iter().enumerate().rev() {
            let mut chunk = sent.chunk.clone();
            if chunk.unsettled() == 0 {
                // It was split, and all that is missing is the worker's outcome for the rest.
                continue;
            }
            if sent.is_cancelled {
                // It could not be taken back.
                has_begun_later = true;
                self.stats.cancelled += chunk.open_tasks();
                continue;
            }
            if let Some(last) = last_begun(worker, sent, has_begun_later) {
                if worker.is_setting_up(sent, last, has_begun_later) {
                    has_begun_later = true;
                    self.stats.failed += u64::from(!chunk.is_load());
                    chunk.from += 1;
                    self.stats.cancelled += chunk.open_tasks();
                    self.fail_setup_by_death(worker_id, worker, &chunk, death);
                    continue;
                }
                has_begun_later = true;
                let loss = self.loss((worker_id, worker), sent, Lost::Running(last), death);
                // If more than one task is lost, the worker has not sent results one by one, as retries need it.
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
            if chunk.has_failed_setup() {
                self.stats.cancelled += chunk.open_tasks();
            } else if chunk.unsettled() > 0 {
                self.queue.push_front(chunk);
            }
        }
    }

    /// The tasks from the first open one to `last` are lost with the worker. Those before `last` had run, but their results
    /// had not been sent: only calls that fail as a whole batch results.
    fn lose(&mut self, chunk: &Chunk, last: u32, loss: Loss) {
        let count = last + 1 - chunk.from;
        self.stats.failed += if chunk.is_load() { 0 } else { u64::from(count) };
        self.effects.reports.push(Report::Lost {
            call_id: chunk.call_id,
            chunk: chunk.id,
            first: chunk.from,
            count,
            loss,
        });
    }

    /// Why tasks of `sent` are lost. If a task had begun and was late, that is the reason: the worker was killed for it.
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

    /// No worker can be started: everything that is queued fails for this reason.
    pub fn cannot_start(&mut self, reason: &str) {
        let queued = self.queue.take_all();
        self.fail_unstarted(queued, reason);
    }

    /// This worker cannot be started: what only it may run fails for this reason.
    pub(super) fn cannot_start_worker(&mut self, worker_id: WorkerId, reason: &str) {
        let queued = self.queue.take_ordered(worker_id);
        self.fail_unstarted(queued, reason);
    }

    fn fail_unstarted(&mut self, chunks: Vec<Chunk>, reason: &str) {
        for chunk in chunks {
            let count = chunk.unsettled();
            self.stats.failed += chunk.open_tasks();
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
