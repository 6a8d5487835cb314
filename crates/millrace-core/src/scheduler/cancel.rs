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
        for worker_id in WorkerId::all().take(self.workers.len()) {
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
        let worker = &mut self.workers[worker_id.index()];
        let Some(claims) = worker.claims.clone() else { return false };
        let mut is_condemned = false;
        let mut dropped = 0;
        let mut kill_at = None;
        worker.in_flight.retain_mut(|sent| {
            if sent.chunk.call_id != call_id {
                return true;
            }
            if claims.revoke(sent.seq) {
                dropped += u64::from(sent.chunk.unsettled());
                return false;
            }
            sent.is_cancelled = true;
            if sent.chunk.unsettled() == 0 {
                // It was split, and nothing of it runs any more.
                return true;
            }
            // If the worker has taken the chunk and not begun its first task, the ranges below do not apply. It finds
            // the chunk cancelled when it has begun that task, and drops it.
            claims.cancel(sent.seq);
            let (first, last) = (sent.first_task, sent.last_task());
            match mode {
                CancelMode::Kill { after, .. } if after.is_zero() => {
                    is_condemned |= claims.condemn(first, last).is_some();
                }
                CancelMode::Kill { after, reason } if claims.skip(first, last).is_some() => {
                    sent.kill_at = Some(self.now.saturating_add(*after));
                    kill_at = sent.kill_at;
                    let (seq, reason) = (sent.seq, Arc::clone(reason));
                    let frame = Outgoing::Cancel { seq, reason };
                    self.effects.frames.push((worker_id, frame));
                }
                CancelMode::Kill { .. } => {}
                CancelMode::Discard => {
                    let _at = claims.skip(first, last);
                }
            }
            true
        });
        if let Some(at) = kill_at {
            worker.look_by(at);
        }
        self.stats.cancelled += dropped;
        is_condemned
    }
}
