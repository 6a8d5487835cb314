//! A call ends before its tasks do.

use super::ledger::Fate;
use super::process::{FINE, Step, THROWS};
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::{ChunkFlags, WorkerId};

#[test]
fn queued_chunks_and_chunks_in_flight_are_cancelled_at_once() {
    let mut world = World::started(1, Some(1));
    world.submit_all((0..300).map(|id| chunk(1, id, 2)));
    world.cancel(1, false);
    assert!(world.in_flight(0).is_empty());
    let stats = world.scheduler.stats();
    assert_eq!((stats.cancelled, stats.queued, stats.running), (600, 0, 0));
    world.end();
    assert!(world.killed.is_empty());
}

#[test]
fn other_calls_go_on() {
    let mut world = World::started(2, Some(1));
    world.submit_all((0..20).flat_map(|id| [chunk(1, id, 2), chunk(2, id, 2)]));
    world.run_to_task(0);
    world.run_to_task(1);
    world.cancel(1, true);
    world.end();
    assert!((0..20).all(|id| world.ledger.fates(2, id) == [Fate::Completed; 2]));
}

#[test]
fn without_kill_a_running_task_ends_and_the_rest_of_its_chunk_is_dropped() {
    for flags in [0, ChunkFlags::EACH] {
        let mut world = World::started(1, None);
        world.submit_all([flagged(1, 0, 3, flags), chunk(2, 0, 1)]);
        world.run_to_task(0);
        world.cancel(1, false);
        assert_eq!(world.scheduler.stats().running, 1);
        assert_eq!(world.run_to_task(0), (2, 0, 0), "the worker lives on");
        world.end();
        assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
        let stats = world.scheduler.stats();
        assert_eq!(
            (stats.completed, stats.cancelled),
            (3, 2),
            "the running task counts, and is discarded"
        );
    }
}

#[test]
fn a_failure_of_a_cancelled_task_is_discarded() {
    let mut world = World::started(1, None);
    world.submit(flagged(1, 0, 3, ChunkFlags::FAIL_FAST));
    world.run_to_task(0);
    world.cancel(1, false);
    world.step(0, THROWS);
    world.end();
    let stats = world.scheduler.stats();
    assert_eq!((stats.failed, stats.cancelled), (1, 2));
}

#[test]
fn with_kill_the_worker_that_runs_it_is_condemned_and_replaced() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 3), chunk(2, 0, 1), chunk(2, 1, 1)]);
    world.run_to_task(0);
    world.cancel(1, true);
    assert!(world.killed.contains(&0));
    // SIGKILL takes its time. The task may still end; nothing more begins.
    for _ in 0..9 {
        assert!(!matches!(world.step(0, FINE), Step::Began { .. }));
    }
    world.end();
    assert_eq!(
        (world.ledger.fates(2, 0), world.ledger.fates(2, 1)),
        (vec![Fate::Completed], vec![Fate::Completed])
    );
}

#[test]
fn with_kill_a_worker_that_runs_another_chunk_is_left_alone() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 2), chunk(2, 0, 1)]);
    world.run_to_task(0);
    world.cancel(2, true);
    assert!(world.killed.is_empty());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed; 2]);
}

#[test]
fn with_kill_a_task_that_has_just_ended_does_not_cost_the_next_one_its_worker() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 2), chunk(2, 0, 2)]);
    for _ in 0..3 {
        world.run_to_task(0);
    }
    assert_eq!(world.in_flight(0), [(1, 0), (2, 0)], "its result was sent and is not delivered");
    world.cancel(1, true);
    assert!(world.killed.is_empty());
    world.end();
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed; 2]);
}

#[test]
fn a_worker_that_has_begun_the_chunk_but_not_its_first_task_drops_it() {
    for kill in [false, true] {
        let mut world = World::started(1, None);
        world.submit_all([chunk(1, 0, 2), chunk(2, 0, 1)]);
        // Reads the chunk.
        assert_eq!(world.step(0, FINE), Step::Moved);
        world.cancel(1, kill);
        assert_eq!(world.in_flight(0), [(1, 0)], "revoking came too late");
        assert_eq!(world.run_to_task(0), (2, 0, 0), "none of it ran");
        assert!(world.killed.is_empty());
        world.end();
    }
}

#[test]
fn a_skip_after_the_last_task_does_not_hit_the_next_chunk() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 1), chunk(2, 0, 2)]);
    world.run_to_task(0);
    world.step(0, FINE);
    world.cancel(1, false);
    assert_eq!(world.run_to_task(0), (2, 0, 0));
    world.end();
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed; 2]);
}

#[test]
fn results_of_a_batch_are_discarded_when_their_call_has_ended() {
    let mut world = World::started(1, Some(1));
    world.submit_all((0..3).map(|id| chunk(1, id, 2)));
    world.run_to_task(0);
    (0..3).for_each(|_| assert!(world.run_to_task(0).0 == 1));
    // Chunk 0 has run and chunk 1 runs; nothing is reported, chunk 2 has not begun.
    world.cancel(1, false);
    assert_eq!(world.in_flight(0), [(1, 0), (1, 1)]);
    world.end();
    let stats = world.scheduler.stats();
    assert_eq!((stats.completed, stats.cancelled), (5, 2));
}

#[test]
fn cancelling_with_kill_after_cancelling_without_kills() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 2));
    world.run_to_task(0);
    world.cancel(1, false);
    assert!(world.killed.is_empty());
    world.cancel(1, true);
    assert!(world.killed.contains(&0));
    world.end();
}

#[test]
fn killing_for_one_call_does_not_count_against_the_chunk_behind_it() {
    let mut world = World::started(1, Some(1));
    world.submit(chunk(9, 0, 1));
    for call_id in 0..3 {
        world.submit(flagged(call_id, 0, 1, ChunkFlags::URGENT));
        // Given ahead by hand: a worker that urgent chunks come to holds nothing else by itself.
        let behind = world.scheduler.queue.pop(WorkerId(0)).expect("chunk 9 waits");
        world.scheduler.send(WorkerId(0), behind);
        world.act();
        assert_eq!(world.in_flight(0), [(call_id, 0), (9, 0)]);
        // The task has ended when its call is aborted: its outcome still counts, and chunk 9 is next when SIGKILL comes.
        world.run_to_task(0);
        world.step(0, FINE);
        world.process(0).flush();
        world.cancel(call_id, true);
        assert!(world.killed.contains(&0));
        world.die(0, &sigkill());
        world.start(0);
    }
    world.end();
    assert_eq!(world.ledger.fates(9, 0), [Fate::Completed]);
}

#[test]
fn with_a_grace_period_the_task_is_notified_and_its_worker_killed_only_if_it_still_runs() {
    let mut world = World::started(1, None);
    world.submit_all([flagged(1, 0, 3, ChunkFlags::EACH), chunk(2, 0, 1)]);
    world.run_to_task(0);
    world.cancel_by(1, Some(100));
    let seq = world.scheduler.workers[0].in_flight[0].seq;
    assert_eq!(world.process(0).told, [seq.0]);
    world.tick(99);
    assert!(world.killed.is_empty());
    world.tick(1);
    assert!(world.killed.contains(&0));
    world.end();
    assert_eq!(world.scheduler.stats().cancelled, 3);
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
}

#[test]
fn a_task_that_ends_within_its_grace_period_costs_no_worker() {
    for is_delivered_in_time in [true, false] {
        let mut world = World::started(1, None);
        world.submit_all([flagged(1, 0, 3, ChunkFlags::EACH), chunk(2, 0, 1)]);
        world.run_to_task(0);
        world.cancel_by(1, Some(100));
        if is_delivered_in_time {
            assert_eq!(world.run_to_task(0), (2, 0, 0), "the rest of the chunk is dropped");
        } else {
            // It ends, and what it has sent is delivered when its time is over.
            (0..4).for_each(|_| assert!(!matches!(world.step(0, FINE), Step::Began { .. })));
        }
        world.tick(100);
        assert!(world.killed.is_empty());
        world.end();
        assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
        assert_eq!(world.scheduler.next_deadline(), None);
    }
}

#[test]
fn a_chunk_that_has_not_begun_its_first_task_gets_no_cancel_frame() {
    let mut world = World::started(1, None);
    world.submit_all([chunk(1, 0, 2), chunk(2, 0, 1)]);
    assert_eq!(world.step(0, FINE), Step::Moved);
    world.cancel_by(1, Some(100));
    assert_eq!(world.process(0).told, []);
    assert_eq!(world.run_to_task(0), (2, 0, 0));
    world.tick(100);
    assert!(world.killed.is_empty());
    world.end();
}

#[test]
fn a_kill_at_the_end_of_a_grace_period_does_not_hit_the_next_call() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 2), chunk(2, 0, 1)]);
    world.run_to_task(0);
    world.cancel_by(1, Some(100));
    // The worker goes on to the next call, which then takes long.
    assert_eq!(world.run_to_task(0), (2, 0, 0));
    world.tick(1_000);
    assert!(world.killed.is_empty());
    world.end();
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
}

#[test]
fn an_abort_after_a_failure_notifies_the_tasks_that_would_be_discarded() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 2));
    world.run_to_task(0);
    world.cancel_by(1, None);
    assert_eq!(world.process(0).told, []);
    world.cancel_by(1, Some(50));
    assert_eq!(world.process(0).told.len(), 1);
    world.tick(50);
    assert!(world.killed.contains(&0));
    world.end();
}

#[test]
fn closing_waits_for_a_grace_period_and_no_longer() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    world.run_to_task(0);
    world.cancel_by(1, Some(100));
    world.close();
    world.tick(99);
    assert!(!world.is_closed && world.killed.is_empty());
    world.tick(1);
    assert!(world.killed.contains(&0));
    world.rest();
    assert!(world.is_closed);
}
