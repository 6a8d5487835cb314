//! Work in flight, and who steals it.

use super::ledger::Fate;
use super::process::FINE;
use super::world::{World, chunk, flagged};
use crate::scheduler::{Chunk, ChunkFlags, Definition, DefinitionId, WorkerId};

fn bulk(count: u32) -> impl Iterator<Item = Chunk> {
    (0..count).map(|id| chunk(1, id, 1))
}

#[test]
fn a_busy_worker_has_one_chunk_in_flight_while_the_cost_is_unknown() {
    let mut world = World::started(2, None);
    world.submit_all(bulk(6));
    assert_eq!((world.in_flight(0).len(), world.in_flight(1).len()), (1, 1));
    world.end();
}

#[test]
fn the_cost_of_a_forgotten_function_is_forgotten() {
    let mut world = World::started(1, Some(1));
    world.scheduler.forget(&Definition::new(DefinitionId(1), Box::default()));
    world.submit_all(bulk(3));
    assert_eq!(world.in_flight(0).len(), 1);
    world.end();
}

#[test]
fn a_busy_worker_has_up_to_two_milliseconds_of_known_work_in_flight() {
    let mut world = World::started(1, Some(400));
    world.submit_all(bulk(9));
    assert_eq!(world.in_flight(0).len(), 4, "each costs 400 µs and a little");
    world.end();
}

#[test]
fn one_slow_task_moves_the_expected_cost_by_a_quarter_of_the_way() {
    let mut world = World::started(1, Some(100));
    world.scheduler.costs.learn(DefinitionId(1), 1, 1_000);
    world.submit_all(bulk(9));
    assert_eq!(world.in_flight(0).len(), 6, "each is expected to cost 325 µs and a little");
    world.end();
}

#[test]
fn a_busy_worker_has_no_more_than_one_long_chunk_in_flight() {
    let mut world = World::started(1, Some(5_000));
    world.submit_all(bulk(3));
    assert_eq!(world.in_flight(0).len(), 1);
    world.end();
}

#[test]
fn work_in_flight_is_bounded_in_number() {
    let mut world = World::started(1, Some(0));
    world.scheduler.costs.learn(DefinitionId(1), 1_000_000, 0);
    world.submit_all(bulk(1_000));
    assert!(world.in_flight(0).len() <= 667, "{}", world.in_flight(0).len());
    world.end();
}

#[test]
fn workers_fill_evenly() {
    let mut world = World::started(3, Some(100));
    world.submit_all(bulk(12));
    assert!((0..3).all(|worker_id| world.in_flight(worker_id).len() == 4));
    world.end();
}

#[test]
fn an_idle_worker_steals_half_of_what_the_fullest_worker_has() {
    let mut world = World::new(2);
    world.submit(chunk(0, 0, 1));
    world.start(0);
    world.rest();
    world.submit_all(bulk(8));
    assert_eq!(world.in_flight(0).len(), 8);
    world.run_to_task(0);
    world.start(1);
    assert_eq!(world.in_flight(0), [(1, 0), (1, 1), (1, 2), (1, 3)]);
    assert_eq!(world.in_flight(1), [(1, 4), (1, 5), (1, 6), (1, 7)]);
    // The frames of what was taken over are still in worker 0's ring: it passes over them.
    world.end();
    assert_eq!(world.ledger.count(Fate::Completed), 9);
}

#[test]
fn ordered_work_in_flight_is_not_stolen() {
    let mut world = World::started(2, Some(1));
    world.submit_all((0..6).map(|id| Chunk { only: Some(WorkerId(0)), ..chunk(1, id, 1) }));
    assert_eq!((world.in_flight(0).len(), world.in_flight(1).len()), (6, 0));
    world.end();
}

#[test]
fn ordered_work_that_was_sent_last_does_not_keep_the_rest_from_being_stolen() {
    let mut world = World::new(2);
    world.submit(chunk(0, 0, 1));
    world.start(0);
    world.rest();
    world.submit_all(bulk(3));
    world.run_to_task(0);
    world.submit_all((0..4).map(|id| Chunk { only: Some(WorkerId(0)), ..chunk(2, id, 1) }));
    assert_eq!(world.in_flight(0).len(), 7);
    world.start(1);
    assert!(!world.in_flight(1).is_empty(), "{:?}", world.in_flight(0));
    world.end();
}

#[test]
fn a_full_worker_that_has_begun_everything_does_not_hide_another() {
    let mut world = World::started(3, Some(1));
    // Worker 0 runs the last of three chunks whose results it will report together.
    world.submit_all((0..3).map(|id| Chunk { only: Some(WorkerId(0)), ..chunk(1, id, 1) }));
    (0..3).for_each(|id| assert_eq!(world.run_to_task(0), (1, id, 0)));
    // Worker 2 is busy, so worker 1 gets two.
    world.submit(Chunk { only: Some(WorkerId(2)), ..chunk(2, 0, 1) });
    world.run_to_task(2);
    for worker_id in [0, 2].map(WorkerId) {
        let mut worker = world.scheduler.workers.at(worker_id);
        for place in 0..worker.in_flight.len() {
            worker.in_flight.change(place, |sent| sent.expected_ns = Some(1_000_000_000));
        }
    }
    world.submit_all([chunk(3, 0, 1), chunk(3, 1, 1)]);
    assert_eq!(world.in_flight(1), [(3, 0), (3, 1)]);
    world.step(2, FINE);
    world.process(2).flush();
    world.deliver(2);
    assert_eq!(world.in_flight(2), [(3, 1)]);
    world.end();
}

#[test]
fn a_worker_that_has_begun_a_chunk_keeps_it() {
    let mut world = World::new(2);
    world.submit(chunk(0, 0, 1));
    world.start(0);
    world.rest();
    world.submit_all(bulk(2));
    assert_eq!((world.run_to_task(0), world.run_to_task(0)), ((1, 0, 0), (1, 1, 0)));
    world.start(1);
    assert!(world.in_flight(1).is_empty(), "revoking loses against a chunk that has begun");
    world.submit(flagged(2, 0, 1, ChunkFlags::URGENT));
    assert_eq!(world.in_flight(0), [(1, 0), (1, 1)]);
    world.end();
    assert_eq!(world.ledger.count(Fate::Completed), 4);
}
