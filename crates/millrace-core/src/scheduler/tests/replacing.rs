//! Workers that were killed for a task are replaced at once, and load what their predecessors had loaded.

use super::process::FINE;
use super::world::{World, chunk, limited, sigkill};
use crate::scheduler::WorkerState;
use crate::scheduler::tests::process::Step;

const LIMIT: u64 = 100;

/// One worker, which was just killed for a late task.
fn killed() -> World {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 1, 0, LIMIT));
    world.run_to_task(0);
    world.tick(LIMIT);
    world.die(0, &sigkill());
    world
}

#[test]
fn a_killed_worker_is_replaced_without_work_and_loads_what_was_loaded() {
    let mut world = killed();
    assert!(world.spawning.contains(&0));
    let stats = world.scheduler.stats();
    world.start(0);
    while world.step(0, FINE) != Step::Rest {}
    world.deliver(0);
    assert_eq!(world.process(0).known.len(), 1, "it has the function");
    assert_eq!(world.process(0).loaded, 1, "and has loaded it");
    assert_eq!(world.scheduler.stats(), stats, "which is no task");
    assert_eq!(world.scheduler.workers()[0].tasks_done, 0);
    world.submit(chunk(2, 0, 1));
    world.end();
}

#[test]
fn work_that_waits_comes_before_loading() {
    let mut world = killed();
    world.spawn(0);
    world.submit(chunk(2, 0, 1));
    world.ready(0);
    assert_eq!(world.in_flight(0).len(), 1);
    assert_eq!(world.run_to_task(0), (2, 0, 0));
    world.end();
}

#[test]
fn a_replacement_that_dies_by_itself_is_not_replaced_without_work() {
    let mut world = killed();
    world.start(0);
    world.die(0, &sigkill());
    assert_eq!(world.state(0), WorkerState::Absent);
    world.tick(60_000);
    assert!(world.spawning.is_empty());
}

#[test]
fn a_pool_that_closes_replaces_nobody() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 1, 0, LIMIT));
    world.run_to_task(0);
    world.close();
    world.tick(LIMIT);
    world.die(0, &sigkill());
    assert!(world.spawning.is_empty());
    assert!(world.is_closed);
}

#[test]
fn a_program_that_ends_starts_no_replacement() {
    let mut world = killed();
    world.leave_idle();
    world.die(0, &sigkill());
    assert!(world.spawning.is_empty());
}
