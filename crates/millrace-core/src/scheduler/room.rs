//! Whether one more urgent chunk may wait.

use super::Scheduler;
use super::ids::ChunkSeq;
use super::worker::Worker;

impl Scheduler {
    /// Whether fewer than `limit` urgent chunks wait, including `more` that are not submitted yet. A chunk does not wait if a
    /// free worker takes it, or a worker that is yet to be started.
    pub fn has_room(&self, limit: u32, more: u32) -> bool {
        let in_flight: usize = self.workers.iter().map(Worker::urgent_waiting).sum();
        let waiting = self.queue.urgent_count() + in_flight + more as usize;
        let free = self.workers.iter().filter(|worker| !worker.is_taken()).count();
        waiting < limit as usize + free
    }
}

impl Worker {
    fn has_begun(&self, seq: ChunkSeq) -> bool {
        self.claims.as_ref().is_some_and(|claims| claims.has_begun(seq))
    }

    pub(super) fn urgent_waiting(&self) -> usize {
        let urgent =
            self.in_flight.iter().filter(|sent| sent.chunk.is_urgent() && !sent.is_cancelled);
        urgent.filter(|sent| !self.has_begun(sent.seq)).count()
    }

    /// Whether it is busy with something other than an urgent chunk that waits.
    fn is_taken(&self) -> bool {
        let front = self.in_flight.front();
        front.is_some_and(|sent| !sent.chunk.is_urgent() || self.has_begun(sent.seq))
    }
}
