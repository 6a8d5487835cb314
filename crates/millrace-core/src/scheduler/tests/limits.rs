//! Tasks that run for longer than they may.

use std::sync::Arc;
use std::time::Duration;

use super::ledger::Fate::{Completed, Lost};
use super::process::{FINE, Step};
use super::world::{World, chunk, limited, sigkill};
use crate::scheduler::{Chunk, ChunkFlags, Definition, DefinitionId, Loss, WorkerId};

const LIMIT: u64 = 100;
const LOADING: u64 = 10_000;

fn timed_out(index: u32, worker_id: u32, pid: u32) -> Loss {
    let limit = Duration::from_millis(LIMIT);
    let Chunk { flags, payload: items, .. } = limited(1, 0, 1, 0, LIMIT);
    Loss::TimedOut { index, worker_id: WorkerId(worker_id), pid, limit, flags, items }
}

#[test]
fn a_late_task_fails_alone_and_its_worker_is_replaced() {
    let mut world = World::started(1, Some(1));
    world.submit_all([limited(1, 0, 4, 0, LIMIT), chunk(2, 0, 1)]);
    world.run_to_task(0);
    assert_eq!(world.run_to_task(0), (1, 0, 1));
    let pid = world.scheduler.workers()[0].pid;
    world.tick(LIMIT);
    assert!(world.killed.contains(&0));
    // SIGKILL takes its time; nothing more begins.
    assert_eq!(world.ledger.losses, []);
    world.die(0, &sigkill());
    assert_eq!(world.ledger.losses, [timed_out(1, 0, pid)]);
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed, Lost, Completed, Completed]);
    assert_eq!(world.ledger.fates(2, 0), [Completed]);
}

#[test]
fn the_clock_starts_when_the_worker_begins_the_task() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 2, 0, LIMIT));
    // The worker takes its time to read it.
    world.tick(10 * LIMIT);
    world.run_to_task(0);
    world.tick(LIMIT - 1);
    assert!(world.killed.is_empty());
    assert_eq!(world.run_to_task(0), (1, 0, 1), "the first one kept to its limit");
    world.tick(LIMIT - 1);
    assert!(world.killed.is_empty(), "each task has a limit of its own");
    world.tick(1);
    assert!(world.killed.contains(&0));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed, Lost]);
}

#[test]
fn a_task_behind_another_call_has_its_time_from_its_own_beginning() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(2, 0, 2), limited(1, 0, 1, 0, LIMIT)]);
    world.run_to_task(0);
    world.tick(5 * LIMIT);
    assert!(world.killed.is_empty(), "a task without a limit has none");
    assert_eq!(world.run_to_task(0), (2, 0, 1));
    assert_eq!(world.run_to_task(0), (1, 0, 0));
    world.tick(LIMIT);
    assert!(world.killed.contains(&0));
    world.end();
    assert_eq!(
        (world.ledger.fates(1, 0), world.ledger.fates(2, 0)),
        (vec![Lost], vec![Completed; 2])
    );
}

#[test]
fn a_result_that_was_sent_in_time_counts_however_late_it_is_read() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 1, 0, LIMIT));
    world.run_to_task(0);
    world.step(0, FINE);
    world.tick(5 * LIMIT);
    assert!(world.killed.is_empty());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed]);
}

#[test]
fn a_kill_for_a_late_task_never_hits_the_next_one() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 2, 0, LIMIT));
    world.run_to_task(0);
    // It ends in the last moment, and the worker is on the next one when the limit is looked at.
    world.tick(LIMIT - 1);
    world.run_to_task(0);
    world.tick(1);
    assert!(world.killed.is_empty());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 2]);
}

#[test]
fn a_task_that_ends_after_its_worker_was_condemned_settles_once() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 2, 0, LIMIT));
    world.run_to_task(0);
    world.tick(LIMIT);
    assert!(world.killed.contains(&0));
    assert_eq!(world.step(0, FINE), Step::Moved);
    assert!(!matches!(world.step(0, FINE), Step::Began { .. }), "nothing more begins");
    world.die(0, &sigkill());
    assert_eq!(world.ledger.losses, [], "its result was there");
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 2]);
}

#[test]
fn a_cancelled_call_keeps_its_limit_so_that_its_worker_becomes_free() {
    let mut world = World::started(1, None);
    world.submit_all([limited(1, 0, 1, 0, LIMIT), chunk(2, 0, 1)]);
    world.run_to_task(0);
    world.cancel(1, false);
    world.tick(LIMIT);
    assert!(world.killed.contains(&0));
    world.end();
    assert_eq!(world.ledger.losses, []);
    assert_eq!(world.ledger.fates(2, 0), [Completed]);
}

#[test]
fn a_death_just_before_the_limit_is_a_death_and_no_timeout() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 1, 0, LIMIT));
    world.run_to_task(0);
    world.die(0, &sigkill());
    assert!(matches!(world.ledger.losses[..], [Loss::Died { .. }]));
    world.end();
}

#[test]
fn an_urgent_task_is_held_to_its_limit() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 1, ChunkFlags::URGENT, LIMIT));
    world.run_to_task(0);
    world.tick(LIMIT);
    assert!(world.killed.contains(&0));
    world.end();
}

#[test]
fn there_is_no_deadline_if_no_task_has_a_limit() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 2));
    world.run_to_task(0);
    assert_eq!(world.scheduler.next_deadline(), None);
    world.end();
}

#[test]
fn tasks_within_their_limit_are_checked_once_per_limit() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 200, 0, LIMIT));
    let mut looks = 0;
    while world.in_flight(0) == [(1, 0)] {
        world.step(0, FINE);
        let now = world.scheduler.now + Duration::from_millis(1);
        if world.scheduler.next_deadline().is_some_and(|at| at <= now) {
            looks += 1;
        }
        world.tick(1);
        world.deliver(0);
    }
    let elapsed = world.scheduler.now.as_millis() as u64;
    assert!(looks <= elapsed / LIMIT + 1, "{looks} looks in {elapsed} ms");
    world.end();
    assert_eq!(world.scheduler.next_deadline(), None);
}

#[test]
fn a_worker_that_keeps_saying_it_has_just_begun_is_not_believed_forever() {
    let mut world = World::started(1, None);
    world.scheduler.start_timeout = Some(Duration::from_millis(LOADING));
    world.submit(limited(1, 0, 1, 0, LIMIT));
    world.run_to_task(0);
    for _ in 0..LOADING + 2 * LIMIT {
        let now_ms = world.scheduler.now.as_millis() as u32 + 50;
        world.process(0).words.note_begin(now_ms);
        world.tick(1);
    }
    assert!(world.killed.contains(&0));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Lost]);
}

fn load_timed_out(world: &World, chunk: Chunk, index: u32, pid: u32) -> Loss {
    let limit = Duration::from_millis(LOADING);
    let Chunk { definition, flags, payload: items, .. } = chunk;
    assert!(!world.ledger.losses.is_empty());
    Loss::LoadTimedOut { index, worker_id: WorkerId(0), pid, limit, definition, flags, items }
}

/// A worker that has begun the first task of a chunk, and loads its function.
fn loading(chunk: Chunk) -> World {
    let mut world = World::new(1);
    world.scheduler.start_timeout = Some(Duration::from_millis(LOADING));
    world.submit(chunk);
    world.start(0);
    world.run_to_task(0);
    let now_ms = world.scheduler.now.as_millis() as u32;
    world.process(0).words.note_loading(now_ms);
    world
}

#[test]
fn loading_the_function_does_not_count_as_the_task() {
    let mut world = loading(limited(1, 0, 1, 0, LIMIT));
    (0..LOADING - 1).for_each(|_| world.tick(1));
    assert!(world.killed.is_empty());
    let now_ms = world.scheduler.now.as_millis() as u32;
    world.process(0).words.note_begin(now_ms);
    world.tick(LIMIT - 1);
    assert!(world.killed.is_empty());
    world.tick(1);
    assert!(world.killed.contains(&0));
    let pid = world.scheduler.workers()[0].pid;
    world.die(0, &sigkill());
    assert_eq!(world.ledger.losses, [timed_out(0, 0, pid)]);
    world.end();
}

#[test]
fn a_task_that_was_loading_at_the_check_has_no_more_than_its_limit() {
    let mut world = loading(limited(1, 0, 1, 0, LIMIT));
    (0..3 * LIMIT).for_each(|_| world.tick(1));
    let now_ms = world.scheduler.now.as_millis() as u32;
    world.process(0).words.note_begin(now_ms);
    (0..2 * LIMIT).for_each(|_| world.tick(1));
    assert!(world.killed.contains(&0), "it is late, long before the end of the time for loading");
    world.end();
}

#[test]
fn a_task_behind_one_with_a_longer_limit_has_no_more_than_its_own() {
    let mut world = World::started(1, Some(1));
    world.submit_all([limited(1, 0, 1, 0, 50 * LIMIT), limited(2, 0, 1, 0, LIMIT)]);
    world.run_to_task(0);
    (0..3 * LIMIT).for_each(|_| world.tick(1));
    assert_eq!(world.run_to_task(0), (2, 0, 0));
    (0..2 * LIMIT).for_each(|_| world.tick(1));
    assert!(world.killed.contains(&0));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed]);
    assert_eq!(world.ledger.fates(2, 0), [Lost]);
}

#[test]
fn a_function_that_is_not_loaded_in_time_fails_its_task_and_is_not_tried_again_for_it() {
    let retried = Chunk { retries: 3, ..limited(1, 0, 2, 0, LIMIT) };
    for chunk in [chunk(1, 0, 2), limited(1, 0, 2, 0, LIMIT), retried] {
        let mut world = loading(chunk.clone());
        (0..LOADING - 1).for_each(|_| world.tick(1));
        assert!(world.killed.is_empty());
        world.tick(1);
        assert!(world.killed.contains(&0));
        let pid = world.scheduler.workers()[0].pid;
        world.die(0, &sigkill());
        assert_eq!(world.ledger.losses, [load_timed_out(&world, chunk, 0, pid)]);
        world.end();
        assert_eq!(world.ledger.fates(1, 0), [Lost, Completed]);
    }
}

#[test]
fn a_worker_that_keeps_saying_it_loads_is_not_believed_forever() {
    let mut world = loading(chunk(1, 0, 1));
    for _ in 0..2 * LOADING + LIMIT {
        let now_ms = world.scheduler.now.as_millis() as u32;
        world.process(0).words.note_loading(now_ms);
        world.tick(1);
    }
    assert!(world.killed.contains(&0));
    world.end();
}

#[test]
fn loading_has_its_time_from_when_it_began_behind_another_chunk() {
    let mut world = World::started(1, Some(1));
    world.scheduler.start_timeout = Some(Duration::from_millis(LOADING));
    let other = Arc::new(Definition::new(DefinitionId(77), Box::new([])));
    world.submit_all([chunk(1, 0, 1), Chunk { definition: other, ..chunk(2, 0, 1) }]);
    world.run_to_task(0);
    (0..3 * LOADING).for_each(|_| world.tick(1));
    assert!(world.killed.is_empty(), "the task before it has no limit");
    world.run_to_task(0);
    let now_ms = world.scheduler.now.as_millis() as u32;
    world.process(0).words.note_loading(now_ms);
    (0..LOADING - 1).for_each(|_| world.tick(1));
    assert!(world.killed.is_empty());
    world.tick(1);
    assert!(world.killed.contains(&0));
    world.end();
}

#[test]
fn a_function_that_was_loaded_leaves_no_deadline() {
    let mut world = loading(chunk(1, 0, 2));
    let now_ms = world.scheduler.now.as_millis() as u32;
    world.process(0).words.note_begin(now_ms);
    world.run_to_task(0);
    world.rest();
    (0..=LOADING).for_each(|_| world.tick(1));
    assert_eq!(world.scheduler.next_deadline(), None);
    world.end();
}

#[test]
fn a_begin_time_before_the_chunk_was_sent_is_not_believed() {
    let mut world = World::started(1, None);
    world.tick(50 * LIMIT);
    world.submit(limited(1, 0, 1, 0, LIMIT));
    world.run_to_task(0);
    world.process(0).words.note_begin(0);
    world.tick(LIMIT - 1);
    assert!(world.killed.is_empty());
    world.tick(1);
    assert!(world.killed.contains(&0));
    world.end();
}

#[test]
fn a_worker_with_unread_results_is_not_condemned() {
    let mut world = World::started(1, None);
    world.submit(limited(1, 0, 1, 0, 100));
    world.run_to_task(0);
    world.scheduler.tick(world.scheduler.now + Duration::from_millis(100));
    world.scheduler.expire_limits(&[]);
    world.act();
    assert!(world.killed.is_empty(), "its result may be in its ring");
    world.tick(0);
    assert!(world.killed.contains(&0));
    world.end();
}
