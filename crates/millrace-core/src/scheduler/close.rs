//! Closing: finish and leave, or end now.

use std::time::Duration;

use super::chunk::Chunk;
use super::ids::WorkerId;
use super::worker::WorkerState;
use super::workers::{Kind, Workers};
use super::{Closing, ExitReason, Report, Scheduler};

/// After this time the pool reports [`Report::Closed`] even if a killed process is still there.
const TERMINATE_BOUND: Duration = Duration::from_millis(900);

impl Scheduler {
    /// Finishes what was accepted. Then the workers exit.
    pub fn close(&mut self) {
        if self.closing == Closing::No {
            self.closing = Closing::Drain;
        }
    }

    /// Kills every worker now. Open tasks count as cancelled and are not reported.
    pub fn terminate(&mut self) {
        if matches!(self.closing, Closing::Terminate(_) | Closing::Done) {
            return;
        }
        self.closing = Closing::Terminate(self.now + TERMINATE_BOUND);
        let queued = self.queue.take_all();
        self.stats.cancelled += queued.iter().map(Chunk::open_tasks).sum::<u64>();
        let present: Vec<WorkerId> = self.workers.of(Kind::Present).iter().collect();
        for worker_id in present {
            self.stats.cancelled += self.workers.at(worker_id).in_flight.clear();
            self.kill(worker_id, ExitReason::Closed);
        }
    }

    /// The pool cannot go on: as [`Self::terminate`], but open tasks count as failed.
    pub fn fail(&mut self) {
        let cancelled = self.stats.cancelled;
        self.terminate();
        self.stats.failed += self.stats.cancelled - cancelled;
        self.stats.cancelled = cancelled;
    }

    /// Replaces a scheduler whose state is not known: as after [`Self::fail`], with processes that may exist until
    /// [`Self::abandon`].
    pub fn failed(worker_count: u32, now: Duration) -> Self {
        let mut scheduler = Self::new(worker_count);
        scheduler.now = now;
        scheduler.fail();
        for worker_id in scheduler.workers.ids() {
            let mut worker = scheduler.workers.at(worker_id);
            worker.state = WorkerState::Spawning;
            worker.is_dying = true;
        }
        scheduler
    }

    pub(super) fn finish_closing(&mut self) {
        match self.closing {
            Closing::No | Closing::Done => {}
            Closing::Drain => {
                if self.is_drained() {
                    self.request_exit_of_all();
                    self.report_closed_if(self.has_no_process());
                }
            }
            Closing::Terminate(bound) => {
                self.report_closed_if(self.has_no_process() || self.now >= bound);
            }
        }
    }

    fn request_exit_of_all(&mut self) {
        while let Some(worker_id) = self.workers.of(Kind::Resting).next(WorkerId(0)) {
            self.request_exit(worker_id, ExitReason::Closed);
        }
        while let Some(worker_id) = self.workers.of(Kind::StartsUnharmed).next(WorkerId(0)) {
            self.kill(worker_id, ExitReason::Closed);
        }
    }

    /// Whether [`Report::Closed`] was given out and no process is left.
    pub fn has_ended(&self) -> bool {
        self.closing == Closing::Done && self.has_no_process()
    }

    /// The remaining processes did not end in time. Their ends are not reported.
    pub fn abandon(&mut self) {
        let idle_timeout = self.workers.idle_timeout();
        self.workers = Workers::new(self.workers.len() as u32);
        self.workers.set_idle_timeout(idle_timeout);
        self.knowing.clear();
    }

    fn has_no_process(&self) -> bool {
        self.workers.of(Kind::Present).is_empty()
    }

    fn report_closed_if(&mut self, is_closed: bool) {
        if is_closed {
            self.closing = Closing::Done;
            self.effects.reports.push(Report::Closed);
        }
    }
}
