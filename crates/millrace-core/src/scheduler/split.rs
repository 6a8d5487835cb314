//! A running chunk is split while another worker is idle: the idle one gets half of what has not begun. If an urgent chunk waits
//! and no worker is idle, all tasks that have not begun go behind it.
//!
//! The parent stops the worker after its running task by the skip flag of the claim word. From that instant the tasks after it
//! belong to the parent, however long it runs. The parent cuts them in two and queues them. The worker's own part ends with the
//! running task. Then the worker gives the rest back, which the parent has already.
//!
//! How long the rest of a chunk takes is not known. The parent looks at the claim word of a worker twice, [`LOOK`] apart. The
//! tasks that have begun in between show the pace. If one task runs at both looks, the next ones are expected to take at least as
//! long. If the rest is cheap at that pace, it stays where it is. The parent looks only while a worker is idle or an urgent chunk
//! waits.

use std::time::Duration;

use super::Scheduler;
use super::chunk::Chunk;
use super::worker::{InFlight, Seen, Worker};
use crate::channel::claim::NUMBER_MASK;

/// The shortest time between two looks at a worker.
const LOOK: Duration = Duration::from_millis(4);
/// If the rest is expected to take less than this, it stays with its worker.
const WORTH: Duration = Duration::from_millis(2);
/// The cost of sending a byte of the payload again, and of skipping it. A chunk is split only after it has run for at least as
/// long as that would take.
const RESEND_NS_PER_BYTE: u64 = 10;

/// What to do with the rest of a running chunk.
enum Rest {
    /// Split it.
    Split {
        /// How many tasks have not begun.
        tasks: u32,
    },
    /// Look at it again.
    Look(Duration),
}

impl Scheduler {
    /// Splits running chunks for idle workers, and takes back the rest of others for urgent chunks that wait. Notes when to
    /// look again.
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

    /// Takes back the longest rest that is worth it among the workers that are `wanted`. Otherwise notes when to look again.
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
            // If the worker has reached the end meanwhile, it is examined again.
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

    /// How many tasks behind `task`, which is one of its open tasks, may be taken back.
    fn rest_behind(&self, task: u32) -> Option<u32> {
        let tasks = self.chunk.count - self.index_of(task)? - 1;
        (tasks > 0 && self.may_be_split()).then_some(tasks)
    }
}

impl Worker {
    /// Whether it is free after its running task.
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
            // The chunk is on its way, and no event says when the worker begins it. The looks come at growing
            // intervals, in case it is never begun.
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

    /// Makes the worker stop after its running task. `None` if it has reached the end of the chunk meanwhile.
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
        // It takes longer than expected, so other workers get what can be moved.
        sent.expected_ns = None;
        Some(rest)
    }
}
