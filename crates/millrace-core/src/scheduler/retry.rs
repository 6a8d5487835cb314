//! Tasks that run again because their worker died, or because they were late, if their call allows it.
//!
//! Only an attempt that began counts. The task runs alone, before the others of its call, so that an idle worker gets it at once.
//! If a worker has to be started for it, another worker id is preferred. An urgent task waits behind the urgent ones that wait
//! already: a task that kills each of its workers would delay them by as many starts as it has attempts.

use super::chunk::Chunk;
use super::ids::WorkerId;
use super::{Loss, Report, Scheduler};

impl Scheduler {
    /// Queues the first open task of the chunk for another attempt if it has one left, and the others behind it. Otherwise
    /// returns the chunk.
    pub(super) fn retry(
        &mut self,
        worker_id: WorkerId,
        mut chunk: Chunk,
        loss: &Loss,
    ) -> Option<Chunk> {
        let Some(left) = chunk.retries.checked_sub(1) else { return Some(chunk) };
        let (call_id, id, index) = (chunk.call_id, chunk.id, chunk.from);
        if let Some(rest) = chunk.split_off(1) {
            self.queue.push_front(rest);
        }
        chunk.retries = left;
        chunk.receivers_lost = 0;
        if chunk.is_urgent() {
            self.queue.push(chunk);
        } else {
            self.queue.push_front(chunk);
        }
        self.avoid_worker = Some(worker_id);
        self.effects.reports.push(Report::Retried {
            call_id,
            chunk: id,
            index,
            loss: loss.clone(),
        });
        None
    }
}
