//! Whether one more urgent chunk may wait.

use super::Scheduler;
use super::ids::WorkerId;
use super::workers::Kind;

impl Scheduler {
    /// Whether fewer than `limit` urgent chunks wait, including `more` that are not submitted yet. A chunk does not wait if a
    /// free worker takes it, or a worker that is yet to be started.
    pub fn has_room(&mut self, limit: u32, more: u32) -> bool {
        let mut in_flight = 0;
        let mut from = WorkerId(0);
        while let Some(worker_id) = self.workers.of(Kind::HoldsUp).next(from) {
            self.workers.at(worker_id).look_at_begun();
            in_flight += self.workers[worker_id.index()].in_flight.sums().urgent_waiting;
            from = worker_id.after();
        }
        let waiting = self.queue.urgent_count() + in_flight + more as usize;
        let free = self.workers.wanted() - self.workers.of(Kind::Taken).len();
        waiting < limit as usize + free
    }
}
