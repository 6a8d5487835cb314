//! The end of a pool, in order or at once.

use std::time::Duration;

use super::ledger::Fate;
use super::process::FINE;
use super::world::{World, chunk, no_start, sigkill};
use crate::scheduler::{Death, WorkerState};

#[test]
fn a_pool_that_started_nothing_closes_at_once() {
    let mut closed = World::new(3);
    closed.close();
    assert!(closed.is_closed);
    let mut terminated = World::new(3);
    terminated.terminate();
    assert!(terminated.is_closed);
}

#[test]
fn closing_finishes_what_was_accepted_then_lets_the_workers_leave() {
    let mut world = World::started(2, None);
    world.submit_all((0..6).map(|id| chunk(1, id, 2)));
    world.close();
    assert_eq!(world.state(0), WorkerState::Ready);
    world.rest();
    assert!(world.is_closed);
    assert!((0..6).all(|id| world.ledger.fates(1, id) == [Fate::Completed; 2]));
    assert!(world.killed.is_empty(), "every worker left by itself");
}

#[test]
fn closing_starts_the_workers_that_accepted_work_needs() {
    let mut world = World::new(2);
    world.submit(chunk(1, 0, 1));
    world.close();
    world.rest();
    assert!(world.is_closed);
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed]);
}

#[test]
fn work_that_arrives_while_the_workers_leave_is_done() {
    let mut world = World::started(1, None);
    world.close();
    assert_eq!(world.state(0), WorkerState::Leaving);
    world.submit(chunk(1, 0, 1));
    world.rest();
    assert!(world.is_closed);
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed]);
}

#[test]
fn a_worker_that_is_still_starting_when_all_work_is_done_is_killed() {
    let mut world = World::new(2);
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1)]);
    world.start(0);
    world.cancel(1, false);
    world.close();
    // Worker 1 does not exist yet: it is killed as soon as it does.
    world.spawn(1);
    assert!(world.killed.contains(&1));
    world.rest();
    assert!(world.is_closed);
}

#[test]
fn a_worker_that_does_not_leave_is_killed_after_five_seconds() {
    let mut world = World::started(1, None);
    world.close();
    assert_eq!(world.scheduler.next_deadline(), Some(world.scheduler.now + Duration::from_secs(5)));
    world.tick(4_999);
    assert!(world.killed.is_empty());
    world.tick(1);
    assert!(world.killed.contains(&0));
    assert_eq!(world.scheduler.next_deadline(), None);
    assert!(!world.is_closed);
    world.die(0, &sigkill());
    assert!(world.is_closed);
}

#[test]
fn a_worker_that_is_being_killed_is_not_told_to_leave() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 2));
    world.run_to_task(0);
    world.step(0, FINE);
    world.step(0, FINE);
    world.cancel(1, true);
    world.step(0, FINE);
    world.process(0).flush();
    world.close();
    world.deliver(0);
    assert_eq!((world.in_flight(0), world.state(0)), (vec![], WorkerState::Ready));
    world.rest();
    assert!(world.is_closed);
}

#[test]
fn closing_ends_when_no_worker_can_start() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    world.close();
    for _ in 0..3 {
        world.die(0, &no_start());
        world.tick(200);
    }
    assert!(world.is_closed);
    assert_eq!(world.ledger.fates(1, 0), [Fate::Lost]);
}

#[test]
fn closing_ends_when_the_last_task_kills_its_worker() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    world.close();
    world.run_to_task(0);
    world.die(0, &Death { code: Some(1), ..Death::default() });
    assert!(world.is_closed);
}

#[test]
fn terminating_kills_every_worker_and_cancels_what_is_open() {
    let mut world = World::started(3, Some(1));
    world.submit_all((0..50).map(|id| chunk(1, id, 2)));
    world.run_to_task(0);
    world.terminate();
    assert_eq!(world.killed.len(), 3);
    let stats = world.scheduler.stats();
    assert_eq!((stats.cancelled, stats.running, stats.queued), (100, 0, 0));
    assert!(!world.is_closed);
    world.rest();
    assert!(world.is_closed);
}

#[test]
fn results_that_arrive_after_terminating_are_not_reported() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    world.run_to_task(0);
    world.step(0, FINE);
    world.process(0).flush();
    world.terminate();
    world.deliver(0);
    world.rest();
    assert!(world.is_closed);
    assert_eq!(world.ledger.fates(1, 0), [Fate::Cancelled]);
}

#[test]
fn terminating_reports_the_end_at_its_bound_when_a_process_will_not_die() {
    let mut world = World::started(1, None);
    world.terminate();
    let bound = world.scheduler.next_deadline().expect("a bound");
    assert!(bound < world.scheduler.now + Duration::from_secs(1));
    world.scheduler.tick(bound);
    world.act();
    assert!(world.is_closed);
    assert_eq!(world.scheduler.next_deadline(), None);
    // It dies after all; nothing is reported twice.
    world.die(0, &sigkill());
}

#[test]
fn a_worker_that_was_being_started_when_the_pool_was_terminated_is_killed_when_it_exists() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    world.terminate();
    assert!(!world.is_closed);
    world.spawn(0);
    assert!(world.killed.contains(&0));
    world.rest();
    assert!(world.is_closed);
}

#[test]
fn a_worker_that_becomes_ready_after_the_end_is_not_reported() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    world.terminate();
    world.tick(1_000);
    assert!(world.is_closed);
    // Starting took longer than the end could wait.
    world.start(0);
    assert!(world.killed.contains(&0));
    world.rest();
    assert!(world.scheduler.workers().is_empty());
}

#[test]
fn terminating_overtakes_closing() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 2));
    world.run_to_task(0);
    world.close();
    world.terminate();
    world.terminate();
    world.rest();
    assert!(world.is_closed);
    assert_eq!(world.ledger.fates(1, 0), [Fate::Cancelled; 2]);
}

#[test]
fn tasks_that_are_submitted_after_the_end_count_as_cancelled() {
    let mut world = World::new(1);
    world.terminate();
    world.submit(chunk(1, 0, 2));
    let stats = world.scheduler.stats();
    assert_eq!((stats.submitted, stats.cancelled), (2, 2));
}

#[test]
fn a_process_that_the_system_does_not_release_is_abandoned_after_the_end() {
    let mut world = World::started(2, None);
    world.terminate();
    world.die(0, &sigkill());
    assert!(!world.is_closed);
    world.tick(900);
    assert!(world.is_closed);
    assert!(!world.scheduler.has_ended(), "worker 1 is still there");
    world.scheduler.abandon();
    assert!(world.scheduler.has_ended());
    assert_eq!(world.scheduler.next_deadline(), None);
}
