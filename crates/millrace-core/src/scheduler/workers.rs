//! The list of workers, and what the scheduler looks up in it.
//!
//! No event passes over all workers: each question ("who is idle?", "what is the next deadline?") has an index here. A worker is changed
//! only through [`Workers::at`]. When the change ends, [`Workers::note`] compares what the indexes have of the worker with what is
//! true now, and changes those that differ. So the cost of an event depends on the workers that it changes, not on how many there
//! are.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut, Index};
use std::time::Duration;

use super::flight::Move;
use super::id_set::IdSet;
use super::ids::{CallId, WorkerId};
use super::worker::{Worker, WorkerState};

/// Most nanoseconds of measured work that a busy worker may have besides its running chunk. It is enough to bridge a round trip, and
/// little enough that a late chunk could be almost free.
pub(super) const IN_FLIGHT_NS_MAX: u64 = 2_000_000;
/// Most chunks in flight at one worker.
const IN_FLIGHT_CHUNKS_MAX: usize = 256;
const NO_WORKER: WorkerId = WorkerId(u32::MAX);

/// The sets of workers. Each is a bit of [`Facts::kinds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It takes work and has none.
    Idle,
    /// It is ready and nothing is in flight. It may be retiring.
    Resting,
    /// It is resting, and nobody has noted since when. That is noted only if idle workers exit.
    RestsUnnoted,
    /// It is resting and has to exit.
    Done,
    /// It is ready, and no end of it is known.
    AtWork,
    /// It has no process, and is not pausing.
    Startable,
    /// It has a process, or one is being started.
    Present,
    /// Its process is being started, or is not ready.
    Starting,
    /// As [`Self::Starting`], and no kill was sent.
    StartsUnharmed,
    /// A chunk is in flight.
    Busy,
    /// A task is in flight.
    Running,
    /// Its last chunk in flight may be taken back for an urgent one.
    GivesWay,
    /// An urgent chunk waits in flight, as far as anybody has seen.
    HoldsUp,
    /// Something other than an urgent chunk that waits is at the front, as far as anybody has seen.
    Taken,
    /// It is free after the task that it runs.
    Yielding,
    /// A chunk in flight may be split.
    MaySplit,
    /// It has not begun such a chunk that was sent to it.
    Awaited,
    /// A chunk in flight concerns a caller.
    HasTask,
    /// It may be started even if nothing waits for it.
    Replaced,
    /// It is idle and has functions to load.
    Loads,
}

const KINDS: usize = Kind::Loads as usize + 1;

/// What the indexes have of a worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Facts {
    /// A bit for each [`Kind`].
    kinds: u32,
    /// When something has to be done about it.
    deadline: Option<Duration>,
    /// Until when it must not be started, while it has no process.
    pause: Option<Duration>,
    /// When its running chunk is looked at next, if a worker is idle then.
    look: Option<Duration>,
    /// Chunks that another worker may take over, as far as anybody has seen.
    stealable: usize,
    /// If it may get more work while it is busy: whether urgent chunks have passed its next one, and the nanoseconds that it has.
    load: Option<(bool, u64)>,
}

/// Workers in the order of some value.
type Order<T> = BTreeSet<(T, WorkerId)>;

/// All workers, by id.
#[derive(Debug)]
pub(super) struct Workers {
    /// All that there ever were.
    list: Vec<Worker>,
    /// Workers `0..wanted` are there. The others are not started.
    wanted: usize,
    facts: Vec<Facts>,
    kinds: [IdSet; KINDS],
    /// Those whose load, or right to more work, has changed since somebody asked.
    refillable: IdSet,
    deadlines: Order<Duration>,
    pauses: Order<Duration>,
    looks: Order<Duration>,
    stealable: Order<usize>,
    /// The sum over `stealable`.
    stealable_count: usize,
    /// By load. The second one has those whose next chunk urgent ones have passed.
    loads: [Order<u64>; 2],
    /// How many chunks of a call are in flight at a worker.
    calls: BTreeMap<(CallId, WorkerId), u32>,
    idle_timeout: Option<Duration>,
    now: Duration,
}

/// A worker that is being changed. Afterwards the indexes are brought up to date.
#[derive(Debug)]
pub(super) struct Changing<'w> {
    workers: &'w mut Workers,
    id: WorkerId,
}

impl Deref for Changing<'_> {
    type Target = Worker;

    fn deref(&self) -> &Worker {
        &self.workers.list[self.id.index()]
    }
}

impl DerefMut for Changing<'_> {
    fn deref_mut(&mut self) -> &mut Worker {
        &mut self.workers.list[self.id.index()]
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.workers.note(self.id);
    }
}

impl Index<usize> for Workers {
    type Output = Worker;

    fn index(&self, index: usize) -> &Worker {
        &self.list[index]
    }
}

impl<'w> IntoIterator for &'w Workers {
    type Item = &'w Worker;
    type IntoIter = std::slice::Iter<'w, Worker>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl Workers {
    /// Workers `0..count`, none of which has a process.
    pub(super) fn new(count: u32) -> Self {
        let count = count as usize;
        let mut workers = Self {
            list: (0..count).map(|_| Worker::default()).collect(),
            wanted: count,
            facts: vec![Facts::default(); count],
            kinds: std::array::from_fn(|_| IdSet::new(count)),
            refillable: IdSet::new(count),
            deadlines: Order::new(),
            pauses: Order::new(),
            looks: Order::new(),
            stealable: Order::new(),
            stealable_count: 0,
            loads: [Order::new(), Order::new()],
            calls: BTreeMap::new(),
            idle_timeout: None,
            now: Duration::ZERO,
        };
        WorkerId::all().take(count).for_each(|id| workers.note(id));
        workers
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// How many workers there are.
    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }

    /// Whether the worker is one of them.
    pub(super) fn is_wanted(&self, id: WorkerId) -> bool {
        id.index() < self.wanted
    }

    /// From now on the workers are `0..count`.
    pub(super) fn resize(&mut self, count: u32) {
        let (before, count) = (self.wanted, count as usize);
        let places = self.list.len().max(count);
        self.list.resize_with(places, Worker::default);
        self.facts.resize(places, Facts::default());
        self.kinds.iter_mut().chain([&mut self.refillable]).for_each(|set| set.grow(places));
        self.wanted = count;
        let changed = before.min(count)..before.max(count);
        WorkerId::all().take(changed.end).skip(changed.start).for_each(|id| self.note(id));
    }

    /// Ids of all workers that there ever were. For what is about all of them: the end of the pool, and what a user asks for.
    pub(super) fn ids(&self) -> impl Iterator<Item = WorkerId> + use<> {
        WorkerId::all().take(self.list.len())
    }

    /// Workers that are idle for this long exit.
    pub(super) fn set_idle_timeout(&mut self, timeout: Option<Duration>) {
        self.idle_timeout = timeout;
        self.ids().for_each(|id| self.note(id));
    }

    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        self.idle_timeout
    }

    /// The worker, to be changed.
    pub(super) fn at(&mut self, id: WorkerId) -> Changing<'_> {
        Changing { workers: self, id }
    }

    /// Takes the worker out. There is no process in its place.
    pub(super) fn take(&mut self, id: WorkerId) -> Worker {
        let mut worker = std::mem::take(&mut self.list[id.index()]);
        self.note_moves(id, worker.in_flight.moves.drain(..));
        let left = worker.in_flight.iter().map(|sent| Move::Left(sent.chunk.call_id));
        self.note_moves(id, left);
        self.note(id);
        worker
    }

    /// Time has passed: pauses may be over.
    pub(super) fn advance(&mut self, now: Duration) {
        self.now = now;
        while let Some((until, id)) = self.pauses.first().copied()
            && until <= now
        {
            self.note(id);
        }
    }

    /// The workers of a kind.
    pub(super) fn of(&self, kind: Kind) -> &IdSet {
        &self.kinds[kind as usize]
    }

    /// The first deadline of all workers.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// The workers about which something may have to be done now.
    pub(super) fn due(&self, now: Duration) -> Vec<WorkerId> {
        until(&self.deadlines, now).collect()
    }

    /// The first time at which a running chunk is worth a look.
    pub(super) fn next_look(&self) -> Option<Duration> {
        self.looks.first().map(|(at, _)| *at)
    }

    /// The workers whose running chunk is worth a look now.
    pub(super) fn due_looks(&self, now: Duration) -> Vec<WorkerId> {
        until(&self.looks, now).collect()
    }

    /// Workers without a process that must not be started yet, the first one first.
    pub(super) fn pausing(&self) -> impl Iterator<Item = (Duration, WorkerId)> {
        self.pauses.iter().copied()
    }

    /// How many chunks idle workers could take over, as far as anybody has seen.
    pub(super) fn stealable_count(&self) -> usize {
        self.stealable_count
    }

    /// How many chunks idle workers could take over. It looks at the workers that may have some.
    pub(super) fn count_stealable(&mut self) -> usize {
        let ids: Vec<_> = self.stealable.iter().map(|(_, id)| *id).collect();
        for id in ids {
            self.at(id).look_at_begun();
        }
        self.stealable_count
    }

    /// The worker of which others could take most, if there is one. The last one of them.
    pub(super) fn fullest(&mut self) -> Option<WorkerId> {
        let mut fullest = (1, WorkerId(0));
        let mut below = (usize::MAX, NO_WORKER);
        while let Some(next) = self.stealable.range(..below).next_back().copied()
            && next >= fullest
        {
            below = next;
            let (_, id) = next;
            self.at(id).look_at_begun();
            fullest = fullest.max((self.list[id.index()].in_flight.stealable(), id));
            if fullest == next {
                return Some(id);
            }
        }
        let (count, id) = fullest;
        (self.facts[id.index()].stealable == count).then_some(id)
    }

    /// The least loaded worker that comes behind `behind` in that order and may get more work. Only with `passed_over` it may be
    /// one whose next chunk urgent ones have passed.
    pub(super) fn next_by_load(
        &self,
        behind: Option<(u64, WorkerId)>,
        passed_over: bool,
    ) -> Option<(u64, WorkerId)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = behind.map_or(Unbounded, Excluded);
        let next = |order: &Order<u64>| order.range((from, Unbounded)).next().copied();
        let [usual, others] = &self.loads;
        next(usual).into_iter().chain(next(others).filter(|_| passed_over)).min()
    }

    /// Whether the busy worker may get more work of known cost.
    pub(super) fn may_get_more(&self, id: WorkerId) -> bool {
        self.facts[id.index()].load.is_some()
    }

    /// The workers that may get more of their own work since the last call, and are in `among`.
    pub(super) fn take_refillable(&mut self, among: &IdSet) -> Vec<WorkerId> {
        let mut ids = Vec::new();
        let mut from = WorkerId::default();
        while let Some(id) = self.refillable.next_in_both(among, from) {
            self.refillable.set(id, false);
            ids.push(id);
            from = id.after();
        }
        ids
    }

    /// The worker may have got work of its own.
    pub(super) fn mark_refillable(&mut self, id: WorkerId) {
        self.refillable.set(id, self.facts[id.index()].load.is_some());
    }

    /// The workers at which chunks of the call are in flight.
    pub(super) fn of_call(&self, call_id: CallId) -> Vec<WorkerId> {
        let all = (call_id, WorkerId::default())..=(call_id, NO_WORKER);
        self.calls.range(all).map(|((_, id), _)| *id).collect()
    }

    /// Brings the indexes up to date with the worker.
    fn note(&mut self, id: WorkerId) {
        let worker = &mut self.list[id.index()];
        if !worker.in_flight.moves.is_empty() {
            worker.next_look = Some(Duration::ZERO);
            let mut moves = std::mem::take(&mut worker.in_flight.moves);
            self.note_moves(id, moves.drain(..));
            // It keeps its memory.
            self.list[id.index()].in_flight.moves = moves;
        }
        let is_wanted = self.is_wanted(id);
        let worker = &mut self.list[id.index()];
        if !worker.is_resting() {
            worker.idle_since = None;
        }
        let is = worker.facts(self.now, self.idle_timeout, is_wanted);
        let was = std::mem::replace(&mut self.facts[id.index()], is);
        if was == is {
            return;
        }
        let mut changed = was.kinds ^ is.kinds;
        while changed != 0 {
            let kind = changed.trailing_zeros();
            self.kinds[kind as usize].set(id, is.kinds & 1 << kind != 0);
            changed &= changed - 1;
        }
        reorder(&mut self.deadlines, id, was.deadline, is.deadline);
        reorder(&mut self.pauses, id, was.pause, is.pause);
        reorder(&mut self.looks, id, was.look, is.look);
        let some = |count: usize| Some(count).filter(|count| *count > 0);
        reorder(&mut self.stealable, id, some(was.stealable), some(is.stealable));
        self.stealable_count = self.stealable_count - was.stealable + is.stealable;
        if was.load != is.load {
            for (is_passed_over, order) in [false, true].into_iter().zip(&mut self.loads) {
                let of = |facts: Facts| {
                    facts.load.filter(|(passed, _)| *passed == is_passed_over).map(|(_, ns)| ns)
                };
                reorder(order, id, of(was), of(is));
            }
            self.refillable.set(id, is.load.is_some());
        }
    }

    fn note_moves(&mut self, id: WorkerId, moves: impl Iterator<Item = Move>) {
        for moved in moves {
            match moved {
                Move::Came(call_id) => *self.calls.entry((call_id, id)).or_default() += 1,
                Move::Left(call_id) => {
                    if let Some(count) = self.calls.get_mut(&(call_id, id)) {
                        *count -= 1;
                        if *count == 0 {
                            self.calls.remove(&(call_id, id));
                        }
                    }
                }
            }
        }
    }
}

/// The ids in the order up to `now`.
fn until(order: &Order<Duration>, now: Duration) -> impl Iterator<Item = WorkerId> {
    order.iter().take_while(move |(at, _)| *at <= now).map(|(_, id)| *id)
}

fn reorder<T: Ord + Copy>(order: &mut Order<T>, id: WorkerId, was: Option<T>, is: Option<T>) {
    if was == is {
        return;
    }
    if let Some(was) = was {
        order.remove(&(was, id));
    }
    if let Some(is) = is {
        order.insert((is, id));
    }
}

impl Worker {
    fn facts(&self, now: Duration, idle_timeout: Option<Duration>, is_wanted: bool) -> Facts {
        let (flight, sums) = (&self.in_flight, self.in_flight.sums());
        let is_absent = self.state == WorkerState::Absent;
        if is_absent && !is_wanted {
            return Facts::default();
        }
        let pause = Some(self.streak.not_before).filter(|at| is_absent && *at > now);
        if is_absent {
            let is_replaced = u32::from(self.is_replacement) << Kind::Replaced as u32;
            let kinds = if pause.is_none() { 1 << Kind::Startable as u32 | is_replaced } else { 0 };
            return Facts { kinds, pause, ..Facts::default() };
        }
        let (takes_work, is_resting) = (self.takes_work(), self.is_resting());
        let is_starting = matches!(self.state, WorkerState::Spawning | WorkerState::Starting);
        let is_busy = !flight.is_empty();
        let of_kinds = [
            (Kind::Idle, takes_work && !is_busy),
            (Kind::Resting, is_resting),
            (Kind::RestsUnnoted, is_resting && self.idle_since.is_none() && idle_timeout.is_some()),
            (Kind::Done, is_resting && (self.is_retiring || self.is_spent())),
            (Kind::AtWork, self.is_at_work()),
            (Kind::Present, true),
            (Kind::Starting, is_starting),
            (Kind::StartsUnharmed, is_starting && !self.is_dying),
            (Kind::Busy, is_busy),
            (Kind::Running, sums.tasks > 0),
            (
                Kind::GivesWay,
                flight.back().is_some_and(|sent| {
                    sent.chunk.gives_way() && !sent.is_cancelled && !sent.was_seen_begun
                }),
            ),
            (Kind::HoldsUp, sums.urgent_waiting > 0),
            (
                Kind::Taken,
                is_wanted
                    && flight
                        .front()
                        .is_some_and(|sent| !sent.chunk.is_urgent() || sent.was_seen_begun),
            ),
            (Kind::Yielding, takes_work && is_busy && sums.not_split == 0),
            (Kind::MaySplit, takes_work && sums.may_be_split > 0),
            (Kind::Awaited, takes_work && sums.may_be_split > 0 && self.is_awaited),
            (Kind::HasTask, sums.of_callers > 0),
            (Kind::Loads, takes_work && !is_busy && !self.to_load.is_empty()),
        ];
        let bits = of_kinds.into_iter().map(|(kind, is)| u32::from(is) << kind as u32);
        let idle_ends = self.idle_since.zip(idle_timeout).map(|(since, timeout)| since + timeout);
        let deadlines = [self.leave_by, self.ready_by, self.look_at, idle_ends];
        let may_get_more =
            takes_work && is_busy && flight.len() < IN_FLIGHT_CHUNKS_MAX && self.has_free_slot();
        Facts {
            kinds: bits.sum(),
            deadline: deadlines.into_iter().flatten().min(),
            pause,
            look: self.next_look.filter(|_| takes_work && sums.may_be_split > 0),
            stealable: flight.stealable(),
            load: flight
                .expected_ns()
                .filter(|ns| may_get_more && *ns <= IN_FLIGHT_NS_MAX)
                .map(|ns| (self.is_passed_over, ns)),
        }
    }
}

/// The indexes as a pass over all workers finds them, for the tests.
#[cfg(all(test, not(loom)))]
impl Workers {
    /// Compares each index and each sum with what a pass over all workers gives.
    pub(super) fn check(&self) {
        let mut fresh = Self::new(self.list.len() as u32);
        fresh.wanted = self.wanted;
        fresh.kinds.iter_mut().for_each(|kind| *kind = IdSet::new(self.list.len()));
        fresh.refillable = self.refillable.clone();
        let mut calls = BTreeMap::new();
        for (id, worker) in WorkerId::all().zip(&self.list) {
            let facts = worker.facts(self.now, self.idle_timeout, self.is_wanted(id));
            assert_eq!(facts, self.facts[id.index()], "worker {id}: {worker:?}");
            assert_eq!(worker.in_flight.recount(), worker.in_flight.counted(), "worker {id}");
            assert!(worker.in_flight.moves.is_empty());
            assert!(worker.is_resting() || worker.idle_since.is_none());
            for kind in (0..KINDS as u32).filter(|kind| facts.kinds & 1 << kind != 0) {
                fresh.kinds[kind as usize].set(id, true);
            }
            fresh.deadlines.extend(facts.deadline.map(|at| (at, id)));
            fresh.pauses.extend(facts.pause.map(|at| (at, id)));
            fresh.looks.extend(facts.look.map(|at| (at, id)));
            fresh.stealable.extend(Some((facts.stealable, id)).filter(|(count, _)| *count > 0));
            fresh.stealable_count += facts.stealable;
            if let Some((is_passed_over, ns)) = facts.load {
                fresh.loads[usize::from(is_passed_over)].insert((ns, id));
            }
            for sent in &worker.in_flight {
                *calls.entry((sent.chunk.call_id, id)).or_insert(0) += 1;
            }
        }
        assert_eq!(self.kinds, fresh.kinds);
        assert_eq!(self.deadlines, fresh.deadlines);
        assert_eq!(self.pauses, fresh.pauses);
        assert_eq!(self.looks, fresh.looks);
        assert_eq!(
            (&self.stealable, self.stealable_count),
            (&fresh.stealable, fresh.stealable_count)
        );
        assert_eq!(self.loads, fresh.loads);
        assert_eq!(self.calls, calls);
    }
}
