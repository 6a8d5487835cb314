//! The number of workers changes while the pool lives.
//!
//! The scheduler keeps a place for each id that there ever was; ids from [`Workers::wanted`](super::workers::Workers) on are *surplus*. A
//! surplus worker is not started. One that is ready retires: it ends its running task, others get the rest, and it exits gracefully. One
//! that is starting is killed, since it has nothing to lose. A worker that is to be bound to other CPUs ends in the same way, and is
//! started again when there is work.
//!
//! A chunk that only a surplus worker may run would wait for ever. From then on every worker may run it. Submitters that need the
//! binding resize when no such call is open.

use std::collections::BTreeSet;

use super::ids::WorkerId;
use super::worker::WorkerState;
use super::{Closing, ExitReason, Report, Scheduler};

/// A resize whose workers have not all ended.
#[derive(Debug)]
pub(super) struct Resize {
    number: u32,
    leaving: BTreeSet<WorkerId>,
}

impl Scheduler {
    /// From now on the workers are `0..count`. The others leave, and so do those of `rebound`, which come back when there is work. When the
    /// processes that they have now have ended, [`Report::Resized`] tells the `number`. Nothing is told of it after the end of the pool.
    pub fn resize(&mut self, number: u32, count: u32, rebound: &[WorkerId]) {
        self.workers.resize(count);
        self.queue.resize(count);
        let mut leaving = BTreeSet::new();
        for worker_id in self.workers.ids() {
            let is_surplus = worker_id.0 >= count;
            if is_surplus || rebound.contains(&worker_id) {
                let has_process = self.send_away(worker_id, is_surplus);
                leaving.extend(Some(worker_id).filter(|_| has_process));
            }
        }
        self.resizes.push(Resize { number, leaving });
    }

    /// Returns `false` if the worker has no process, and none is being started.
    fn send_away(&mut self, worker_id: WorkerId, is_surplus: bool) -> bool {
        let mut worker = self.workers.at(worker_id);
        let (state, is_dying) = (worker.state, worker.is_dying);
        if is_surplus {
            worker.is_replacement = false;
        }
        drop(worker);
        match state {
            WorkerState::Absent => return false,
            WorkerState::Spawning | WorkerState::Starting if !is_dying => {
                self.kill(worker_id, ExitReason::Resized);
            }
            WorkerState::Ready => {
                self.retire(worker_id, ExitReason::Resized);
                self.recall_rest(worker_id);
            }
            WorkerState::Spawning | WorkerState::Starting | WorkerState::Leaving => {}
        }
        true
    }

    /// The process of the worker has ended, or could not be started.
    pub(super) fn note_gone(&mut self, worker_id: WorkerId) {
        for resize in &mut self.resizes {
            resize.leaving.remove(&worker_id);
        }
    }

    /// Reports the resizes whose workers have ended.
    pub(super) fn report_resizes(&mut self) {
        if self.closing == Closing::Done {
            self.resizes.clear();
        }
        let reports = &mut self.effects.reports;
        self.resizes.retain(|resize| {
            let is_open = !resize.leaving.is_empty();
            if !is_open {
                reports.push(Report::Resized { number: resize.number });
            }
            is_open
        });
    }
}
