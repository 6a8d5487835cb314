//! Which worker gets which chunk, and when another worker is started.

use std::sync::Arc;

use super::chunk::Chunk;
use super::flight::InFlight;
use super::ids::WorkerId;
use super::worker::WorkerState;
use super::workers::{IN_FLIGHT_NS_MAX, Kind};
use super::{Closing, Outgoing, Scheduler};

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
        self.load_in_replacements();
        self.request_exit_of_retiring();
        self.spawn_wanted();
        self.report_resizes();
        self.finish_closing();
    }

    /// Sends idle workers what there is for them, the lowest id first.
    pub(super) fn dispatch_to_idle(&mut self) {
        let mut from = WorkerId(0);
        while let Some(worker_id) = self.next_for(Kind::Idle, from) {
            self.dispatch_to(worker_id);
            from = worker_id.after();
        }
    }

    /// The first worker of the kind, from `from` on, for which a chunk waits.
    fn next_for(&self, kind: Kind, from: WorkerId) -> Option<WorkerId> {
        let workers = self.workers.of(kind);
        if self.queue.shared_count() > 0 {
            workers.next(from)
        } else {
            workers.next_in_both(self.queue.with_ordered(), from)
        }
    }

    /// An urgent chunk waits. Bulk work that is in flight and has not begun comes back and goes behind it.
    fn recall_for_urgent(&mut self) {
        let mut from = WorkerId(0);
        while let Some(worker_id) = self.workers.of(Kind::GivesWay).next(from) {
            let mut worker = self.workers.at(worker_id);
            while let Some(chunk) = worker.revoke_last(Chunk::gives_way) {
                self.queue.put_back(worker_id, chunk);
            }
            worker.is_passed_over = self.queue.is_passed_over(worker_id);
            from = worker_id.after();
        }
    }

    /// Sends busy workers more chunks of known cost, the least loaded worker first.
    fn prefetch(&mut self) {
        let mut behind = None;
        // Further on, workers have no room for any of the chunks that every worker may run.
        while let Some(room) = self.room_for_shared()
            && let Some((load, worker_id)) =
                self.workers.next_by_load(behind, self.queue.has_urgent())
            && load <= room
        {
            if !self.prefetch_to(worker_id) {
                behind = Some((load, worker_id));
            }
        }
        // They may have room for their own.
        for worker_id in self.workers.take_refillable(self.queue.with_ordered()) {
            while self.prefetch_to(worker_id) {}
        }
    }

    /// The load with which a worker has room for the smallest of the next chunks that every worker may run.
    fn room_for_shared(&self) -> Option<u64> {
        let cost = |chunk: &Chunk| self.costs.chunk_ns(chunk.definition.id, chunk.unsettled());
        let smallest = self.queue.shared_fronts().filter_map(cost).min()?;
        IN_FLIGHT_NS_MAX.checked_sub(smallest)
    }

    /// Sends the busy worker one more chunk if it has room for the next one.
    fn prefetch_to(&mut self, worker_id: WorkerId) -> bool {
        let worker = &self.workers[worker_id.index()];
        let room = worker.in_flight.expected_ns().and_then(|ns| IN_FLIGHT_NS_MAX.checked_sub(ns));
        let fits = self.workers.may_get_more(worker_id)
            && self.queue.peek(worker_id).is_some_and(|chunk| {
                self.costs
                    .chunk_ns(chunk.definition.id, chunk.unsettled())
                    .is_some_and(|ns| room.is_some_and(|room| ns <= room))
                    // A chunk that has to be cut waits until the worker is idle.
                    && worker.remaining_lifespan(chunk) >= chunk.unsettled()
            });
        if fits
            && self.queue.may_prefetch(worker_id)
            && let Some(chunk) = self.queue.pop(worker_id)
        {
            self.send(worker_id, chunk);
            return true;
        }
        false
    }

    /// An idle worker with nothing queued steals half of what the fullest worker has not begun.
    fn steal(&mut self) {
        let mut from = WorkerId(0);
        while let Some(thief) = self.workers.of(Kind::Idle).next(from) {
            from = thief.after();
            let Some(victim) = self.workers.fullest() else { return };
            let taken = self.workers.at(victim).steal_half();
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
        self.send_setup(worker_id, &chunk);
        let expected_ns = self.costs.chunk_ns(chunk.definition.id, chunk.unsettled());
        let is_forgotten = chunk.definition.is_forgotten().then_some(chunk.definition.id);
        let mut changing = self.workers.at(worker_id);
        let worker = &mut *changing;
        worker.apply_lifespan(&chunk);
        let (seq, first_task) = worker.number(chunk.unsettled());
        let brings_function =
            worker.known.insert(chunk.definition.id, Arc::clone(&chunk.definition)).is_none();
        if brings_function {
            self.knowing.insert((chunk.definition.id, worker_id));
            let frame = Outgoing::Define(Arc::clone(&chunk.definition));
            self.effects.frames.push((worker_id, frame));
        }
        if let Some(claims) = &worker.claims {
            claims.offer(seq);
        }
        let frame = Outgoing::Chunk { seq, first_task, chunk: chunk.clone() };
        self.effects.frames.push((worker_id, frame));
        let load_limit = self.start_timeout.filter(|_| brings_function);
        let setup_limit = chunk.setup_limit().filter(|_| !worker.has_set_up(&chunk));
        for limit in [chunk.limit, load_limit, setup_limit].into_iter().flatten() {
            worker.look_after(self.now, limit);
        }
        worker.is_passed_over = self.queue.is_passed_over(worker_id);
        worker.in_flight.push_back(InFlight {
            seq,
            first_task,
            sent_from: chunk.from,
            sent_at: self.now,
            chunk,
            is_cancelled: false,
            brings_function,
            kill_at: None,
            is_recalled: false,
            is_split: false,
            expected_ns,
            was_seen_begun: false,
        });
        drop(changing);
        if let Some(definition) = is_forgotten {
            self.forget_at(worker_id, definition);
        }
    }

    pub(super) fn starting_workers(&self) -> usize {
        self.workers.of(Kind::Starting).len()
    }

    /// Starts absent workers: one for each worker that ordered chunks wait for, and one for each shared chunk that no idle or
    /// starting worker will take. The lowest id comes first, and the worker to be avoided last.
    fn spawn_wanted(&mut self) {
        let is_over = matches!(self.closing, Closing::Terminate(_) | Closing::Done);
        let mut left = self.starts_allowed();
        let may_start = !is_over && left > 0 && !self.is_pausing();
        if !may_start || self.workers.of(Kind::Startable).is_empty() {
            return;
        }
        let mut shared = self.unserved();
        let avoided = self.avoid_worker;
        let mut from = WorkerId(0);
        while left > 0
            && let Some(worker_id) = self.next_to_start(shared, from, avoided)
        {
            let has_own = self.queue.ordered_count(worker_id) > 0;
            shared -= usize::from(!has_own);
            left -= 1;
            self.start(worker_id);
            from = worker_id.after();
        }
        if left > 0
            && let Some(worker_id) = avoided
            && self.workers.of(Kind::Startable).contains(worker_id)
            && (shared > 0 || self.queue.ordered_count(worker_id) > 0)
        {
            left -= 1;
            self.start(worker_id);
        }
        while left > 0
            && let Some(worker_id) = self.next_replacement()
        {
            left -= 1;
            self.start(worker_id);
        }
    }

    /// How many chunks wait that any worker may run and that no starting worker will take.
    fn unserved(&mut self) -> usize {
        let (queued, starting) = (self.queue.shared_count(), self.starting_workers());
        if queued + self.workers.stealable_count() <= starting {
            return 0;
        }
        (queued + self.workers.count_stealable()).saturating_sub(starting)
    }

    /// The next worker that may be started and for which something waits, except the one to be avoided.
    fn next_to_start(
        &self,
        shared: usize,
        from: WorkerId,
        avoided: Option<WorkerId>,
    ) -> Option<WorkerId> {
        let (startable, ordered) = (self.workers.of(Kind::Startable), self.queue.with_ordered());
        let next = |from| {
            if shared > 0 { startable.next(from) } else { startable.next_in_both(ordered, from) }
        };
        next(from).and_then(|id| if Some(id) == avoided { next(id.after()) } else { Some(id) })
    }

    fn start(&mut self, worker_id: WorkerId) {
        self.note_start(worker_id);
        let mut worker = self.workers.at(worker_id);
        worker.state = WorkerState::Spawning;
        worker.is_replacement = false;
        drop(worker);
        // The first worker that starts gets the task that avoids a worker.
        self.avoid_worker = None;
        self.effects.spawns.push(worker_id);
    }
}
