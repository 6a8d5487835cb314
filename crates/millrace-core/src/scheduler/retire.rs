//! Workers that end in order, to be replaced when there is work: those that have run as many tasks as they may, use too much
//! memory, are idle for too long, or are to be recycled.
//!
//! A retiring worker takes nothing more. What it has not begun comes back at once; when its hand is empty it is told to
//! leave. Its id is free for a replacement when its process is reaped.

use std::time::Duration;

use super::chunk::Chunk;
use super::outcome::Breach;
use super::worker::{Worker, WorkerState};
use super::{Action, Cause, Outgoing, Scheduler};

/// Time for a worker to leave by itself: its exit handlers run in it.
pub(super) const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

impl Worker {
    /// Tasks of the chunk that it may still be given: none, and it is too old for the chunk's call.
    pub(super) fn room_for(&self, chunk: &Chunk) -> u32 {
        let Some(lifespan) = lower(self.lifespan, chunk.lifespan) else { return u32::MAX };
        let in_hand: u64 = self.hand.iter().map(|held| u64::from(held.chunk.unsettled())).sum();
        let left = u64::from(lifespan).saturating_sub(self.tasks_done + in_hand);
        u32::try_from(left).unwrap_or(u32::MAX)
    }

    /// The lowest lifespan of the calls it has worked for holds.
    pub(super) fn age_by(&mut self, chunk: &Chunk) {
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
    /// one stays: calls that come faster than workers start would leave none to run anything. Call [`Self::dispatch`] after
    /// it.
    pub fn recycle(&mut self) -> Vec<u32> {
        let mut present = Vec::new();
        for worker in 0..self.workers.len() as u32 {
            let slot = &self.workers[worker as usize];
            let is_used = slot.state == WorkerState::Ready && !slot.is_fresh();
            if is_used || slot.state == WorkerState::Leaving {
                present.push(slot.pid);
                self.retire(worker);
                self.recall_rest(worker);
            }
        }
        present
    }

    /// The worker was asked to end from outside: it leaves after the task it runs, and the rest goes to others. Call
    /// [`Self::dispatch`] after it.
    ///
    /// # Errors
    ///
    /// [`Breach`] when it was not ready. The worker is killed.
    pub fn wants_to_leave(&mut self, worker: u32) -> Result<(), Breach> {
        let slot = &mut self.workers[worker as usize];
        match slot.state {
            WorkerState::Ready if !slot.is_dying => {
                slot.wants_to_leave = true;
                self.retire(worker);
                self.recall_rest(worker);
                Ok(())
            }
            WorkerState::Ready | WorkerState::Leaving => Ok(()),
            WorkerState::Spawning | WorkerState::Starting if slot.is_dying => Ok(()),
            WorkerState::Absent | WorkerState::Spawning | WorkerState::Starting => {
                let pid = slot.pid;
                self.broke(worker, pid, Cause::Breach);
                Err(Breach { worker })
            }
        }
    }

    /// The idle workers are told to leave, those that nobody waits for are killed, and the others go on; the process ids of all
    /// that are leaving. Call [`Self::dispatch`] after it.
    pub fn leave_idle(&mut self) -> Vec<u32> {
        let mut leaving = Vec::new();
        for worker in 0..self.workers.len() as u32 {
            let slot = &self.workers[worker as usize];
            match slot.state {
                WorkerState::Ready if slot.is_at_work() && slot.hand.is_empty() => {
                    self.dismiss(worker);
                }
                WorkerState::Ready
                    if !slot.is_dying && slot.hand.iter().all(|h| h.is_cancelled) =>
                {
                    self.kill(worker);
                }
                WorkerState::Spawning | WorkerState::Starting
                    if !slot.is_dying && self.queue.is_empty() =>
                {
                    self.kill(worker);
                }
                _ => {}
            }
            let slot = &self.workers[worker as usize];
            if slot.state == WorkerState::Leaving {
                leaving.push(slot.pid);
            }
        }
        leaving
    }

    /// The worker takes nothing more; what it has not begun is queued again.
    pub(super) fn retire(&mut self, worker: u32) {
        let slot = &mut self.workers[worker as usize];
        slot.is_retiring = true;
        while let Some(chunk) = slot.revoke_last(|_| true) {
            self.queue.push_front(chunk);
        }
    }

    /// The tasks behind the one that runs are to come back.
    fn recall_rest(&mut self, worker: u32) {
        let slot = &mut self.workers[worker as usize];
        let Some(claims) = slot.claims.clone() else { return };
        for held in slot.hand.iter_mut().filter(|held| !held.is_cancelled) {
            held.is_recalled = true;
            claims.cancel(held.seq);
            claims.skip(held.first_task, held.last_task());
        }
    }

    /// Lets retiring workers leave whose hands are empty, and those whose time has come.
    pub(super) fn dismiss_retiring(&mut self) {
        for worker in 0..self.workers.len() as u32 {
            let slot = &mut self.workers[worker as usize];
            if !slot.is_at_work() || !slot.hand.is_empty() {
                slot.idle_since = None;
                continue;
            }
            let is_overdue = self.idle_timeout.is_some_and(|timeout| {
                let since = *slot.idle_since.get_or_insert(self.now);
                since + timeout <= self.now
            });
            if slot.is_retiring || is_overdue || slot.is_spent() {
                self.dismiss(worker);
            }
        }
    }

    /// The worker is told to end by itself.
    pub(super) fn dismiss(&mut self, worker: u32) {
        let slot = &mut self.workers[worker as usize];
        slot.state = WorkerState::Leaving;
        slot.leave_by = Some(self.now + LEAVE_TIMEOUT);
        slot.idle_since = None;
        self.actions.push(Action::Send { worker, frame: Outgoing::Leave });
    }

    pub(super) fn expire_leaving(&mut self) {
        for worker in 0..self.workers.len() as u32 {
            let slot = &mut self.workers[worker as usize];
            if slot.leave_by.is_some_and(|at| at <= self.now) {
                slot.leave_by = None;
                self.kill(worker);
            }
        }
    }

    /// When the next idle worker leaves.
    pub(super) fn idle_ends(&self) -> Option<Duration> {
        let timeout = self.idle_timeout?;
        self.workers.iter().filter_map(|slot| slot.idle_since).min().map(|since| since + timeout)
    }

    /// Gives the worker the next chunk from the queue, as much of it as the worker may run; `false` when it gets none. It
    /// retires when it is too old for the chunk.
    pub(super) fn feed(&mut self, worker: u32) -> bool {
        let Some(chunk) = self.queue.peek(worker) else { return false };
        let room = self.workers[worker as usize].room_for(chunk);
        if room == 0 {
            self.retire(worker);
            return false;
        }
        let Some(mut chunk) = self.queue.pop(worker) else { return false };
        if let Some(rest) = chunk.split_off(room) {
            self.queue.push_front(rest);
        }
        self.send(worker, chunk);
        true
    }
}
