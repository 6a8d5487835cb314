//! A call ends before its tasks do.

use super::Scheduler;

impl Scheduler {
    /// Drops a call: what is queued or in a hand and not begun is gone at once. A running task ends and is discarded,
    /// with the rest of its chunk; with `kill`, its worker is condemned and killed instead. Call [`Self::dispatch`]
    /// after it.
    pub fn cancel(&mut self, job: u32, kill: bool) {
        self.stats.cancelled += self.queue.remove_job(job);
        for worker in 0..self.workers.len() as u32 {
            if self.cancel_in_hand(worker, job, kill) {
                self.kill(worker);
            }
        }
    }

    /// Whether the worker was condemned.
    fn cancel_in_hand(&mut self, worker: u32, job: u32, kill: bool) -> bool {
        let slot = &mut self.workers[worker as usize];
        let Some(claims) = slot.claims.clone() else { return false };
        let mut is_condemned = false;
        let mut dropped = 0;
        slot.hand.retain_mut(|held| {
            if held.chunk.job != job {
                return true;
            }
            if claims.revoke(held.seq) {
                dropped += u64::from(held.chunk.unsettled());
                return false;
            }
            held.is_cancelled = true;
            // A worker that has taken the chunk and not begun its first task is in no range below: it finds the chunk
            // cancelled when it has begun that task, and drops it.
            claims.cancel(held.seq);
            let (first, last) = (held.first_task, held.last_task());
            if kill {
                is_condemned |= claims.condemn(first, last).is_some();
            } else {
                claims.skip(first, last);
            }
            true
        });
        self.stats.cancelled += dropped;
        is_condemned
    }
}
