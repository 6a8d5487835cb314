//! Workers that exit gracefully and are replaced when there is work. They have run as many tasks as they may, use too much
//! memory, are idle for too long, or are recycled.
//!
//! A retiring worker takes no more chunks. What it has not begun comes back at once. When nothing is in flight, it is asked to
//! exit. Its id is free for a replacement when its process is reaped.

use std::time::Duration;

use super::chunk::Chunk;
use super::ids::WorkerId;
use super::outcome::ProtocolViolation;
use super::worker::{Worker, WorkerState};
use super::workers::Kind;
use super::{Cause, ExitReason, Outgoing, Scheduler};

/// How long a worker may take to exit. Its exit handlers run in this time.
pub(super) const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

impl Worker {
    /// How many tasks of the chunk the worker may still run. With 0 it is too old for the call of the chunk.
    pub(super) fn remaining_lifespan(&self, chunk: &Chunk) -> u32 {
        let Some(lifespan) = lower(self.lifespan, chunk.lifespan) else { return u32::MAX };
        let in_flight = self.in_flight.sums().tasks;
        let left = u64::from(lifespan).saturating_sub(self.tasks_done + in_flight);
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// The lowest lifespan of the calls that the worker has served is in force.
    pub(super) fn apply_lifespan(&mut self, chunk: &Chunk) {
        self.lifespan = lower(self.lifespan, chunk.lifespan);
    }

    /// It has run as many tasks as it may.
    pub(super) fn is_spent(&self) -> bool {
        self.lifespan.is_some_and(|lifespan| self.tasks_done >= u64::from(lifespan))
    }
}

fn lower(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    [one, other].into_iter().flatten().min()
}

impl Scheduler {
    /// Workers that are idle for this long exit.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.workers.set_idle_timeout(timeout);
        self
    }

    /// Workers that are not ready this long after their process was started are killed.
    #[must_use]
    pub fn with_start_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// Replaces each worker that has run a task or runs its first one, after the running task. Returns the process ids of
    /// these workers. A fresh worker stays: if calls came faster than workers start, no worker would ever run anything.
    pub fn recycle(&mut self) -> Vec<u32> {
        let mut present = Vec::new();
        for worker_id in self.workers.ids() {
            let worker = &self.workers[worker_id.index()];
            let is_used = worker.state == WorkerState::Ready && !worker.is_fresh();
            if is_used || worker.state == WorkerState::Leaving {
                present.push(worker.pid);
                self.retire(worker_id, ExitReason::Recycled);
                self.recall_rest(worker_id);
            }
        }
        present
    }

    /// The worker was asked to exit from outside, by a signal. It exits after its running task, and other workers get the
    /// rest.
    ///
    /// # Errors
    ///
    /// [`ProtocolViolation`] when it was not ready. The worker is killed.
    pub fn wants_to_leave(&mut self, worker_id: WorkerId) -> Result<(), ProtocolViolation> {
        let worker = &self.workers[worker_id.index()];
        match worker.state {
            WorkerState::Ready if !worker.is_dying => {
                self.workers.at(worker_id).wants_to_leave = true;
                self.retire(worker_id, ExitReason::Died);
                self.recall_rest(worker_id);
                Ok(())
            }
            WorkerState::Ready | WorkerState::Leaving => Ok(()),
            WorkerState::Spawning | WorkerState::Starting if worker.is_dying => Ok(()),
            WorkerState::Absent | WorkerState::Spawning | WorkerState::Starting => {
                let pid = worker.pid;
                self.unreadable(worker_id, pid, Cause::ProtocolViolation);
                Err(ProtocolViolation { worker_id })
            }
        }
    }

    /// Asks idle workers to exit, and kills those that nobody waits for. The others go on. Returns the process ids of all
    /// workers that are exiting.
    pub fn leave_idle(&mut self) -> Vec<u32> {
        let mut leaving = Vec::new();
        self.forget_replacements();
        for worker_id in self.workers.ids() {
            let worker = &self.workers[worker_id.index()];
            match worker.state {
                WorkerState::Ready if worker.is_at_work() && worker.in_flight.is_empty() => {
                    self.request_exit(worker_id, ExitReason::Closed);
                }
                WorkerState::Ready
                    if !worker.is_dying && worker.in_flight.iter().all(|h| h.is_cancelled) =>
                {
                    self.kill(worker_id, ExitReason::Closed);
                }
                WorkerState::Spawning | WorkerState::Starting
                    if !worker.is_dying && self.queue.is_empty() =>
                {
                    self.kill(worker_id, ExitReason::Closed);
                }
                _ => {}
            }
            let worker = &self.workers[worker_id.index()];
            if worker.state == WorkerState::Leaving {
                leaving.push(worker.pid);
            }
        }
        leaving
    }

    /// The worker takes no more chunks. What it has not begun is queued again. The first reason stays.
    pub(super) fn retire(&mut self, worker_id: WorkerId, reason: ExitReason) {
        let mut worker = self.workers.at(worker_id);
        worker.ends_for.get_or_insert(reason);
        worker.is_retiring = true;
        while let Some(chunk) = worker.revoke_last(|_| true) {
            self.queue.push_front(chunk);
        }
    }

    /// Takes back the tasks behind the running one.
    pub(super) fn recall_rest(&mut self, worker_id: WorkerId) {
        let mut worker = self.workers.at(worker_id);
        let Some(claims) = worker.claims.clone() else { return };
        for place in 0..worker.in_flight.len() {
            if worker.in_flight[place].is_cancelled {
                continue;
            }
            worker.in_flight.change(place, |sent| sent.is_recalled = true);
            let sent = &worker.in_flight[place];
            claims.cancel(sent.seq);
            claims.skip(sent.first_task, sent.last_task());
        }
    }

    /// Asks retiring workers with nothing in flight to exit, and those that were idle for too long.
    pub(super) fn request_exit_of_retiring(&mut self) {
        while let Some(worker_id) = self.workers.of(Kind::Done).next(WorkerId(0)) {
            let is_spent = self.workers[worker_id.index()].is_spent();
            let reason = if is_spent { ExitReason::Lifespan } else { ExitReason::Idle };
            self.request_exit(worker_id, reason);
        }
        let Some(timeout) = self.workers.idle_timeout() else { return };
        while let Some(worker_id) = self.workers.of(Kind::RestsUnnoted).next(WorkerId(0)) {
            self.workers.at(worker_id).idle_since = Some(self.now);
        }
        for worker_id in self.workers.due(self.now) {
            let since = self.workers[worker_id.index()].idle_since;
            if since.is_some_and(|since| since + timeout <= self.now) {
                self.request_exit(worker_id, ExitReason::Idle);
            }
        }
    }

    /// Asks the worker to exit. A retiring worker keeps its reason.
    pub(super) fn request_exit(&mut self, worker_id: WorkerId, reason: ExitReason) {
        let mut worker = self.workers.at(worker_id);
        worker.ends_for.get_or_insert(reason);
        worker.state = WorkerState::Leaving;
        worker.was_told_to_leave = true;
        worker.leave_by = Some(self.now + worker.leave_limit());
        self.effects.frames.push((worker_id, Outgoing::Leave));
    }

    /// Kills the worker if it has not exited in time.
    pub(super) fn expire_leaving(&mut self, worker_id: WorkerId) {
        let mut worker = self.workers.at(worker_id);
        if worker.leave_by.take_if(|at| *at <= self.now).is_some() {
            let reason = worker.ends_for.unwrap_or_default();
            drop(worker);
            self.kill(worker_id, reason);
        }
    }

    /// Sends the worker the next chunk of the queue, cut to what the worker may run. Returns `false` if it gets none. A
    /// worker that is too old for the chunk retires.
    pub(super) fn dispatch_to(&mut self, worker_id: WorkerId) -> bool {
        let Some(chunk) = self.queue.peek(worker_id) else { return false };
        let room = self.workers[worker_id.index()].remaining_lifespan(chunk);
        if room == 0 {
            self.retire(worker_id, ExitReason::Lifespan);
            return false;
        }
        let Some(mut chunk) = self.queue.pop(worker_id) else { return false };
        if let Some(rest) = chunk.split_off(room) {
            self.queue.push_front(rest);
        }
        self.send(worker_id, chunk);
        true
    }
}
