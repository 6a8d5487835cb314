//! The task queue. Urgent chunks go first, calls take turns.
//!
//! A worker gets the next urgent chunk first. Otherwise the calls take turns: a call whose chunks are bound to workers has its
//! own turn at each worker, and all other calls share one rotation. A worker takes from both in proportion to the number of calls
//! in them, so each call is served in its turn, however many chunks the others have.
//!
//! A steady stream of urgent chunks does not starve other calls: at each worker it leaves one turn in eight to a call that waits.
//! A turn counts as taken when its chunk has begun, not when it was sent. [`Queue::put_back`] restores it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::call_queue::CallQueue;
use super::chunk::{Chunk, PASSED_OVER_MAX, Turn};
use super::id_set::IdSet;
use super::ids::{CallId, WorkerId};

/// Chunks that wait here, not at a worker.
#[derive(Debug)]
pub(super) struct Queue {
    urgent: CallQueue<Chunk>,
    /// Chunks that any worker may run.
    shared: Rotation,
    /// By worker.
    places: Vec<Place>,
    /// Workers `0..wanted` are there.
    wanted: u32,
    /// The workers that have chunks for themselves.
    with_ordered: IdSet,
    /// The calls of these chunks, each with its workers.
    ordered_calls: BTreeSet<(CallId, WorkerId)>,
}

/// Chunks of calls that take turns.
#[derive(Debug, Default)]
struct Rotation {
    lanes: HashMap<CallId, Lane>,
    /// The calls in `lanes` by [`Lane::ticket`], next one first.
    turns: BTreeMap<u64, CallId>,
    next_ticket: u64,
    chunk_count: usize,
}

/// The chunks of one call, at least one.
#[derive(Debug)]
struct Lane {
    /// The lowest one is next.
    ticket: u64,
    chunks: VecDeque<Chunk>,
}

/// What one worker has of the queue for itself.
#[derive(Debug, Default)]
struct Place {
    /// Chunks that only this worker may run.
    ordered: Rotation,
    /// Turns that are due to `ordered`, in fractions of the number of calls in `shared`.
    credit: usize,
    /// Urgent chunks that went ahead of others here since one of these began.
    passed_over: u32,
}

/// Where the next chunk comes from.
#[derive(Debug, Clone, Copy)]
enum Source {
    Urgent,
    Ordered,
    Shared,
}

impl Queue {
    pub(super) fn new(worker_count: u32) -> Self {
        Self {
            urgent: CallQueue::new(),
            shared: Rotation::default(),
            places: (0..worker_count).map(|_| Place::default()).collect(),
            wanted: worker_count,
            with_ordered: IdSet::new(worker_count as usize),
            ordered_calls: BTreeSet::new(),
        }
    }

    /// From now on the workers are `0..count`. Every worker may run the chunks of the others.
    pub(super) fn resize(&mut self, count: u32) {
        let places = self.places.len().max(count as usize);
        self.places.resize_with(places, Place::default);
        self.with_ordered.grow(places);
        self.wanted = count;
        while let Some(worker_id) = self.with_ordered.next(WorkerId(count)) {
            self.take_ordered(worker_id).into_iter().for_each(|chunk| self.push(chunk));
        }
    }

    /// The chunk, for every worker if its own one is not there any more.
    fn housed(&self, chunk: Chunk) -> Chunk {
        Chunk { only: chunk.only.filter(|worker_id| worker_id.0 < self.wanted), ..chunk }
    }

    pub(super) fn push(&mut self, chunk: Chunk) {
        let chunk = self.housed(chunk);
        if is_urgent(&chunk) {
            self.urgent.push_back(chunk.call_id, chunk);
        } else {
            self.lane(&chunk).push_back(chunk);
        }
    }

    /// Puts back a chunk that a worker had, ahead of all others of its kind.
    pub(super) fn push_front(&mut self, chunk: Chunk) {
        let chunk = self.housed(chunk);
        if is_urgent(&chunk) {
            self.urgent.push_front(chunk.call_id, chunk);
        } else {
            self.lane(&chunk).push_front(chunk);
        }
    }

    /// Puts back a chunk that the worker has not begun, because an urgent one goes ahead of it. Its turn is still to come.
    pub(super) fn put_back(&mut self, worker_id: WorkerId, chunk: Chunk) {
        let chunk = self.housed(chunk);
        let place = &mut self.places[worker_id.index()];
        place.passed_over = place.passed_over.max(chunk.turn.passed_over);
        place.credit = chunk.turn.credit;
        self.rotation(&chunk).put_back(chunk);
    }

    fn lane(&mut self, chunk: &Chunk) -> &mut VecDeque<Chunk> {
        self.rotation(chunk).lane(chunk.call_id)
    }

    /// Where the chunk belongs. The caller adds it.
    fn rotation(&mut self, chunk: &Chunk) -> &mut Rotation {
        let Some(worker_id) = chunk.only else { return &mut self.shared };
        self.with_ordered.set(worker_id, true);
        self.ordered_calls.insert((chunk.call_id, worker_id));
        &mut self.places[worker_id.index()].ordered
    }

    /// Chunks of the call have left the worker's own ones.
    fn note_left(&mut self, call_id: CallId, worker_id: WorkerId) {
        let ordered = &self.places[worker_id.index()].ordered;
        self.with_ordered.set(worker_id, ordered.chunk_count > 0);
        if !ordered.lanes.contains_key(&call_id) {
            self.ordered_calls.remove(&(call_id, worker_id));
        }
    }

    /// The chunk that [`Self::pop`] would give to `worker`.
    pub(super) fn peek(&self, worker_id: WorkerId) -> Option<&Chunk> {
        match self.next(worker_id)? {
            Source::Urgent => self.urgent.front(),
            Source::Ordered => self.places[worker_id.index()].ordered.front(),
            Source::Shared => self.shared.front(),
        }
    }

    /// Whether the worker may get its next chunk while it is busy. If urgent chunks have passed that chunk and will pass it
    /// again, sending it early would only keep it from other workers.
    pub(super) fn may_prefetch(&self, worker_id: WorkerId) -> bool {
        !self.is_passed_over(worker_id) || matches!(self.next(worker_id), Some(Source::Urgent))
    }

    /// Whether urgent chunks have passed the worker's next chunk and will pass it again.
    pub(super) fn is_passed_over(&self, worker_id: WorkerId) -> bool {
        (1..PASSED_OVER_MAX).contains(&self.places[worker_id.index()].passed_over)
    }

    pub(super) fn pop(&mut self, worker_id: WorkerId) -> Option<Chunk> {
        let source = self.next(worker_id)?;
        let shared_calls = self.shared.turns.len();
        let place = &mut self.places[worker_id.index()];
        let ordered_calls = place.ordered.turns.len();
        if matches!(source, Source::Urgent) {
            place.passed_over += u32::from(shared_calls + ordered_calls > 0);
            return self.urgent.pop_front();
        }
        let credit = place.credit;
        let rotation = if matches!(source, Source::Ordered) {
            place.credit = place.credit.saturating_sub(shared_calls);
            &mut place.ordered
        } else {
            // Bounded: calls may have ended since credit was given.
            place.credit = (place.credit + ordered_calls).min(shared_calls + ordered_calls);
            &mut self.shared
        };
        let (mut chunk, ticket) = rotation.pop()?;
        let passed_over = std::mem::take(&mut place.passed_over);
        chunk.turn = Turn { ticket, credit, passed_over };
        if matches!(source, Source::Ordered) {
            self.note_left(chunk.call_id, worker_id);
        }
        Some(chunk)
    }

    fn next(&self, worker_id: WorkerId) -> Option<Source> {
        let place = &self.places[worker_id.index()];
        let bulk = match (place.ordered.turns.len(), self.shared.turns.len()) {
            (0, 0) => None,
            (_, 0) => Some(Source::Ordered),
            (0, _) => Some(Source::Shared),
            (_, shared) if place.credit >= shared => Some(Source::Ordered),
            _ => Some(Source::Shared),
        };
        let is_due = bulk.is_some() && place.passed_over >= PASSED_OVER_MAX;
        if self.urgent.is_empty() || is_due { bulk } else { Some(Source::Urgent) }
    }

    /// Removes all chunks of a call. Returns how many tasks they had.
    pub(super) fn remove_call(&mut self, call_id: CallId) -> u64 {
        let urgent = self.urgent.remove_call(call_id);
        let mut tasks = urgent.iter().map(Chunk::open_tasks).sum::<u64>();
        tasks += self.shared.remove_call(call_id);
        let all = (call_id, WorkerId(0))..=(call_id, WorkerId(u32::MAX));
        let ordered: Vec<_> = self.ordered_calls.range(all).copied().collect();
        for (_, worker_id) in ordered {
            tasks += self.places[worker_id.index()].ordered.remove_call(call_id);
            self.note_left(call_id, worker_id);
        }
        tasks
    }

    /// Removes the chunks for which a worker has failed to set itself up. Returns how many tasks they had. All chunks of a call
    /// have one setup.
    pub(super) fn remove_failed(&mut self) -> u64 {
        let ordered = self.places.iter().flat_map(|place| place.ordered.lanes.values());
        let lanes = self.shared.lanes.values().chain(ordered);
        let chunks = lanes.filter_map(|lane| lane.chunks.front()).chain(self.urgent.iter());
        let failed = chunks.filter(|chunk| chunk.has_failed_setup());
        let calls: BTreeSet<CallId> = failed.map(|chunk| chunk.call_id).collect();
        calls.into_iter().map(|call_id| self.remove_call(call_id)).sum()
    }

    /// Removes the chunks that only `worker` may run.
    pub(super) fn take_ordered(&mut self, worker_id: WorkerId) -> Vec<Chunk> {
        let taken: Vec<Chunk> = self.places[worker_id.index()].ordered.take_all().collect();
        for chunk in &taken {
            self.note_left(chunk.call_id, worker_id);
        }
        taken
    }

    /// Empties the queue.
    pub(super) fn take_all(&mut self) -> Vec<Chunk> {
        let mut all: Vec<Chunk> = self.urgent.take_all().collect();
        while let Some(worker_id) = self.with_ordered.next(WorkerId(0)) {
            all.extend(self.take_ordered(worker_id));
        }
        all.extend(self.shared.take_all());
        all
    }

    pub(super) fn has_urgent(&self) -> bool {
        !self.urgent.is_empty()
    }

    pub(super) fn urgent_count(&self) -> usize {
        self.urgent.len()
    }

    /// Chunks that any worker may run.
    pub(super) fn shared_count(&self) -> usize {
        self.urgent.len() + self.shared.chunk_count
    }

    /// Chunks that only `worker` may run.
    pub(super) fn ordered_count(&self, worker_id: WorkerId) -> usize {
        self.places[worker_id.index()].ordered.chunk_count
    }

    /// The workers that have chunks for themselves.
    pub(super) fn with_ordered(&self) -> &IdSet {
        &self.with_ordered
    }

    /// The chunks that are next when it is the turn of chunks for any worker: the urgent one, and the other one.
    pub(super) fn shared_fronts(&self) -> impl Iterator<Item = &Chunk> {
        self.urgent.front().into_iter().chain(self.shared.front())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shared_count() == 0 && self.with_ordered.is_empty()
    }

    /// Compares what is kept of ordered chunks with what a pass over all workers gives.
    #[cfg(all(test, not(loom)))]
    pub(super) fn check(&self) {
        let mut calls = BTreeSet::new();
        for (worker_id, place) in WorkerId::all().zip(&self.places) {
            let count: usize = place.ordered.lanes.values().map(|lane| lane.chunks.len()).sum();
            assert_eq!(count, place.ordered.chunk_count);
            assert!(
                count == 0 || worker_id.0 < self.wanted,
                "a chunk waits for a worker that is not there"
            );
            assert_eq!(self.with_ordered.contains(worker_id), count > 0);
            calls.extend(place.ordered.lanes.keys().map(|call_id| (*call_id, worker_id)));
        }
        assert_eq!(calls, self.ordered_calls);
    }
}

/// Whether the chunk goes ahead of all calls. One that is bound to a worker takes turns.
fn is_urgent(chunk: &Chunk) -> bool {
    chunk.only.is_none() && chunk.is_urgent()
}

impl Rotation {
    /// The chunks of a call, for one to be added.
    fn lane(&mut self, call_id: CallId) -> &mut VecDeque<Chunk> {
        self.chunk_count += 1;
        let Self { lanes, turns, next_ticket, .. } = self;
        let lane = lanes.entry(call_id).or_insert_with(|| {
            *next_ticket += 1;
            turns.insert(*next_ticket, call_id);
            Lane { ticket: *next_ticket, chunks: VecDeque::new() }
        });
        &mut lane.chunks
    }

    fn front(&self) -> Option<&Chunk> {
        let (_, call_id) = self.turns.first_key_value()?;
        self.lanes.get(call_id)?.chunks.front()
    }

    /// The next chunk, and the ticket that its call had.
    fn pop(&mut self) -> Option<(Chunk, u64)> {
        let (&ticket, &call_id) = self.turns.first_key_value()?;
        let lane = self.lanes.get_mut(&call_id)?;
        let chunk = lane.chunks.pop_front()?;
        if lane.chunks.is_empty() {
            self.lanes.remove(&call_id);
            self.turns.remove(&ticket);
        } else if self.turns.len() > 1 {
            self.turns.remove(&ticket);
            self.next_ticket += 1;
            lane.ticket = self.next_ticket;
            self.turns.insert(lane.ticket, call_id);
        }
        self.chunk_count -= 1;
        Some((chunk, ticket))
    }

    /// Puts a chunk of [`Self::pop`] back: its call is next again, as it was then.
    fn put_back(&mut self, chunk: Chunk) {
        let (call_id, ticket) = (chunk.call_id, chunk.turn.ticket);
        self.lane(call_id).push_front(chunk);
        if let Some(lane) = self.lanes.get_mut(&call_id).filter(|lane| ticket < lane.ticket) {
            self.turns.remove(&lane.ticket);
            self.turns.insert(ticket, call_id);
            lane.ticket = ticket;
        }
    }

    fn remove_call(&mut self, call_id: CallId) -> u64 {
        let Some(lane) = self.lanes.remove(&call_id) else { return 0 };
        self.chunk_count -= lane.chunks.len();
        self.turns.remove(&lane.ticket);
        lane.chunks.iter().map(Chunk::open_tasks).sum()
    }

    /// Empties it. Ticket numbers go on, because chunks that come back keep their old ones.
    fn take_all(&mut self) -> impl Iterator<Item = Chunk> {
        self.turns.clear();
        self.chunk_count = 0;
        std::mem::take(&mut self.lanes).into_values().flat_map(|lane| lane.chunks)
    }
}
