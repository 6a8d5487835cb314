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

use std::cmp::Reverse;
use std::time::Duration;

use super::Scheduler;
use super::chunk::Chunk;
use super::flight::InFlight;
use super::ids::WorkerId;
use super::worker::{Seen, Worker};
use super::workers::Kind;
use crate::channel::claim::NUMBER_MASK;

/// The shortest time between two looks at a worker.
const LOOK: Duration = Duration::from_millis(4);
/// If the rest is expected to take less than this, it stays with its worker.
const WORTH: Duration = Duration::from_millis(2);
/// The cost of sending a byte of the payload again, and of skipping it. A chunk is split only after it has run for at least as
/// long as that would take.
const RESEND_NS_PER_BYTE: u64 = 10;

/// No event says when a worker begins a chunk. At each event, so many workers that were sent one are looked at early.
const EARLY_LOOKS: usize = 4;

/// What to do with the rest of a running chunk.
enum Rest {
    /// Split it.
    Split {
        /// How many tasks have not begun.
        tasks: u32,
    },
    /// Look at it again.
    Look(Duration),
    /// It is on its way. Look again at this time, or earlier.
    Await(Duration),
}

/// Whose chunks may be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Those of all workers.
    All,
    /// Those of workers at which an urgent chunk waits behind the running one.
    OfThoseThatHoldUp,
}

impl Scheduler {
    /// Splits running chunks for idle workers, and takes back the rest of others for urgent chunks that wait. Notes when to
    /// look again.
    pub(super) fn split_running(&mut self) {
        while !self.workers.of(Kind::Idle).is_empty() {
            let Some(mut half) = self.take_longest_rest(Whose::All) else { return };
            if let Some(other) = half.split_off(half.unsettled().div_ceil(2)) {
                self.queue.push_front(other);
            }
            self.queue.push_front(half);
            self.dispatch_to_idle();
        }
        loop {
            let is_waited_for = self.queue.urgent_count() > self.workers.of(Kind::Yielding).len();
            let whose = if is_waited_for { Whose::All } else { Whose::OfThoseThatHoldUp };
            let Some(rest) = self.take_longest_rest(whose) else { return };
            self.queue.push_front(rest);
        }
    }

    /// Takes back the longest rest that is worth it. Otherwise notes when to look again.
    fn take_longest_rest(&mut self, whose: Whose) -> Option<Chunk> {
        loop {
            let mut longest = None;
            let among = match whose {
                Whose::All => self.worth_a_look(),
                Whose::OfThoseThatHoldUp => self.holding_up(),
            };
            for worker_id in &among {
                let mut worker = self.workers.at(*worker_id);
                if !worker.is_awaited && worker.next_look.is_none_or(|at| at > self.now) {
                    continue;
                }
                let rest = worker.judge_rest(self.now);
                worker.is_awaited = matches!(rest, Some(Rest::Await(_)));
                match rest {
                    Some(Rest::Split { tasks }) => {
                        longest = longest.max(Some((tasks, Reverse(*worker_id))));
                    }
                    Some(Rest::Look(at) | Rest::Await(at)) => worker.next_look = Some(at),
                    None => worker.next_look = None,
                }
            }
            self.split_at = match whose {
                Whose::All => self.workers.next_look(),
                Whose::OfThoseThatHoldUp => {
                    among.iter().filter_map(|id| self.workers[id.index()].next_look).min()
                }
            };
            let (_, Reverse(worker_id)) = longest?;
            let mut worker = self.workers.at(worker_id);
            // If the worker has reached the end meanwhile, it is examined again.
            worker.seen = None;
            if let Some(rest) = worker.take_back_rest() {
                return Some(rest);
            }
        }
    }

    /// The workers whose running chunk is worth a look now, and some that are looked at early.
    fn worth_a_look(&mut self) -> Vec<WorkerId> {
        let mut ids = self.workers.due_looks(self.now);
        let awaited = self.workers.of(Kind::Awaited);
        for _ in 0..EARLY_LOOKS.min(awaited.len()) {
            // They take turns.
            let next = awaited.next(self.looked_at.after()).or_else(|| awaited.next(WorkerId(0)));
            if let Some(worker_id) = next {
                self.looked_at = worker_id;
                ids.push(worker_id);
            }
        }
        ids
    }

    /// The workers at which an urgent chunk waits in flight, and whose running chunk may be split. Few are both.
    fn holding_up(&mut self) -> Vec<WorkerId> {
        let mut ids = Vec::new();
        let mut from = WorkerId(0);
        while let Some(worker_id) =
            self.workers.of(Kind::HoldsUp).next_in_both(self.workers.of(Kind::MaySplit), from)
        {
            let mut worker = self.workers.at(worker_id);
            worker.look_at_begun();
            if worker.in_flight.sums().urgent_waiting > 0 {
                ids.push(worker_id);
            }
            from = worker_id.after();
        }
        ids
    }
}

impl InFlight {
    /// How many tasks behind `task`, which is one of its open tasks, may be taken back.
    fn rest_behind(&self, task: u32) -> Option<u32> {
        let tasks = self.chunk.count - self.index_of(task)? - 1;
        (tasks > 0 && self.may_be_split()).then_some(tasks)
    }
}

impl Worker {
    /// The running chunk, and the number of the task that runs.
    fn running(&self) -> Option<(&InFlight, u32)> {
        let task = self.claims.as_ref()?.current_task();
        self.in_flight.iter().find(|sent| sent.is_open(task)).map(|sent| (sent, task))
    }

    fn judge_rest(&mut self, now: Duration) -> Option<Rest> {
        let may_have_rest = self.takes_work() && self.in_flight.sums().may_be_split > 0;
        if !may_have_rest {
            return None;
        }
        let Some((sent, task)) = self.running() else {
            // The chunk is on its way, and no event says when the worker begins it. The looks come at growing
            // intervals, in case it is never begun.
            let next = self.in_flight.front().filter(|sent| sent.chunk.unsettled() > 1)?;
            return Some(Rest::Await(now + LOOK.max(now.saturating_sub(next.sent_at))));
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
        let place = self.in_flight.iter().position(|other| other.seq == sent.seq)?;
        let first_open = sent.number_of(sent.chunk.from);
        let at = claims.skip(first_open, sent.last_task())?;
        let index = sent.index_of(at).filter(|index| *index >= sent.chunk.from)?;
        self.in_flight.change(place, |sent| {
            let rest = sent.chunk.split_off(index + 1 - sent.chunk.from)?;
            sent.is_split = true;
            // It takes longer than expected, so other workers get what can be moved.
            sent.expected_ns = None;
            Some(rest)
        })
    }
}
