//! Which worker gets which chunk, and when another worker is started.

use std::sync::Arc;

use super::ids::WorkerId;
use super::worker::{InFlight, Worker, WorkerState};
use super::{Closing, Outgoing, Scheduler};
use crate::scheduler::chunk::Chunk;

/// How much measured work a busy worker may have besides its running chunk. It is enough to bridge a round trip, and little
/// enough that a late chunk could be almost free.
const IN_FLIGHT_NS_MAX: f64 = 2_000_000.0;
/// Chunks in flight at one worker.
const IN_FLIGHT_CHUNKS_MAX: usize = 256;

impl Scheduler {
    /// Sends every chunk that can be sent.
    pub(super) fn dispatch(&mut self) {
        if !self.queue.is_empty() {
            self.dispatch_to_idle();
            if self.queue.has_urgent() {
                self.recall_for_urgent();
                self.dispatch_to_idle();
            }
            self.prefetch();
        }
        self.steal();
        self.split_running();
        self.request_exit_of_retiring();
        self.spawn_wanted();
        self.finish_closing();
    }

    pub(super) fn dispatch_to_idle(&mut self) {
        for worker_id in WorkerId::all().take(self.workers.len()) {
            if self.workers[worker_id.index()].is_idle() {
                self.dispatch_to(worker_id);
            }
        }
    }

    /// An urgent chunk waits. Bulk work that is in flight and has not begun comes back and goes behind it.
    fn recall_for_urgent(&mut self) {
        for (worker_id, worker) in WorkerId::all().zip(&mut self.workers) {
            while let Some(chunk) = worker.revoke_last(Chunk::gives_way) {
                self.queue.put_back(worker_id, chunk);
            }
        }
    }

    /// Sends busy workers more chunks of known cost, the least loaded worker first.
    fn prefetch(&mut self) {
        let mut open: Vec<WorkerId> = WorkerId::all()
            .take(self.workers.len())
            .filter(|worker_id| self.workers[worker_id.index()].takes_work())
            .collect();
        while let Some((place, worker_id)) = self.least_loaded(&open) {
            let room = IN_FLIGHT_NS_MAX
                - self.workers[worker_id.index()].in_flight_ns().unwrap_or(IN_FLIGHT_NS_MAX);
            let fits = self.queue.peek(worker_id).is_some_and(|chunk| {
                self.costs
                    .chunk_ns(chunk.definition.id, chunk.unsettled())
                    .is_some_and(|ns| ns <= room)
                    // A chunk that has to be cut waits until the worker is idle.
                    && self.workers[worker_id.index()].remaining_lifespan(chunk) >= chunk.unsettled()
            });
            if fits
                && self.workers[worker_id.index()].in_flight.len() < IN_FLIGHT_CHUNKS_MAX
                && self.workers[worker_id.index()].has_free_slot()
                && self.queue.may_prefetch(worker_id)
                && let Some(chunk) = self.queue.pop(worker_id)
            {
                self.send(worker_id, chunk);
            } else {
                open.swap_remove(place);
            }
        }
    }

    fn least_loaded(&self, open: &[WorkerId]) -> Option<(usize, WorkerId)> {
        let load = |worker_id: WorkerId| {
            self.workers[worker_id.index()].in_flight_ns().unwrap_or(f64::INFINITY)
        };
        open.iter().copied().enumerate().min_by(|(_, a), (_, b)| load(*a).total_cmp(&load(*b)))
    }

    /// An idle worker with nothing queued steals half of what the fullest worker has not begun.
    fn steal(&mut self) {
        for thief in WorkerId::all().take(self.workers.len()) {
            if !self.workers[thief.index()].is_idle() {
                continue;
            }
            let Some(victim) = self.workers.iter_mut().max_by_key(|worker| worker.stealable())
            else {
                return;
            };
            let taken = victim.steal_half();
            if taken.is_empty() {
                return;
            }
            let is_ageless = self.workers[thief.index()].lifespan.is_none();
            if is_ageless && taken.iter().all(|chunk| chunk.lifespan.is_none()) {
                for chunk in taken {
                    self.send(thief, chunk);
                }
            } else {
                // What the thief may not run, others run.
                taken.into_iter().rev().for_each(|chunk| self.queue.push_front(chunk));
                self.dispatch_to_idle();
            }
        }
    }

    pub(super) fn send(&mut self, worker_id: WorkerId, chunk: Chunk) {
        let worker = &mut self.workers[worker_id.index()];
        worker.apply_lifespan(&chunk);
        let (seq, first_task) = worker.number(chunk.unsettled());
        let brings_function = worker.known.insert(chunk.definition.id);
        if brings_function {
            let frame = Outgoing::Define(Arc::clone(&chunk.definition));
            self.effects.frames.push((worker_id, frame));
        }
        if let Some(claims) = &worker.claims {
            claims.offer(seq);
        }
        let expected_ns = self.costs.chunk_ns(chunk.definition.id, chunk.unsettled());
        let frame = Outgoing::Chunk { seq, first_task, chunk: chunk.clone() };
        self.effects.frames.push((worker_id, frame));
        if chunk.definition.is_forgotten() {
            self.forget_at(worker_id, chunk.definition.id);
        }
        let worker = &mut self.workers[worker_id.index()];
        let sent_from = chunk.from;
        for limit in chunk.limit.into_iter().chain(self.start_timeout.filter(|_| brings_function)) {
            worker.look_after(self.now, limit);
        }
        worker.in_flight.push_back(InFlight {
            seq,
            first_task,
            sent_from,
            sent_at: self.now,
            chunk,
            is_cancelled: false,
            brings_function,
            kill_at: None,
            is_recalled: false,
            is_split: false,
            expected_ns,
        });
    }

    /// The absent workers to start: one for each worker that ordered chunks wait for, and one for each shared chunk that no
    /// idle or starting worker will take.
    pub(super) fn wanted_workers(&self) -> Vec<WorkerId> {
        if matches!(self.closing, Closing::Terminate(_) | Closing::Done) {
            return Vec::new();
        }
        if self.workers.iter().all(|worker| worker.state != WorkerState::Absent) {
            return Vec::new();
        }
        let starting = self.starting_workers();
        let in_flight: usize = self.workers.iter().map(Worker::stealable).sum();
        let waiting = self.queue.shared_count() + in_flight;
        let mut shared = waiting.saturating_sub(starting);
        let absent = WorkerId::all()
            .zip(&self.workers)
            .filter(|(_, worker)| worker.state == WorkerState::Absent);
        let mut absent: Vec<WorkerId> = absent.map(|(worker_id, _)| worker_id).collect();
        // A worker that has to wait is the last choice.
        absent.sort_by_key(|worker_id| {
            let has_to_wait = self.workers[worker_id.index()].streak.not_before > self.now;
            (has_to_wait, self.avoid_worker == Some(*worker_id))
        });
        absent
            .into_iter()
            .filter(|worker_id| {
                let has_own = self.queue.ordered_count(*worker_id) > 0;
                let takes_shared = !has_own && shared > 0;
                shared -= usize::from(takes_shared);
                has_own || takes_shared
            })
            .collect()
    }

    pub(super) fn starting_workers(&self) -> usize {
        let is_starting = |state| matches!(state, WorkerState::Spawning | WorkerState::Starting);
        self.workers.iter().filter(|worker| is_starting(worker.state)).count()
    }

    fn spawn_wanted(&mut self) {
        let mut left = self.starts_allowed();
        for worker_id in self.wanted_workers() {
            if left == 0 {
                return;
            }
            if self.start_time(worker_id) <= self.now {
                left -= 1;
                self.note_start(worker_id);
                self.workers[worker_id.index()].state = WorkerState::Spawning;
                // The first worker that starts gets the task that avoids a worker.
                self.avoid_worker = None;
                self.effects.spawns.push(worker_id);
            }
        }
    }
}
