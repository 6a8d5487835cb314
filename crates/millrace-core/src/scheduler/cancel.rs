//! A call ends before its tasks do.

use std::sync::Arc;
use std::time::Duration;

use super::{Action, Outgoing, Scheduler};

/// What becomes of the tasks that run when their call is cancelled.
#[derive(Debug, Clone)]
pub enum Stop {
    /// They end, and are discarded.
    Discard,
    /// They are told the reason; who is still on one of them after this time is killed. Without time nobody is told.
    Kill {
        /// The time.
        after: Duration,
        /// Opaque bytes for the worker.
        reason: Arc<[u8]>,
    },
}

impl Scheduler {
    /// Drops a call: what is queued or in a hand and not begun is gone at once, and the rest of a chunk that has begun.
    /// Call [`Self::dispatch`] after it.
    pub fn cancel(&mut self, job: u32, stop: &Stop) {
        self.stats.cancelled += self.queue.remove_job(job);
        for worker in 0..self.workers.len() as u32 {
            if self.cancel_in_hand(worker, job, stop) {
                self.kill(worker);
            }
        }
    }

    /// Whether the worker was condemned.
    fn cancel_in_hand(&mut self, worker: u32, job: u32, stop: &Stop) -> bool {
        let slot = &mut self.workers[worker as usize];
        let Some(claims) = slot.claims.clone() else { return false };
        let mut is_condemned = false;
        let mut dropped = 0;
        let mut kill_at = None;
        slot.hand.retain_mut(|held| {
            if held.chunk.job != job {
                return true;
            }
            if claims.revoke(held.seq) {
                dropped += u64::from(held.chunk.unsettled());
                return false;
            }
            held.is_cancelled = true;
            if held.chunk.unsettled() == 0 {
                // Split, and nothing of it runs any more.
                return true;
            }
            // A worker that has taken the chunk and not begun its first task is in no range below: it finds the chunk
            // cancelled when it has begun that task, and drops it.
            claims.cancel(held.seq);
            let (first, last) = (held.first_task, held.last_task());
            match stop {
                Stop::Kill { after, .. } if after.is_zero() => {
                    is_condemned |= claims.condemn(first, last).is_some();
                }
                Stop::Kill { after, reason } if claims.skip(first, last).is_some() => {
                    held.kill_at = Some(self.now.saturating_add(*after));
                    kill_at = held.kill_at;
                    let (seq, reason) = (held.seq, Arc::clone(reason));
                    let frame = Outgoing::Cancel { seq, reason };
                    self.actions.push(Action::Send { worker, frame });
                }
                Stop::Kill { .. } => {}
                Stop::Discard => {
                    let _at = claims.skip(first, last);
                }
            }
            true
        });
        if let Some(at) = kill_at {
            slot.look_by(at);
        }
        self.stats.cancelled += dropped;
        is_condemned
    }
}
