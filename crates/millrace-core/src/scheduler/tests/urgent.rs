//! Urgent chunks go in front of bulk work that no worker has begun.

use super::world::{World, chunk, flagged};
use crate::scheduler::ChunkFlags;

const URGENT: u32 = ChunkFlags::URGENT;

#[test]
fn an_urgent_chunk_goes_in_front_of_queued_bulk_work() {
    let mut world = World::started(1, None);
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1), flagged(2, 0, 1, URGENT)]);
    assert_eq!(world.in_flight(0), [(2, 0)]);
    world.end();
}

#[test]
fn an_urgent_chunk_goes_in_front_of_bulk_work_in_flight() {
    let mut world = World::started(1, Some(1));
    world.submit_all((0..4).map(|id| chunk(1, id, 1)));
    assert_eq!(world.in_flight(0), [(1, 0), (1, 1), (1, 2), (1, 3)]);
    assert_eq!(world.run_to_task(0), (1, 0, 0));
    world.submit(flagged(2, 0, 1, URGENT));
    assert_eq!(world.in_flight(0), [(1, 0), (2, 0)], "what gave way is for whoever is free first");
    assert_eq!(world.run_to_task(0), (2, 0, 0));
    assert_eq!(world.run_to_task(0), (1, 1, 0));
    assert_eq!(world.in_flight(0), [(1, 1), (1, 2), (1, 3)]);
    world.end();
}

#[test]
fn a_chunk_in_flight_that_was_not_begun_makes_way_for_an_urgent_one() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    world.submit(flagged(2, 0, 1, URGENT));
    assert_eq!(world.in_flight(0), [(2, 0)]);
    assert_eq!(world.run_to_task(0), (2, 0, 0));
    world.end();
}

#[test]
fn urgent_chunks_keep_their_order() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1)]);
    world.run_to_task(0);
    world.submit(flagged(2, 0, 1, URGENT));
    world.submit(flagged(3, 0, 1, URGENT));
    assert_eq!(world.in_flight(0), [(1, 0), (2, 0), (3, 0)]);
    world.end();
}

#[test]
fn an_idle_worker_takes_an_urgent_chunk_and_nothing_in_flight_is_disturbed() {
    let mut world = World::started(2, Some(1));
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1), chunk(1, 2, 1), chunk(1, 3, 1)]);
    world.rest();
    world.submit(chunk(2, 0, 1));
    world.submit(flagged(3, 0, 1, URGENT));
    assert_eq!((world.in_flight(0), world.in_flight(1)), (vec![(2, 0)], vec![(3, 0)]));
    world.end();
}

#[test]
fn many_urgent_chunks_in_a_row_do_not_make_a_running_chunk_forgotten() {
    let mut world = World::started(1, Some(1));
    world.submit_all((0..400).map(|id| chunk(1, id, 1)));
    assert_eq!(world.run_to_task(0), (1, 0, 0));
    // Each recalls what is in flight and sends it again under new numbers, while the first task runs on.
    for id in 0..20 {
        world.submit(flagged(2, id, 1, URGENT));
    }
    world.die(0, &super::world::sigkill());
    // It would begin again if its slot had been taken by a later chunk.
    world.end();
    assert_eq!(world.ledger.count(super::ledger::Fate::Lost), 1);
}
