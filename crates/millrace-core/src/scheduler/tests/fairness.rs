//! No call waits for the end of others: each gets its turn after a bounded number of turns of others.

use std::collections::HashMap;

use proptest::prelude::*;

use super::ledger::Fate;
use super::process::FINE;
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::{Chunk, ChunkFlags, WorkerId};

const URGENT: u32 = ChunkFlags::URGENT;

fn only(worker_id: u32, chunk: Chunk) -> Chunk {
    Chunk { only: Some(WorkerId(worker_id)), ..chunk }
}

/// Lets the worker run one task to its end; whose it is.
fn turn(world: &mut World, worker_id: u32) -> u32 {
    let (call_id, _, _) = world.run_to_task(worker_id);
    world.step(worker_id, FINE);
    world.process(worker_id).flush();
    world.deliver(worker_id);
    call_id
}

/// The calls of the next turns of worker 0.
fn turns(world: &mut World, count: usize) -> Vec<u32> {
    (0..count).map(|_| turn(world, 0)).collect()
}

#[test]
fn ordered_and_shared_calls_take_turns() {
    let mut world = World::started(1, None);
    world.submit_all((0..3).flat_map(|id| [only(0, chunk(1, id, 1)), chunk(2, id, 1)]));
    let ran = turns(&mut world, 6);
    assert!(ran == [1, 2, 1, 2, 1, 2] || ran == [2, 1, 2, 1, 2, 1], "{ran:?}");
    world.end();
}

#[test]
fn two_ordered_calls_take_turns_at_every_worker() {
    let mut world = World::started(2, None);
    let chunks = |call_id| (0..8).map(move |id| only(id % 2, chunk(call_id, id, 1)));
    world.submit_all(chunks(1).chain(chunks(2)));
    // Workers that ask in turn do not each serve one of the calls alone.
    let ran: Vec<_> = (0..8).map(|at| (at % 2, turn(&mut world, at % 2))).collect();
    for worker_id in 0..2 {
        let of_worker = |call_id| ran.iter().filter(|turn| **turn == (worker_id, call_id)).count();
        assert_eq!((of_worker(1), of_worker(2)), (2, 2), "{ran:?}");
    }
    world.end();
}

#[test]
fn each_of_many_calls_has_as_many_turns_as_the_ordered_one() {
    let mut world = World::started(1, None);
    world.submit_all((0..20).map(|id| only(0, chunk(1, id, 1))));
    for call_id in 2..5 {
        world.submit_all((0..20).map(|id| chunk(call_id, id, 1)));
    }
    let ran = turns(&mut world, 20);
    for call_id in 1..5 {
        let count = ran.iter().filter(|ran| **ran == call_id).count();
        assert!((4..=6).contains(&count), "call {call_id}: {ran:?}");
    }
    world.end();
}

#[test]
fn urgent_chunks_leave_one_turn_in_eight_to_others() {
    for ordered in [None, Some(WorkerId(0))] {
        let mut world = World::started(1, None);
        let urgent = (0..40).map(|id| flagged(2, id, 1, URGENT));
        let others = (0..3).map(|id| Chunk { only: ordered, ..chunk(1, id, 1) });
        world.submit_all(urgent.chain(others));
        let ran = turns(&mut world, 24);
        assert_eq!(ran.iter().filter(|call_id| **call_id == 1).count(), 3, "{ran:?}");
        world.end();
    }
}

/// Each time the chunk is sent, and taken back for an urgent one before the worker has begun it.
#[test]
fn a_chunk_that_gave_way_before_it_began_is_not_passed_over_forever() {
    for cost_us in [None, Some(1)] {
        let mut world = World::started(1, cost_us);
        world.submit_all((0..3).map(|id| chunk(1, id, 1)));
        let ran: Vec<_> = (0..24)
            .map(|id| {
                world.submit(flagged(2, id, 1, URGENT));
                turn(&mut world, 0)
            })
            .collect();
        assert_eq!(ran.iter().filter(|call_id| **call_id == 1).count(), 3, "{ran:?}");
        world.end();
    }
}

#[test]
fn an_urgent_chunk_goes_ahead_again_once_the_turn_was_taken() {
    let mut world = World::started(1, Some(1));
    world.submit_all((0..40).map(|id| chunk(1, id, 1)));
    world.submit_all((0..8).map(|id| flagged(2, id, 1, URGENT)));
    assert_eq!(turns(&mut world, 9), [2, 2, 2, 2, 2, 2, 2, 1, 2]);
    world.submit(flagged(3, 0, 1, URGENT));
    assert_eq!(turns(&mut world, 1), [3]);
    world.end();
}

#[test]
fn an_urgent_task_that_ends_each_worker_does_not_delay_the_others() {
    let mut world = World::started(1, None);
    let each = URGENT | ChunkFlags::EACH;
    world.submit(Chunk { retries: 1_000, ..flagged(1, 0, 1, each) });
    world.submit_all((0..3).map(|id| flagged(2, id, 1, each)));
    world.submit(chunk(3, 0, 1));
    assert_eq!(world.run_to_task(0), (1, 0, 0));
    world.die(0, &sigkill());
    world.start(0);
    assert_eq!(turns(&mut world, 3), [2, 2, 2]);
    assert_eq!(world.run_to_task(0), (1, 0, 0));
    world.end();
    assert_eq!(world.ledger.fates(3, 0), [Fate::Completed]);
}

/// Calls that never run out of chunks.
struct Stream {
    world: World,
    shared: u32,
    ordered: u32,
    has_urgent: bool,
    next_id: u32,
    /// Chunks that wait or are at a worker, by call and place.
    open: HashMap<(u32, Option<u32>), u32>,
}

impl Stream {
    fn calls(&self) -> u32 {
        self.shared + self.ordered
    }

    fn places(&self, call_id: u32) -> Vec<Option<u32>> {
        if call_id < self.shared {
            return vec![None];
        }
        (0..self.world.workers()).map(Some).collect()
    }

    fn top_up(&mut self) {
        for call_id in 0..=self.calls() {
            let is_urgent = call_id == self.calls();
            if is_urgent && !self.has_urgent {
                continue;
            }
            let places = if is_urgent { vec![None] } else { self.places(call_id) };
            for place in places {
                let open = self.open.entry((call_id, place)).or_default();
                while *open < 3 * self.world.workers() {
                    *open += 1;
                    self.next_id += 1;
                    let flags = if is_urgent { URGENT } else { 0 };
                    let next = flagged(call_id, self.next_id, 1, flags);
                    self.world.submit(Chunk { only: place.map(WorkerId), ..next });
                }
            }
        }
    }

    /// A turn of the worker; whose it was, by call and place.
    fn turn(&mut self, worker_id: u32) -> (u32, Option<u32>) {
        let call_id = turn(&mut self.world, worker_id);
        let is_ordered = (self.shared..self.calls()).contains(&call_id);
        let key = (call_id, is_ordered.then_some(worker_id));
        *self.open.get_mut(&key).expect("a call that has chunks") -= 1;
        key
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_call_has_its_turn_within_a_bounded_number_of_turns(
        workers in 1..4_u32,
        shared in 0..4_u32,
        ordered in 0..4_u32,
        has_urgent: bool,
        cost_us in prop_oneof![Just(None), Just(Some(1_u32)), Just(Some(900))],
        order in prop::collection::vec(any::<prop::sample::Index>(), 300..400),
    ) {
        prop_assume!(shared + ordered > 0);
        let world = World::started(workers, cost_us);
        let open = HashMap::new();
        let mut stream = Stream { world, shared, ordered, has_urgent, next_id: 0, open };
        // One turn in eight, for each of the calls; and what is in flight when it is waited for.
        let bound = 8 * stream.calls() + 16;
        let mut waits = HashMap::new();
        for worker_id in order {
            stream.top_up();
            let worker_id = worker_id.index(workers as usize) as u32;
            let served = stream.turn(worker_id);
            for call_id in 0..stream.calls() {
                for place in stream.places(call_id) {
                    if place.is_some_and(|place| place != worker_id) {
                        continue;
                    }
                    let waited = waits.entry((call_id, place)).or_insert(0_u32);
                    *waited = if served == (call_id, place) { 0 } else { *waited + 1 };
                    let may_wait = if place.is_some() { bound } else { bound * workers };
                    prop_assert!(*waited <= may_wait, "call {call_id} waits at {place:?}");
                }
            }
        }
        stream.world.end();
    }
}
