//! Which worker gets which chunk, and when another worker is started.

use std::sync::Arc;

use super::worker::{InHand, Worker, WorkerState};
use super::{Action, Closing, Outgoing, Scheduler};
use crate::scheduler::chunk::Chunk;

/// Measured work that a busy worker may hold besides the running chunk: enough to bridge a round trip, little enough
/// that a late chunk is not far from free.
const IN_HAND_NS: f64 = 2_000_000.0;
/// Chunks in one hand.
const IN_HAND_CHUNKS: usize = 256;

impl Scheduler {
    /// Gives out what can be given out. Call it after each batch of events.
    pub fn dispatch(&mut self) {
        if !self.queue.is_empty() {
            self.feed_idle();
            if self.queue.has_urgent() {
                self.recall_for_urgent();
                self.feed_idle();
            }
            self.fill_hands();
        }
        self.share_out();
        self.split_running();
        self.dismiss_retiring();
        self.spawn_wanted();
        self.finish_closing();
    }

    pub(super) fn feed_idle(&mut self) {
        for worker in 0..self.workers.len() as u32 {
            if self.workers[worker as usize].is_idle() {
                self.feed(worker);
            }
        }
    }

    /// An urgent chunk waits: what bulk work is in hand and not begun comes back, to go behind it.
    fn recall_for_urgent(&mut self) {
        for (worker, slot) in (0..).zip(&mut self.workers) {
            while let Some(chunk) = slot.revoke_last(Chunk::gives_way) {
                self.queue.put_back(worker, chunk);
            }
        }
    }

    /// Tops up busy workers with chunks of known cost, the least loaded first.
    fn fill_hands(&mut self) {
        let mut open: Vec<u32> = (0..self.workers.len() as u32)
            .filter(|worker| self.workers[*worker as usize].takes_work())
            .collect();
        while let Some((place, worker)) = self.least_loaded(&open) {
            let room = IN_HAND_NS - self.workers[worker as usize].hand_ns().unwrap_or(IN_HAND_NS);
            let fits = self.queue.peek(worker).is_some_and(|chunk| {
                self.costs
                    .chunk_ns(chunk.definition.id, chunk.unsettled())
                    .is_some_and(|ns| ns <= room)
                    // One that has to be cut waits until the worker is idle.
                    && self.workers[worker as usize].room_for(chunk) >= chunk.unsettled()
            });
            if fits
                && self.workers[worker as usize].hand.len() < IN_HAND_CHUNKS
                && self.workers[worker as usize].has_free_slot()
                && self.queue.may_prefetch(worker)
                && let Some(chunk) = self.queue.pop(worker)
            {
                self.send(worker, chunk);
            } else {
                open.swap_remove(place);
            }
        }
    }

    fn least_loaded(&self, open: &[u32]) -> Option<(usize, u32)> {
        let load = |worker: u32| self.workers[worker as usize].hand_ns().unwrap_or(f64::INFINITY);
        open.iter().copied().enumerate().min_by(|(_, a), (_, b)| load(*a).total_cmp(&load(*b)))
    }

    /// An idle worker with nothing queued takes over half of what the fullest hand has not begun.
    fn share_out(&mut self) {
        for thief in 0..self.workers.len() as u32 {
            if !self.workers[thief as usize].is_idle() {
                continue;
            }
            let Some(victim) = self.workers.iter_mut().max_by_key(|slot| slot.spare()) else {
                return;
            };
            let taken = victim.give_up_half();
            if taken.is_empty() {
                return;
            }
            let is_ageless = self.workers[thief as usize].lifespan.is_none();
            if is_ageless && taken.iter().all(|chunk| chunk.lifespan.is_none()) {
                for chunk in taken {
                    self.send(thief, chunk);
                }
            } else {
                // What the thief may not run is for others.
                taken.into_iter().rev().for_each(|chunk| self.queue.push_front(chunk));
                self.feed_idle();
            }
        }
    }

    pub(super) fn send(&mut self, worker: u32, chunk: Chunk) {
        let slot = &mut self.workers[worker as usize];
        slot.age_by(&chunk);
        let (seq, first_task) = slot.number(chunk.unsettled());
        let brings_function = slot.known.insert(chunk.definition.id);
        if brings_function {
            let frame = Outgoing::Define(Arc::clone(&chunk.definition));
            self.actions.push(Action::Send { worker, frame });
        }
        if let Some(claims) = &slot.claims {
            claims.offer(seq);
        }
        let expected_ns = self.costs.chunk_ns(chunk.definition.id, chunk.unsettled());
        let frame = Outgoing::Chunk { seq, first_task, chunk: chunk.clone() };
        self.actions.push(Action::Send { worker, frame });
        if chunk.definition.is_forgotten() {
            self.forget_at(worker, chunk.definition.id);
        }
        let slot = &mut self.workers[worker as usize];
        let sent_from = chunk.from;
        for limit in chunk.limit.into_iter().chain(self.start_timeout.filter(|_| brings_function)) {
            slot.look_after(self.now, limit);
        }
        slot.hand.push_back(InHand {
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

    /// The absent workers to start: those that ordered chunks wait for, and one for each shared chunk that no idle
    /// or starting worker will take.
    pub(super) fn wanted_workers(&self) -> Vec<u32> {
        if matches!(self.closing, Closing::Terminate(_) | Closing::Done) {
            return Vec::new();
        }
        if self.workers.iter().all(|slot| slot.state != WorkerState::Absent) {
            return Vec::new();
        }
        let starting = self.starting_workers();
        let in_hand: usize = self.workers.iter().map(Worker::spare).sum();
        let waiting = self.queue.shared_count() + in_hand;
        let mut shared = waiting.saturating_sub(starting);
        let absent = (0..).zip(&self.workers).filter(|(_, slot)| slot.state == WorkerState::Absent);
        let mut absent: Vec<u32> = absent.map(|(worker, _)| worker).collect();
        // One that has to wait is the last choice.
        absent.sort_by_key(|worker| {
            let has_to_wait = self.workers[*worker as usize].row.not_before > self.now;
            (has_to_wait, self.shunned == Some(*worker))
        });
        absent
            .into_iter()
            .filter(|worker| {
                let has_own = self.queue.ordered_count(*worker) > 0;
                let takes_shared = !has_own && shared > 0;
                shared -= usize::from(takes_shared);
                has_own || takes_shared
            })
            .collect()
    }

    pub(super) fn starting_workers(&self) -> usize {
        let is_starting = |state| matches!(state, WorkerState::Spawning | WorkerState::Starting);
        self.workers.iter().filter(|slot| is_starting(slot.state)).count()
    }

    fn spawn_wanted(&mut self) {
        let mut left = self.starts_allowed();
        for worker in self.wanted_workers() {
            if left == 0 {
                return;
            }
            if self.start_time(worker) <= self.now {
                left -= 1;
                self.note_start(worker);
                self.workers[worker as usize].state = WorkerState::Spawning;
                // The task that was to have another worker is the first that one gets.
                self.shunned = None;
                self.actions.push(Action::Spawn { worker });
            }
        }
    }
}
