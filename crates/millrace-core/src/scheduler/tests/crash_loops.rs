//! Workers die again and again: starts pause, and go on.

use std::time::Duration;

use super::ledger::Fate;
use super::process::FINE;
use super::world::{World, chunk, flagged, no_start, sigkill};
use crate::scheduler::{Chunk, ChunkFlags, WorkerId};

/// Milliseconds until the next start.
fn pause(world: &World) -> u64 {
    let deadline = world.scheduler.next_deadline();
    deadline.map_or(0, |at| at.saturating_sub(world.scheduler.now).as_millis() as u64)
}

/// Waits for the next start of worker 0 and lets it become ready; for how long.
fn start_again(world: &mut World) -> u64 {
    let waited = pause(world);
    world.tick(waited);
    world.start(0);
    waited
}

#[test]
fn tasks_that_kill_their_worker_are_lost_one_by_one_after_growing_pauses() {
    let mut world = World::new(1);
    world.submit(flagged(1, 0, 8, ChunkFlags::EACH));
    let mut pauses = Vec::new();
    for _ in 0..8 {
        pauses.push(start_again(&mut world));
        world.run_to_task(0);
        world.die(0, &sigkill());
    }
    assert_eq!(pauses, [0, 0, 50, 100, 200, 400, 500, 500]);
    assert_eq!(world.ledger.fates(1, 0), [Fate::Lost; 8]);
    world.end();
}

#[test]
fn a_settled_task_ends_the_streak_of_deaths() {
    let mut world = World::new(1);
    for id in 0..5 {
        world.submit(flagged(1, id, 2, ChunkFlags::EACH));
        if world.processes[0].is_none() {
            assert_eq!(start_again(&mut world), 0, "one death costs nothing");
        }
        world.run_to_task(0);
        world.run_to_task(0);
        world.deliver(0);
        world.die(0, &sigkill());
        assert_eq!(world.ledger.fates(1, id), [Fate::Completed, Fate::Lost]);
    }
    world.end();
}

#[test]
fn a_worker_that_dies_when_ready_and_idle_is_not_started_without_end() {
    let mut world = World::new(1);
    let mut pauses = Vec::new();
    for id in 0..5 {
        world.submit(chunk(1, id, 1));
        pauses.push(start_again(&mut world));
        world.cancel(1, false);
        world.die(0, &sigkill());
    }
    assert_eq!(pauses, [0, 0, 50, 100, 200]);
    world.end();
}

#[test]
fn workers_that_die_of_one_cause_together_are_one_failure() {
    let mut world = World::new(3);
    world.submit_all((0..9).map(|id| chunk(1, id, 1)));
    for expected in [0, 50] {
        for worker_id in 0..3 {
            world.start(worker_id);
            world.run_to_task(worker_id);
        }
        for worker_id in 0..3 {
            world.die(worker_id, &sigkill());
        }
        assert_eq!(pause(&world), expected);
        world.tick(expected);
    }
    world.end();
}

#[test]
fn only_a_few_workers_are_tried_after_a_pause() {
    let mut world = World::new(9);
    world.submit_all((0..40).map(|id| chunk(1, id, 1)));
    for _ in 0..2 {
        for worker_id in 0..9 {
            world.start(worker_id);
            world.run_to_task(worker_id);
        }
        (0..9).for_each(|worker_id| world.die(worker_id, &sigkill()));
    }
    world.tick(50);
    assert_eq!(world.spawning.len(), 4);
    world.start(0);
    assert_eq!(world.spawning.len(), 4, "the next one is tried when one is ready");
    world.run_to_task(0);
    world.step(0, FINE);
    world.rest();
    assert_eq!(world.scheduler.workers().len(), 9, "all are back when a task was settled");
    world.end();
}

#[test]
fn a_worker_that_dies_again_and_again_beside_good_ones_pauses_too() {
    let mut world = World::new(2);
    let mut pauses = Vec::new();
    world.submit(chunk(9, 0, 1));
    world.start(0);
    world.rest();
    for id in 0..6 {
        world.submit(Chunk { only: Some(WorkerId(1)), ..chunk(2, id, 1) });
        let waited = pause(&world);
        world.tick(waited);
        pauses.push(waited);
        world.start(1);
        world.run_to_task(1);
        // Meanwhile worker 0 gets something done.
        world.submit(chunk(1, id, 1));
        world.run_to_task(0);
        world.step(0, FINE);
        world.process(0).flush();
        world.deliver(0);
        world.die(1, &sigkill());
    }
    assert_eq!(pauses, [0, 0, 50, 100, 200, 400]);
    world.end();
}

#[test]
fn work_for_any_worker_does_not_wait_for_one_that_pauses() {
    let mut world = World::new(2);
    for id in 0..4 {
        world.submit(Chunk { only: Some(WorkerId(0)), ..chunk(1, id, 1) });
        start_again(&mut world);
        world.run_to_task(0);
        world.die(0, &sigkill());
    }
    world.scheduler.note_success(WorkerId(1));
    world.submit(chunk(2, 0, 1));
    assert!(world.spawning.contains(&1) && !world.spawning.contains(&0));
    world.end();
}

#[test]
fn starts_that_fail_after_open_work_was_rejected_pause_longer() {
    let mut world = World::new(1);
    let mut pauses = Vec::new();
    for id in 0..6 {
        world.submit(chunk(1, id, 1));
        pauses.push(pause(&world));
        world.tick(pause(&world));
        world.spawn(0);
        world.die(0, &no_start());
    }
    assert_eq!(pauses, [0, 50, 100, 200, 400, 500]);
    assert_eq!(world.ledger.count(Fate::Lost), 6);
    world.end();
}

#[test]
fn workers_that_the_parent_kills_are_replaced_at_once() {
    let mut world = World::new(1);
    for call_id in 1..6 {
        world.submit(chunk(call_id, 0, 1));
        assert_eq!(pause(&world), 0);
        world.start(0);
        world.run_to_task(0);
        world.cancel(call_id, true);
        world.die(0, &sigkill());
    }
    assert_eq!(world.scheduler.next_deadline(), None::<Duration>);
    world.end();
}
