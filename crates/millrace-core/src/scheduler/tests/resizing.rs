//! The number of workers changes.

use super::ledger::Fate;
use super::process::FINE;
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::{Chunk, ChunkFlags, Death, ExitReason, WorkerId, WorkerState};

const EACH: u32 = ChunkFlags::EACH;

fn bound(worker_id: u32, chunk: Chunk) -> Chunk {
    Chunk { only: Some(WorkerId(worker_id)), ..chunk }
}

fn spawning(world: &World) -> Vec<u32> {
    world.spawning.iter().copied().collect()
}

#[test]
fn a_pool_that_grows_starts_workers_when_something_waits_for_them() {
    let mut world = World::new(1);
    world.submit_all((0..3).map(|id| chunk(1, id, 1)));
    assert_eq!(spawning(&world), [0]);
    world.resize(4, &[]);
    assert!(world.open_resizes.is_empty(), "nobody has to leave");
    assert_eq!(spawning(&world), [0, 1, 2], "one for each chunk");
    world.rest();
    assert_eq!(world.ledger.count(Fate::Completed), 3);
    world.end();
}

#[test]
fn nothing_is_started_without_work() {
    let mut world = World::started(1, None);
    world.resize(1_000, &[]);
    assert!(world.spawning.is_empty());
    world.end();
}

#[test]
fn surplus_workers_end_their_task_and_others_run_the_rest() {
    let mut world = World::started(2, None);
    world.submit_all((0..2).map(|id| flagged(1, id, 3, EACH)));
    world.run_to_task(0);
    world.run_to_task(1);
    let number = world.resize(1, &[]);
    assert!(world.open_resizes.contains(&number), "worker 1 still runs a task");
    world.rest();
    assert!(world.open_resizes.is_empty());
    assert_eq!(world.exits, [ExitReason::Resized]);
    assert!((0..2).all(|id| world.ledger.fates(1, id) == [Fate::Completed; 3]));
    assert_eq!(world.process(0).begun, 1 + 3 + 2, "and the one of its start");
    world.end();
}

#[test]
fn idle_surplus_workers_are_told_to_leave_at_once() {
    let mut world = World::started(3, None);
    world.resize(1, &[]);
    let states: Vec<_> = (0..3).map(|id| world.state(id)).collect();
    assert_eq!(states, [WorkerState::Ready, WorkerState::Leaving, WorkerState::Leaving]);
    assert!(world.killed.is_empty());
    world.end();
}

#[test]
fn workers_that_are_starting_are_killed_and_that_is_no_failed_start() {
    let mut world = World::new(3);
    world.submit_all((0..3).map(|id| chunk(1, id, 1)));
    world.spawn(1);
    let number = world.resize(1, &[]);
    assert!(world.killed.contains(&1));
    assert!(world.open_resizes.contains(&number), "worker 2 does not exist yet, and will");
    world.spawn(2);
    assert!(world.killed.contains(&2));
    for worker_id in [1, 2] {
        world.die(worker_id, &sigkill());
    }
    assert!(world.open_resizes.is_empty());
    assert_eq!(world.exits, [ExitReason::Resized; 2]);
    assert_eq!(spawning(&world), [0]);
    world.end();
}

#[test]
fn a_worker_that_cannot_be_started_any_more_ends_the_resize() {
    let mut world = World::new(2);
    world.submit_all((0..2).map(|id| chunk(1, id, 1)));
    world.resize(1, &[]);
    assert!(!world.open_resizes.is_empty());
    world.die(1, &super::world::no_start());
    assert!(world.open_resizes.is_empty());
    world.end();
}

#[test]
fn a_surplus_worker_that_is_killed_for_a_task_is_not_replaced() {
    let mut world = World::started(2, None);
    world.submit_all((0..2).map(|id| chunk(1 + id, 0, 1)));
    world.run_to_task(0);
    world.run_to_task(1);
    world.resize(1, &[]);
    world.cancel(2, true);
    assert!(world.killed.contains(&1));
    world.die(1, &sigkill());
    assert!(world.spawning.is_empty());
    world.resize(2, &[]);
    assert!(world.spawning.is_empty(), "and not later either");
    world.end();
}

#[test]
fn chunks_that_only_a_surplus_worker_might_run_are_run_by_any() {
    let mut world = World::started(3, None);
    world.submit(bound(2, chunk(1, 0, 2)));
    world.run_to_task(2);
    world.submit_all((1..4).map(|id| bound(2, chunk(1, id, 2))));
    world.resize(2, &[]);
    world.submit(bound(2, chunk(1, 4, 2)));
    world.rest();
    assert!((0..5).all(|id| world.ledger.fates(1, id) == [Fate::Completed; 2]));
    world.end();
}

#[test]
fn a_pool_that_grows_again_waits_for_the_old_process_of_an_id() {
    let mut world = World::started(2, None);
    world.submit(bound(1, chunk(1, 0, 1)));
    world.run_to_task(1);
    let shrunk = world.resize(1, &[]);
    world.resize(2, &[]);
    assert!(world.open_resizes.contains(&shrunk));
    world.submit_all((0..4).map(|id| chunk(2, id, 1)));
    assert!(world.spawning.is_empty());
    world.step(1, FINE);
    world.process(1).flush();
    world.deliver(1);
    assert_eq!(world.state(1), WorkerState::Leaving);
    world.die(1, &Death { code: Some(0), ..Death::default() });
    assert!(!world.open_resizes.contains(&shrunk));
    assert_eq!(spawning(&world), [1]);
    world.end();
}

#[test]
fn workers_with_other_cpus_are_replaced_when_there_is_work() {
    let mut world = World::started(2, None);
    world.resize(3, &[0]);
    assert_eq!(world.state(0), WorkerState::Leaving);
    assert_eq!(world.state(1), WorkerState::Ready);
    world.rest();
    assert!(world.spawning.is_empty() && world.processes[0].is_none());
    world.submit(bound(0, chunk(1, 0, 1)));
    assert_eq!(spawning(&world), [0]);
    world.end();
}

#[test]
fn a_smaller_pool_has_less_room_for_urgent_chunks() {
    let urgent = |id| flagged(1, id, 1, ChunkFlags::URGENT);
    let mut world = World::started(4, None);
    assert!(world.scheduler.has_room(0, 3) && !world.scheduler.has_room(0, 4));
    world.resize(2, &[]);
    assert!(world.scheduler.has_room(0, 1) && !world.scheduler.has_room(0, 2));
    world.resize(3, &[]);
    world.submit_all((0..2).map(urgent));
    assert!(world.scheduler.has_room(0, 0) && !world.scheduler.has_room(0, 1));
    world.end();
}

#[test]
fn a_pool_is_resized_while_it_closes_and_the_end_ends_the_resize() {
    let mut world = World::started(3, None);
    world.submit_all((0..3).map(|id| chunk(1, id, 2)));
    for worker_id in 0..3 {
        world.run_to_task(worker_id);
    }
    world.close();
    world.resize(1, &[]);
    world.rest();
    assert!(world.is_closed && world.open_resizes.is_empty());
    assert_eq!(world.ledger.count(Fate::Completed), 3 + 6);
    let mut world = World::started(2, None);
    world.submit(chunk(1, 0, 1));
    world.run_to_task(0);
    world.resize(1, &[0]);
    world.terminate();
    world.rest();
    assert!(world.is_closed);
}
