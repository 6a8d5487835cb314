//! A worker that was killed for one of its tasks is replaced at once, so that the next task does not wait for the start.
//!
//! One that was killed because its setup took too long is not replaced: nothing waits for the setup any more.
//!
//! The replacement loads what its predecessor had loaded, one function at a time while it is idle. Nobody hears of an error there:
//! the worker keeps it, and the first task that needs the function fails with it. A function that was being loaded when the worker
//! was killed is left out, and a worker that dies by itself is replaced only when there is work. So no module can cause a loop of
//! starts.

use std::sync::Arc;

use super::chunk::{Chunk, Definition};
use super::ids::WorkerId;
use super::worker::{Worker, WorkerState};
use super::workers::Kind;
use super::{Closing, ExitReason, Scheduler};

/// How many functions a replacement loads, those that were defined last.
const LOADS_MAX: usize = 64;

impl Worker {
    /// What its process had loaded, the newest last.
    fn loaded(&self) -> Vec<Arc<Definition>> {
        let loading = self.in_flight.front().filter(|sent| {
            sent.brings_function
                && self.claims.as_ref().is_none_or(|claims| claims.began().is_loading)
        });
        let unloaded: Vec<_> = loading
            .into_iter()
            .chain(self.in_flight.iter().skip(1).filter(|s| s.brings_function))
            .collect();
        let mut loaded: Vec<_> = self
            .known
            .values()
            .chain(&self.to_load)
            .filter(|known| known.setup.is_none())
            .filter(|known| unloaded.iter().all(|sent| sent.chunk.definition.id != known.id))
            .cloned()
            .collect();
        loaded.sort_by_key(|definition| definition.id.0);
        loaded.dedup();
        loaded.split_off(loaded.len().saturating_sub(LOADS_MAX))
    }
}

impl Scheduler {
    /// The worker has died. `worker` is its state before.
    pub(super) fn replace(&mut self, worker_id: WorkerId, worker: &Worker) {
        let is_killed_for_task = worker.state == WorkerState::Ready
            && matches!(worker.ends_for, Some(ExitReason::Aborted | ExitReason::Timeout));
        let was_setting_up = worker.late.is_some_and(|late| late.setting_up.is_some());
        let is_open = self.closing == Closing::No && self.workers.is_wanted(worker_id);
        if is_killed_for_task && !was_setting_up && is_open {
            let mut place = self.workers.at(worker_id);
            place.is_replacement = true;
            place.to_load = worker.loaded();
        }
    }

    /// The next worker that is started even if nothing waits for it.
    pub(super) fn next_replacement(&self) -> Option<WorkerId> {
        let replaced = self.workers.of(Kind::Replaced);
        replaced.next(WorkerId(0)).filter(|_| self.closing == Closing::No)
    }

    /// The program ends: nothing is started without work.
    pub(super) fn forget_replacements(&mut self) {
        for worker_id in self.workers.ids() {
            self.workers.at(worker_id).is_replacement = false;
        }
    }

    /// Idle replacements load the next function.
    pub(super) fn load_in_replacements(&mut self) {
        if self.closing != Closing::No {
            return;
        }
        while let Some(worker_id) = self.workers.of(Kind::Loads).next(WorkerId(0)) {
            let Some(definition) = self.workers.at(worker_id).to_load.pop() else { return };
            let knows = self.workers[worker_id.index()].known.contains_key(&definition.id);
            if !knows && !definition.is_forgotten() {
                self.send(worker_id, Chunk::load(definition));
                self.workers.at(worker_id).in_flight.change(0, |sent| sent.is_cancelled = true);
            }
        }
    }
}
