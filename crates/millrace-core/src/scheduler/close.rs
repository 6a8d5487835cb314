//! Closing: finish and leave, or end now.

use std::time::Duration;

use super::ids::WorkerId;
use super::worker::{Worker, WorkerState};
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
        self.stats.cancelled +=
            queued.iter().map(|chunk| u64::from(chunk.unsettled())).sum::<u64>();
        for worker_id in WorkerId::all().take(self.workers.len()) {
            let worker = &mut self.workers[worker_id.index()];
            self.stats.cancelled += worker
                .in_flight
                .drain(..)
                .map(|sent| u64::from(sent.chunk.unsettled()))
                .sum::<u64>();
            if worker.state != WorkerState::Absent {
                self.kill(worker_id, ExitReason::Closed);
            }
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
        for worker in &mut scheduler.workers {
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
        for worker_id in WorkerId::all().take(self.workers.len()) {
            let worker = &self.workers[worker_id.index()];
            match worker.state {
                WorkerState::Ready if worker.is_at_work() => {
                    self.request_exit(worker_id, ExitReason::Closed);
                }
                WorkerState::Spawning | WorkerState::Starting if !worker.is_dying => {
                    self.kill(worker_id, ExitReason::Closed);
                }
                _ => {}
            }
        }
    }

    /// Whether [`Report::Closed`] was given out and no process is left.
    pub fn has_ended(&self) -> bool {
        self.closing == Closing::Done && self.has_no_process()
    }

    /// The remaining processes did not end in time. Their ends are not reported.
    pub fn abandon(&mut self) {
        self.workers.fill_with(Worker::default);
    }

    fn has_no_process(&self) -> bool {
        self.workers.iter().all(|worker| worker.state == WorkerState::Absent)
    }

    fn report_closed_if(&mut self, is_closed: bool) {
        if is_closed {
            self.closing = Closing::Done;
            self.effects.reports.push(Report::Closed);
        }
    }
}
