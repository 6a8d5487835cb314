//! What a worker does before its first task, and when it leaves, for the calls that name it: a setup.
//!
//! A setup is a definition that refers to others. A worker is told before each chunk which setup the chunk needs, if that is another
//! one than before. It sets itself up when it has begun the first task of such a chunk, before it loads the function. That is neither a
//! task nor the time of one: the word beside the claim word says so, as it does while the function is loaded.
//!
//! If a worker cannot set itself up, the setup has failed, for all calls that name it. Nothing of them is run any more and no worker is
//! started for them, so a setup that kills its worker kills one, and not one after the other. The submitter ends these calls, and
//! makes another setup for later ones.
//!
//! What a setup makes its workers do when they leave is bounded by a limit of its own. A worker says when it has done all of it; then it
//! has the usual time to exit.

use std::time::Duration;

use super::chunk::{Chunk, Definition};
use super::death::{Cause, Death};
use super::flight::InFlight;
use super::ids::{DefinitionId, WorkerId};
use super::outcome::ProtocolViolation;
use super::retire::LEAVE_TIMEOUT;
use super::worker::{Worker, WorkerState};
use super::{Closing, Outgoing, Report, Scheduler};

/// Why a worker could not set itself up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupFailure {
    /// Its process ended.
    Died {
        /// Exit code, when it exited.
        code: Option<i32>,
        /// Signal number, when a signal ended it.
        signal: Option<i32>,
        /// What else is known of its end.
        cause: Cause,
    },
    /// It took longer than this limit, and was killed.
    TimedOut {
        /// The limit.
        limit: Duration,
    },
}

/// How a worker failed to do what its setups make it do when it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// It ended by itself, or something outside of the pool ended it.
    Died,
    /// It took longer than this limit, and was killed.
    TimedOut(Duration),
}

impl Scheduler {
    /// Tells the worker which setup the next chunk needs.
    pub(super) fn send_setup(&mut self, worker_id: WorkerId, chunk: &Chunk) {
        let wanted = chunk.setup.as_ref().map(|setup| setup.id);
        // What a worker loads by itself needs no setup.
        if self.workers[worker_id.index()].setup == wanted || chunk.is_own_load() {
            return;
        }
        let mut forgotten: Vec<DefinitionId> = Vec::new();
        if let Some(definition) = &chunk.setup {
            let needs = definition.setup.iter().flat_map(|setup| &setup.needs);
            for needed in needs.chain([definition]) {
                let mut worker = self.workers.at(worker_id);
                if worker.known.insert(needed.id, std::sync::Arc::clone(needed)).is_none() {
                    drop(worker);
                    self.knowing.insert((needed.id, worker_id));
                    let frame = Outgoing::Define(std::sync::Arc::clone(needed));
                    self.effects.frames.push((worker_id, frame));
                }
                if needed.is_forgotten() {
                    forgotten.push(needed.id);
                }
            }
            self.workers.at(worker_id).expect_exit(definition);
        }
        self.workers.at(worker_id).setup = wanted;
        self.effects.frames.push((worker_id, Outgoing::Setup(wanted)));
        for definition in forgotten {
            self.forget_at(worker_id, definition);
        }
    }

    /// A worker could not set itself up. Returns whether that is new.
    pub(super) fn fail_setup(&mut self, setup: &Definition) -> bool {
        if setup.fail() {
            return false;
        }
        self.stats.cancelled += self.queue.remove_failed();
        true
    }

    /// The worker died while it set itself up for the chunk.
    pub(super) fn fail_setup_by_death(
        &mut self,
        worker_id: WorkerId,
        worker: &Worker,
        chunk: &Chunk,
        death: &Death,
    ) {
        let Some(setup) = &chunk.setup else { return };
        let failure = match worker.late.and_then(|late| late.setting_up) {
            Some(limit) => SetupFailure::TimedOut { limit },
            None => SetupFailure::Died {
                code: death.code,
                signal: death.signal,
                cause: worker.unreadable.unwrap_or(death.cause),
            },
        };
        if self.fail_setup(setup) {
            let (setup, pid) = (setup.id, worker.pid);
            self.effects.reports.push(Report::SetupFailed { setup, worker_id, pid, failure });
        }
    }

    /// The worker has done a part of what its setups make it do when it leaves. Returns its process id.
    ///
    /// # Errors
    ///
    /// [`ProtocolViolation`] when it does not leave, or has done all of it. The worker is killed.
    pub fn exit_result(&mut self, worker_id: WorkerId) -> Result<u32, ProtocolViolation> {
        let mut worker = self.workers.at(worker_id);
        if worker.state == WorkerState::Leaving
            && let Some(left) = worker.exits_left.checked_sub(1)
        {
            worker.exits_left = left;
            return Ok(worker.pid);
        }
        let pid = worker.pid;
        drop(worker);
        self.unreadable(worker_id, pid, Cause::ProtocolViolation);
        Err(ProtocolViolation { worker_id })
    }

    /// The worker has done all that its setups make it do when it leaves.
    ///
    /// # Errors
    ///
    /// As for [`Self::exit_result`].
    pub fn exit_done(&mut self, worker_id: WorkerId) -> Result<(), ProtocolViolation> {
        let mut worker = self.workers.at(worker_id);
        if worker.state != WorkerState::Leaving || worker.exit_limit.is_none() {
            let pid = worker.pid;
            drop(worker);
            self.unreadable(worker_id, pid, Cause::ProtocolViolation);
            return Err(ProtocolViolation { worker_id });
        }
        worker.exit_limit = None;
        worker.exits_left = 0;
        if worker.leave_by.is_some() {
            worker.leave_by = Some(self.now + LEAVE_TIMEOUT);
        }
        Ok(())
    }

    /// What is to be said about a worker that has ended before it had done all of this.
    pub(super) fn unfinished_exit(&self, worker: &Worker) -> Option<Lateness> {
        let limit = worker.exit_limit.filter(|_| worker.was_told_to_leave)?;
        let is_late = worker.is_dying && worker.unreadable.is_none();
        match self.closing {
            Closing::Terminate(_) | Closing::Done => None,
            Closing::No | Closing::Drain if is_late => Some(Lateness::TimedOut(limit)),
            Closing::No | Closing::Drain => Some(Lateness::Died),
        }
    }
}

impl Worker {
    /// It gets a setup that makes it do something when it leaves.
    fn expect_exit(&mut self, definition: &Definition) {
        if let Some(limit) = definition.setup.as_ref().and_then(|setup| setup.exit_limit) {
            self.exit_limit = Some(self.exit_limit.map_or(limit, |before| before.max(limit)));
            self.exits_left = self.exits_left.saturating_add(1);
        }
    }

    /// How long it may take from when it is told to leave, before it says that its setups are done with, or until it has exited.
    pub(super) fn leave_limit(&self) -> Duration {
        self.exit_limit.unwrap_or(LEAVE_TIMEOUT)
    }

    /// Whether it was setting itself up for the first task of the chunk, when it had begun task `last` of it and no later chunk.
    pub(super) fn is_setting_up(&self, sent: &InFlight, last: u32, has_begun_later: bool) -> bool {
        let is_first = last == sent.sent_from && !has_begun_later && sent.chunk.setup.is_some();
        is_first && self.claims.as_ref().is_some_and(|claims| claims.began().is_setting_up)
    }

    /// Whether the worker has set itself up for the chunk, as far as anybody knows.
    pub(super) fn has_set_up(&self, chunk: &Chunk) -> bool {
        chunk.setup.as_ref().is_none_or(|setup| self.proven_setup == Some(setup.id))
    }
}
