//! Urgent chunks that wait have a limit.

use super::process::FINE;
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::ChunkFlags;

const URGENT: u32 = ChunkFlags::URGENT;

/// Submits urgent chunks until there is no room; how many.
fn fill(world: &mut World, call_id: u32, limit: u32) -> u32 {
    let mut id = 0;
    while world.scheduler.has_room(limit, 0) {
        world.submit(flagged(call_id, id, 1, URGENT));
        id += 1;
    }
    id
}

#[test]
fn each_free_worker_takes_a_task_beside_those_that_may_wait() {
    for limit in [0, 1, 5] {
        assert_eq!(fill(&mut World::new(3), 1, limit), limit + 3, "none is started");
        assert_eq!(fill(&mut World::started(3, None), 1, limit), limit + 3, "all are idle");
    }
}

#[test]
fn running_tasks_do_not_count_as_waiting() {
    let mut world = World::started(2, None);
    assert_eq!(fill(&mut world, 1, 1), 3);
    world.run_to_task(0);
    world.run_to_task(1);
    assert!(!world.scheduler.has_room(1, 0));
    world.step(0, FINE);
    world.process(0).flush();
    world.deliver(0);
    // It was given the one that waited, and has yet to begin it.
    assert_eq!(fill(&mut world, 2, 1), 1);
    world.end();
}

#[test]
fn other_work_takes_workers_and_does_not_count_as_waiting() {
    let mut world = World::started(2, Some(1));
    world.submit_all((0..50).map(|id| chunk(9, id, 1)));
    world.run_to_task(0);
    world.run_to_task(1);
    assert_eq!(fill(&mut world, 1, 2), 2);
    world.end();
}

#[test]
fn tasks_that_are_not_submitted_yet_count() {
    let mut world = World::new(1);
    assert!(world.scheduler.has_room(2, 2));
    assert!(!world.scheduler.has_room(2, 3));
}

#[test]
fn deaths_and_cancellations_make_room() {
    let mut world = World::started(1, None);
    assert_eq!(fill(&mut world, 1, 1), 2);
    world.run_to_task(0);
    world.die(0, &sigkill());
    assert_eq!(fill(&mut world, 2, 1), 1);
    world.cancel(1, false);
    assert_eq!(fill(&mut world, 3, 1), 1);
    world.end();
}
