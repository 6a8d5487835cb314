//! Workers that end in order, to be replaced when there is work: those that have run as many tasks as they may, use too much
//! memory, are idle for too long, or are to be recycled.
//!
//! A retiring worker takes nothing more. What it has not begun comes back at once; when nothing is in flight it is told to
//! leave. Its id is free for a replacement when its process is reaped.

use std::time::Duration;

use super::chunk::Chunk;
use super::ids::WorkerId;
use super::outcome::ProtocolViolation;
use super::worker::{Worker, WorkerState};
use super::{Cause, Outgoing, Scheduler};

/// Time for a worker to leave by itself: its exit handlers run in it.
pub(super) const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

impl Worker {
    /// Tasks of the chunk that it may still be given: none, and it is too old for the chunk's call.
    pub(super) fn remaining_lifespan(&self, chunk: &Chunk) -> u32 {
        let Some(lifespan) = lower(self.lifespan, chunk.lifespan) else { return u32::MAX };
        let in_flight: u64 =
            self.in_flight.iter().map(|sent| u64::from(sent.chunk.unsettled())).sum();
        let left = u64::from(lifespan).saturating_sub(self.tasks_done + in_flight);
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// The lowest lifespan of the calls it has worked for holds.
    pub(super) fn apply_lifespan(&mut self, chunk: &Chunk) {
        self.lifespan = lower(self.lifespan, chunk.lifespan);
    }

    fn is_spent(&self) -> bool {
        self.lifespan.is_some_and(|lifespan| self.tasks_done >= u64::from(lifespan))
    }
}

fn lower(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    [one, other].into_iter().flatten().min()
}

impl Scheduler {
    /// Workers that are idle for so long leave.
    #[must_use]
    pub fn with_idle_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Workers that are not ready so long after their process came are killed.
    #[must_use]
    pub fn with_start_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// Replaces each worker that has run a task, or runs its first, after the task it runs; the process ids of these. A fresh
    /// one stays: calls that come faster than workers start would leave none to run anything.
    pub fn recycle(&mut self) -> Vec<u32> {
        let mut present = Vec::new();
        for worker_id in WorkerId::all().take(self.workers.len()) {
            let worker = &self.workers[worker_id.index()];
            let is_used = worker.state == WorkerState::Ready && !worker.is_fresh();
            if is_used || worker.state == WorkerState::Leaving {
                present.push(worker.pid);
                self.retire(worker_id);
                self.recall_rest(worker_id);
            }
        }
        present
    }

    /// The worker was asked to end from outside: it leaves after the task it runs, and the rest goes to others.
    ///
    /// # Errors
    ///
    /// [`ProtocolViolation`] when it was not ready. The worker is killed.
    pub fn wants_to_leave(&mut self, worker_id: WorkerId) -> Result<(), ProtocolViolation> {
        let worker = &mut self.workers[worker_id.index()];
        match worker.state {
            WorkerState::Ready if !worker.is_dying => {
                worker.wants_to_leave = true;
                self.retire(worker_id);
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

    /// The idle workers are told to leave, those that nobody waits for are killed, and the others go on; the process ids of all
    /// that are leaving.
    pub fn leave_idle(&mut self) -> Vec<u32> {
        let mut leaving = Vec::new();
        for worker_id in WorkerId::all().take(self.workers.len()) {
            let worker = &self.workers[worker_id.index()];
            match worker.state {
                WorkerState::Ready if worker.is_at_work() && worker.in_flight.is_empty() => {
                    self.request_exit(worker_id);
                }
                WorkerState::Ready
                    if !worker.is_dying && worker.in_flight.iter().all(|h| h.is_cancelled) =>
                {
                    self.kill(worker_id);
                }
                WorkerState::Spawning | WorkerState::Starting
                    if !worker.is_dying && self.queue.is_empty() =>
                {
                    self.kill(worker_id);
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

    /// The worker takes nothing more; what it has not begun is queued again.
    pub(super) fn retire(&mut self, worker_id: WorkerId) {
        let worker = &mut self.workers[worker_id.index()];
        worker.is_retiring = true;
        while let Some(chunk) = worker.revoke_last(|_| true) {
            self.queue.push_front(chunk);
        }
    }

    /// The tasks behind the one that runs are to come back.
    fn recall_rest(&mut self, worker_id: WorkerId) {
        let worker = &mut self.workers[worker_id.index()];
        let Some(claims) = worker.claims.clone() else { return };
        for sent in worker.in_flight.iter_mut().filter(|sent| !sent.is_cancelled) {
            sent.is_recalled = true;
            claims.cancel(sent.seq);
            claims.skip(sent.first_task, sent.last_task());
        }
    }

    /// Retiring workers with nothing in flight are told to leave, and those whose time has come.
    pub(super) fn request_exit_of_retiring(&mut self) {
        for worker_id in WorkerId::all().take(self.workers.len()) {
            let worker = &mut self.workers[worker_id.index()];
            if !worker.is_at_work() || !worker.in_flight.is_empty() {
                worker.idle_since = None;
                continue;
            }
            let is_overdue = self.idle_timeout.is_some_and(|timeout| {
                let since = *worker.idle_since.get_or_insert(self.now);
                since + timeout <= self.now
            });
            if worker.is_retiring || is_overdue || worker.is_spent() {
                self.request_exit(worker_id);
            }
        }
    }

    /// The worker is told to end by itself.
    pub(super) fn request_exit(&mut self, worker_id: WorkerId) {
        let worker = &mut self.workers[worker_id.index()];
        worker.state = WorkerState::Leaving;
        worker.leave_by = Some(self.now + LEAVE_TIMEOUT);
        worker.idle_since = None;
        self.effects.frames.push((worker_id, Outgoing::Leave));
    }

    pub(super) fn expire_leaving(&mut self) {
        for worker_id in WorkerId::all().take(self.workers.len()) {
            let worker = &mut self.workers[worker_id.index()];
            if worker.leave_by.is_some_and(|at| at <= self.now) {
                worker.leave_by = None;
                self.kill(worker_id);
            }
        }
    }

    /// When the next idle worker leaves.
    pub(super) fn idle_ends(&self) -> Option<Duration> {
        let timeout = self.idle_timeout?;
        self.workers
            .iter()
            .filter_map(|worker| worker.idle_since)
            .min()
            .map(|since| since + timeout)
    }

    /// Gives the worker the next chunk from the queue, as much of it as the worker may run; `false` when it gets none. It
    /// retires when it is too old for the chunk.
    pub(super) fn dispatch_to(&mut self, worker_id: WorkerId) -> bool {
        let Some(chunk) = self.queue.peek(worker_id) else { return false };
        let room = self.workers[worker_id.index()].remaining_lifespan(chunk);
        if room == 0 {
            self.retire(worker_id);
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
