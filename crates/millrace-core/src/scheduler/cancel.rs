//! A call ends before its tasks do.

use std::sync::Arc;
use std::time::Duration;

use super::ids::{CallId, WorkerId};
use super::{ExitReason, Outgoing, Scheduler};

/// What happens to running tasks when their call is cancelled.
#[derive(Debug, Clone)]
pub enum CancelMode {
    /// They run to their end, and their results are discarded.
    Discard,
    /// They get the reason. A worker that still runs one of them after this time is killed. With a time of 0 the tasks do not
    /// get the reason.
    Kill {
        /// The time.
        after: Duration,
        /// Opaque bytes for the worker.
        reason: Arc<[u8]>,
    },
}

impl Scheduler {
    /// Drops a call. Chunks that are queued, or in flight and not begun, are gone at once, and so is the rest of a chunk that
    /// has begun.
    pub fn cancel(&mut self, call_id: CallId, mode: &CancelMode) {
        self.stats.cancelled += self.queue.remove_call(call_id);
        for worker_id in self.workers.of_call(call_id) {
            if self.cancel_in_flight(worker_id, call_id, mode) {
                self.kill(worker_id, ExitReason::Aborted);
            }
        }
    }

    /// Whether the worker was condemned.
    fn cancel_in_flight(
        &mut self,
        worker_id: WorkerId,
        call_id: CallId,
        mode: &CancelMode,
    ) -> bool {
        let mut worker = self.workers.at(worker_id);
        let Some(claims) = worker.claims.clone() else { return false };
        let mut is_condemned = false;
        let mut kill_at = None;
        let mut place = 0;
        while let Some(sent) = worker.in_flight.get(place) {
            if sent.chunk.call_id != call_id {
                place += 1;
                continue;
            }
            if claims.revoke(sent.seq) {
                let dropped = worker.in_flight.remove(place);
                self.stats.cancelled += dropped.map_or(0, |sent| sent.chunk.open_tasks());
                continue;
            }
            let (seq, first, last) = (sent.seq, sent.first_task, sent.last_task());
            // If it was split, nothing of it may run any more.
            let is_open = sent.chunk.unsettled() > 0;
            worker.in_flight.change(place, |sent| sent.is_cancelled = true);
            if is_open {
                // If the worker has taken the chunk and not begun its first task, the ranges below do not apply. It finds
                // the chunk cancelled when it has begun that task, and drops it.
                claims.cancel(seq);
                match mode {
                    CancelMode::Kill { after, .. } if after.is_zero() => {
                        is_condemned |= claims.condemn(first, last).is_some();
                    }
                    CancelMode::Kill { after, reason } if claims.skip(first, last).is_some() => {
                        kill_at = Some(self.now.saturating_add(*after));
                        worker.in_flight.change(place, |sent| sent.kill_at = kill_at);
                        let reason = Arc::clone(reason);
                        let frame = Outgoing::Cancel { seq, reason };
                        self.effects.frames.push((worker_id, frame));
                    }
                    CancelMode::Kill { .. } => {}
                    CancelMode::Discard => {
                        let _at = claims.skip(first, last);
                    }
                }
            }
            place += 1;
        }
        if let Some(at) = kill_at {
            worker.look_by(at);
        }
        is_condemned
    }
}
