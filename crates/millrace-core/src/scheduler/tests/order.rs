//! Which chunk comes next, and which worker may run it.

use std::sync::Arc;

use super::ledger::Fate;
use super::process::FINE;
use super::world::{World, chunk, sigkill};
use crate::scheduler::{Chunk, Definition, DefinitionId, WorkerId};

fn only(worker_id: u32, chunk: Chunk) -> Chunk {
    Chunk { only: Some(WorkerId(worker_id)), ..chunk }
}

/// Runs what worker 0 gets to its end; the first task of each chunk, as (call, chunk).
fn run_all(world: &mut World) -> Vec<(u32, u32)> {
    let mut ran = Vec::new();
    while !world.in_flight(0).is_empty() {
        let (call_id, chunk, _) = world.run_to_task(0);
        ran.push((call_id, chunk));
        world.step(0, FINE);
        world.process(0).flush();
        world.deliver(0);
    }
    ran
}

#[test]
fn calls_take_turns() {
    let mut world = World::started(1, None);
    world.submit_all([
        chunk(1, 0, 1),
        chunk(1, 1, 1),
        chunk(1, 2, 1),
        chunk(2, 0, 1),
        chunk(3, 0, 1),
        chunk(2, 1, 1),
    ]);
    assert_eq!(run_all(&mut world), [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (1, 2)]);
    world.end();
}

#[test]
fn the_tasks_of_a_chunk_run_in_order() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 3));
    for index in 0..3 {
        assert_eq!(world.run_to_task(0), (1, 0, index));
    }
    world.end();
}

#[test]
fn an_ordered_chunk_waits_for_its_worker_while_others_are_idle() {
    let mut world = World::started(2, None);
    world.submit_all([only(1, chunk(1, 0, 1)), only(1, chunk(1, 1, 1)), only(1, chunk(1, 2, 1))]);
    assert_eq!((world.in_flight(0), world.in_flight(1)), (vec![], vec![(1, 0)]));
    world.end();
    assert_eq!(world.ledger.count(Fate::Completed), 5);
}

#[test]
fn an_ordered_chunk_starts_its_worker_and_no_other() {
    let mut world = World::new(4);
    world.submit(only(2, chunk(1, 0, 1)));
    assert_eq!(world.spawning.iter().copied().collect::<Vec<_>>(), [2]);
    world.end();
}

#[test]
fn ordered_chunks_stay_with_their_worker_id_when_it_is_replaced() {
    let mut world = World::started(2, None);
    world.submit_all([only(1, chunk(1, 0, 2)), only(1, chunk(1, 1, 1))]);
    world.run_to_task(1);
    world.die(1, &sigkill());
    assert!(world.in_flight(0).is_empty());
    world.start(1);
    assert_eq!(world.run_to_task(1), (1, 0, 1), "the rest of the chunk comes first");
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Lost, Fate::Completed]);
    assert_eq!(world.ledger.fates(1, 1), [Fate::Completed]);
}

#[test]
fn a_function_is_sent_once_to_each_process() {
    let mut world = World::started(1, Some(1));
    // The model process refuses a second definition, and a chunk without one.
    world.submit_all((0..5).map(|id| chunk(1, id, 1)));
    world.rest();
    world.die(0, &sigkill());
    world.submit(chunk(1, 5, 1));
    world.end();
    assert_eq!(world.ledger.fates(1, 5), [Fate::Completed]);
}

#[test]
fn a_forgotten_function_is_sent_again_with_a_chunk_that_still_needs_it() {
    let mut world = World::started(1, None);
    let definition = Arc::new(Definition::new(DefinitionId(9), Box::default()));
    let made = |id| Chunk { definition: Arc::clone(&definition), ..chunk(1, id, 1) };
    world.submit_all((0..3).map(made));
    world.forget(&definition);
    // The model process refuses to forget what it does not know; at the end it knows nothing that was forgotten.
    world.end();
    assert!((0..3).all(|id| world.ledger.fates(1, id) == [Fate::Completed]));
}
