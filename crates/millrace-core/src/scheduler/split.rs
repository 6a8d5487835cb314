//! A running chunk is split when a worker is idle: it gets half of what the chunk's worker has not begun. Where an urgent
//! chunk waits and no worker is idle, all that has not begun goes behind it.
//!
//! The parent stops the worker behind the task it is on, by the skip flag of its claim word. From that instant the tasks
//! after this one are the parent's, however long this one runs: they are cut in two, and queued. The worker's own part ends
//! with the running task; behind it the worker gives back what it may not begin, which is the parent's already.
//!
//! The time that a rest takes is not known. The parent looks at the claim word of a worker twice, [`LOOK`] apart: the tasks
//! that have begun in between tell the pace, and one that runs at both looks is taken to be no slower than the next ones.
//! A rest that is cheap at that pace stays where it is. It looks only while a
//! worker is idle or an urgent chunk waits.

use std::time::Duration;

use super::Scheduler;
use super::chunk::Chunk;
use super::worker::{InFlight, Seen, Worker};
use crate::channel::claim::NUMBER_MASK;

/// Between two looks at a worker, at the least.
const LOOK: Duration = Duration::from_millis(4);
/// A rest that is expected to take less stays with its worker.
const WORTH: Duration = Duration::from_millis(2);
/// For sending a byte of a payload once more, and for passing over it to the tasks that are left. A chunk runs for at
/// least as long as that would take before it is split.
const RESEND_NS_PER_BYTE: u64 = 10;

/// What becomes of the rest of a running chunk.
enum Rest {
    /// It is to be split.
    Split {
        /// Tasks that have not begun.
        tasks: u32,
    },
    /// It is to be looked at again.
    Look(Duration),
}

impl Scheduler {
    /// Splits running chunks for idle workers, and takes back what is left of others for urgent chunks that wait. Notes when
    /// to look again.
    pub(super) fn split_running(&mut self) {
        while self.workers.iter().any(Worker::is_idle) {
            let Some(mut half) = self.take_longest_rest(|_| true) else { return };
            if let Some(other) = half.split_off(half.unsettled().div_ceil(2)) {
                self.queue.push_front(other);
            }
            self.queue.push_front(half);
            self.dispatch_to_idle();
        }
        loop {
            // Workers that are free after the task that they run.
            let yielding = self.workers.iter().filter(|worker| worker.is_yielding()).count();
            let is_waited_for = self.queue.urgent_count() > yielding;
            let holds_up = |worker: &Worker| is_waited_for || worker.urgent_waiting() > 0;
            let Some(rest) = self.take_longest_rest(holds_up) else { return };
            self.queue.push_front(rest);
        }
    }

    /// Takes back the longest rest that is worth it, among workers that are `wanted`; else notes when to look again.
    fn take_longest_rest(&mut self, wanted: impl Fn(&Worker) -> bool) -> Option<Chunk> {
        loop {
            let mut most = 0;
            let mut from = None;
            self.split_at = None;
            for (worker_id, worker) in
                self.workers.iter_mut().enumerate().filter(|(_, worker)| wanted(worker))
            {
                match worker.judge_rest(self.now) {
                    Some(Rest::Split { tasks }) if tasks > most => {
                        most = tasks;
                        from = Some(worker_id);
                    }
                    Some(Rest::Look(at)) => {
                        self.split_at = Some(self.split_at.map_or(at, |before| before.min(at)));
                    }
                    Some(Rest::Split { .. }) | None => {}
                }
            }
            let worker = &mut self.workers[from?];
            // Where it has come to the end meanwhile, it is looked at anew.
            worker.seen = None;
            if let Some(rest) = worker.take_back_rest() {
                return Some(rest);
            }
        }
    }
}

impl InFlight {
    fn may_be_split(&self) -> bool {
        self.chunk.unsettled() > 1 && self.is_for_others() && !self.is_recalled
    }

    /// Tasks behind `task`, which is one of its open ones, that may be taken back; none where there are none.
    fn rest_behind(&self, task: u32) -> Option<u32> {
        let tasks = self.chunk.count - self.index_of(task)? - 1;
        (tasks > 0 && self.may_be_split()).then_some(tasks)
    }
}

impl Worker {
    /// Whether it is free after the task that it runs.
    fn is_yielding(&self) -> bool {
        self.takes_work()
            && !self.in_flight.is_empty()
            && self.in_flight.iter().all(|sent| sent.is_split)
    }

    /// The running chunk, and the number of the task that runs.
    fn running(&self) -> Option<(&InFlight, u32)> {
        let task = self.claims.as_ref()?.current_task();
        self.in_flight.iter().find(|sent| sent.is_open(task)).map(|sent| (sent, task))
    }

    fn judge_rest(&mut self, now: Duration) -> Option<Rest> {
        // Most workers have nothing in flight that could be split: no need to look at the claim word.
        let may_have_rest = self.takes_work() && self.in_flight.iter().any(InFlight::may_be_split);
        if !may_have_rest {
            return None;
        }
        let Some((sent, task)) = self.running() else {
            // On its way: nothing else tells when it is begun. Ever later, where it is never begun.
            let next = self.in_flight.front().filter(|sent| sent.chunk.unsettled() > 1)?;
            return Some(Rest::Look(now + LOOK.max(now.saturating_sub(next.sent_at))));
        };
        let tasks = sent.rest_behind(task)?;
        let resend = RESEND_NS_PER_BYTE * sent.chunk.payload.len() as u64;
        let wait = LOOK.max(Duration::from_nanos(resend));
        let now_seen = Seen { seq: sent.seq, task, at: now };
        let seen = self.seen.filter(|seen| seen.seq == sent.seq).unwrap_or(now_seen);
        self.seen = Some(seen);
        let elapsed = now.saturating_sub(seen.at);
        if elapsed < wait {
            return Some(Rest::Look(seen.at + wait));
        }
        let steps = task.wrapping_sub(seen.task) & NUMBER_MASK;
        if elapsed.saturating_mul(tasks) / steps.max(1) >= WORTH {
            return Some(Rest::Split { tasks });
        }
        self.seen = Some(now_seen);
        Some(Rest::Look(now + wait))
    }

    /// Makes the worker stop behind the task that runs. `None` when it has got to the end of the chunk meanwhile.
    fn take_back_rest(&mut self) -> Option<Chunk> {
        let claims = self.claims.clone()?;
        let (sent, task) = self.running()?;
        sent.rest_behind(task)?;
        let seq = sent.seq;
        let sent = self.in_flight.iter_mut().find(|sent| sent.seq == seq)?;
        let first_open = sent.number_of(sent.chunk.from);
        let at = claims.skip(first_open, sent.last_task())?;
        let index = sent.index_of(at).filter(|index| *index >= sent.chunk.from)?;
        let rest = sent.chunk.split_off(index + 1 - sent.chunk.from)?;
        sent.is_split = true;
        // It runs longer than was expected: what is free goes to others.
        sent.expected_ns = None;
        Some(rest)
    }
}
