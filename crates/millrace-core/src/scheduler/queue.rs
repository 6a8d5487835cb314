//! The task queue. Urgent chunks go first, calls take turns.
//!
//! A worker gets the next urgent chunk first. Otherwise the calls take turns: a call whose chunks are bound to workers has its
//! own turn at each worker, and all other calls share one rotation. A worker takes from both in proportion to the number of calls
//! in them, so each call is served in its turn, however many chunks the others have.
//!
//! A steady stream of urgent chunks does not starve other calls: at each worker it leaves one turn in eight to a call that waits.
//! A turn counts as taken when its chunk has begun, not when it was sent. [`Queue::put_back`] restores it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::call_queue::CallQueue;
use super::chunk::{Chunk, PASSED_OVER_MAX, Turn};
use super::ids::{CallId, WorkerId};

/// Chunks that wait here, not at a worker.
#[derive(Debug)]
pub(super) struct Queue {
    urgent: CallQueue<Chunk>,
    /// Chunks that any worker may run.
    shared: Rotation,
    /// By worker.
    places: Vec<Place>,
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
        }
    }

    pub(super) fn push(&mut self, chunk: Chunk) {
        if is_urgent(&chunk) {
            self.urgent.push_back(chunk.call_id, chunk);
        } else {
            self.lane(&chunk).push_back(chunk);
        }
    }

    /// Puts back a chunk that a worker had, ahead of all others of its kind.
    pub(super) fn push_front(&mut self, chunk: Chunk) {
        if is_urgent(&chunk) {
            self.urgent.push_front(chunk.call_id, chunk);
        } else {
            self.lane(&chunk).push_front(chunk);
        }
    }

    /// Puts back a chunk that the worker has not begun, because an urgent one goes ahead of it. Its turn is still to come.
    pub(super) fn put_back(&mut self, worker_id: WorkerId, chunk: Chunk) {
        let place = &mut self.places[worker_id.index()];
        place.passed_over = place.passed_over.max(chunk.turn.passed_over);
        place.credit = chunk.turn.credit;
        let rotation = if chunk.only.is_some() { &mut place.ordered } else { &mut self.shared };
        rotation.put_back(chunk);
    }

    fn lane(&mut self, chunk: &Chunk) -> &mut VecDeque<Chunk> {
        let rotation = match chunk.only {
            Some(worker_id) => &mut self.places[worker_id.index()].ordered,
            None => &mut self.shared,
        };
        rotation.lane(chunk.call_id)
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
        let passed_over = self.places[worker_id.index()].passed_over;
        let keeps_its_place = passed_over == 0 || passed_over >= PASSED_OVER_MAX;
        keeps_its_place || matches!(self.next(worker_id), Some(Source::Urgent))
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
        let mut tasks = urgent.iter().map(|chunk| u64::from(chunk.unsettled())).sum::<u64>();
        tasks += self.shared.remove_call(call_id);
        tasks + self.places.iter_mut().map(|place| place.ordered.remove_call(call_id)).sum::<u64>()
    }

    /// Removes the chunks that only `worker` may run.
    pub(super) fn take_ordered(&mut self, worker_id: WorkerId) -> Vec<Chunk> {
        self.places[worker_id.index()].ordered.take_all().collect()
    }

    /// Empties the queue.
    pub(super) fn take_all(&mut self) -> Vec<Chunk> {
        let mut all: Vec<Chunk> = self.urgent.take_all().collect();
        for place in &mut self.places {
            all.extend(place.ordered.take_all());
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

    pub(super) fn is_empty(&self) -> bool {
        self.shared_count() == 0 && self.places.iter().all(|place| place.ordered.chunk_count == 0)
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
        lane.chunks.iter().map(|chunk| u64::from(chunk.unsettled())).sum()
    }

    /// Empties it. Ticket numbers go on, because chunks that come back keep their old ones.
    fn take_all(&mut self) -> impl Iterator<Item = Chunk> {
        self.turns.clear();
        self.chunk_count = 0;
        std::mem::take(&mut self.lanes).into_values().flat_map(|lane| lane.chunks)
    }
}
