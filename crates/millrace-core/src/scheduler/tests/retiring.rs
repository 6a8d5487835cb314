//! Workers that end in order, and what they leave to others.

use std::time::Duration;

use super::ledger::Fate;
use super::process::{FILLS, FINE, Step};
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::{Chunk, ChunkFlags, Death, WorkerId, WorkerState};

const EACH: u32 = ChunkFlags::EACH;

fn aged(call_id: u32, id: u32, count: u32, lifespan: u32) -> Chunk {
    Chunk { lifespan: Some(lifespan), ..chunk(call_id, id, count) }
}

fn exit() -> Death {
    Death { code: Some(0), ..Death::default() }
}

/// Lets worker 0 go on until it has left; how many tasks it has begun.
fn live(world: &mut World) -> u32 {
    while !world.process(0).has_left {
        if world.step(0, FINE) == Step::Rest {
            world.deliver(0);
        }
    }
    let begun = world.process(0).begun;
    world.die(0, &exit());
    begun
}

#[test]
fn a_worker_runs_as_many_tasks_as_it_may_and_chunks_are_cut_to_fit() {
    let mut world = World::new(1);
    world.submit_all([aged(1, 0, 4, 3), aged(1, 1, 4, 3)]);
    let mut lives = Vec::new();
    for _ in 0..3 {
        world.start(0);
        let needs_all = world.scheduler.stats().queued >= 3;
        if needs_all {
            lives.push(live(&mut world));
        }
    }
    world.end();
    assert_eq!(lives, [3, 3]);
    assert!((0..2).all(|id| world.ledger.fates(1, id) == [Fate::Completed; 4]));
}

#[test]
fn a_worker_that_has_run_its_tasks_leaves_at_once_and_is_replaced_when_there_is_work() {
    let mut world = World::new(2);
    world.submit(aged(1, 0, 1, 1));
    world.start(0);
    world.run_to_task(0);
    world.step(0, FINE);
    world.process(0).flush();
    world.deliver(0);
    assert_eq!(world.state(0), WorkerState::Leaving);
    assert!(world.spawning.is_empty());
    world.submit(aged(1, 1, 1, 1));
    assert_eq!(
        world.spawning.iter().copied().collect::<Vec<_>>(),
        [1],
        "0 is taken as long as it leaves"
    );
    world.end();
}

#[test]
fn the_lowest_lifespan_of_the_calls_a_worker_has_served_applies() {
    let mut world = World::new(1);
    world.submit(aged(1, 0, 2, 5));
    world.start(0);
    world.rest();
    world.submit(chunk(2, 0, 2));
    world.rest();
    assert_eq!(world.scheduler.workers()[0].tasks_done, 4);
    // Too old for this call: it leaves without having run any of it.
    world.submit(aged(3, 0, 1, 4));
    assert!(world.in_flight(0).is_empty());
    assert_eq!(live(&mut world), 4);
    world.end();
    assert_eq!(world.ledger.fates(3, 0), [Fate::Completed]);
}

#[test]
fn a_worker_that_has_run_its_tasks_steals_nothing() {
    let mut world = World::new(2);
    world.submit(Chunk { only: Some(WorkerId(0)), ..chunk(0, 0, 1) });
    world.submit(Chunk { only: Some(WorkerId(1)), ..aged(0, 1, 1, 2) });
    world.start(0);
    world.start(1);
    world.rest();
    world.submit_all((0..8).map(|id| chunk(1, id, 1)));
    assert_eq!((world.in_flight(0).len(), world.in_flight(1).len()), (7, 1));
    world.run_to_task(0);
    while world.step(1, FINE) != Step::Rest {}
    world.deliver(1);
    assert!(world.in_flight(1).is_empty());
    assert_eq!(world.state(1), WorkerState::Leaving);
    world.end();
    assert_eq!(world.ledger.count(Fate::Completed), 10);
}

#[test]
fn a_queue_is_not_stranded_by_workers_that_retire() {
    let mut world = World::new(3);
    world.submit_all((0..50).map(|id| aged(1, id, 1 + id % 3, 2)));
    world.submit_all((0..6).map(|id| Chunk { only: Some(WorkerId(id % 3)), ..aged(2, id, 3, 2) }));
    world.end();
    assert_eq!(world.ledger.count(Fate::Completed), 50 + 49 + 18);
}

#[test]
fn a_failure_in_a_piece_leaves_the_other_pieces_running() {
    let mut world = World::new(1);
    let flags = ChunkFlags(EACH | ChunkFlags::FAIL_FAST);
    world.submit(Chunk { flags, ..aged(1, 0, 6, 3) });
    world.start(0);
    world.run_to_task(0);
    world.step(0, super::process::THROWS);
    world.end();
    let fates = world.ledger.fates(1, 0);
    assert_eq!((fates[0], &fates[1..]), (Fate::Failed, &[Fate::Completed; 5][..]));
}

#[test]
fn a_worker_that_uses_too_much_memory_gives_back_what_it_has_not_run() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 4), chunk(1, 1, 2)]);
    world.run_to_task(0);
    world.run_to_task(0);
    world.step(0, FILLS);
    world.deliver(0);
    assert_eq!(world.state(0), WorkerState::Leaving);
    assert_eq!(live(&mut world), 3, "one before, and two of these");
    world.start(0);
    assert_eq!(world.in_flight(0), [(1, 0), (1, 1)]);
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed; 4]);
}

#[test]
fn an_idle_worker_leaves_after_its_time() {
    let mut world = World::new(2);
    world.scheduler.workers.set_idle_timeout(Some(Duration::from_millis(100)));
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1)]);
    world.start(0);
    world.start(1);
    world.run_to_task(0);
    world.step(0, FINE);
    world.process(0).flush();
    world.deliver(0);
    world.tick(60);
    world.run_to_task(1);
    assert_eq!(world.scheduler.next_deadline(), Some(Duration::from_millis(100)));
    world.tick(39);
    assert_eq!(world.state(0), WorkerState::Ready);
    world.tick(1);
    assert_eq!(world.state(0), WorkerState::Leaving);
    assert_eq!(world.state(1), WorkerState::Ready, "a busy worker is not idle");
    world.rest();
    assert!(world.processes.iter().all(Option::is_none), "an idle pool has no worker");
    assert_eq!(world.scheduler.next_deadline(), None);
    world.submit(chunk(2, 0, 1));
    world.end();
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
}

#[test]
fn work_restarts_the_idle_time() {
    let mut world = World::new(1);
    world.scheduler.workers.set_idle_timeout(Some(Duration::from_millis(100)));
    for id in 0..3 {
        world.submit(chunk(1, id, 1));
        if id == 0 {
            world.start(0);
        }
        world.run_to_task(0);
        world.step(0, FINE);
        world.process(0).flush();
        world.deliver(0);
        world.tick(99);
        assert_eq!(world.state(0), WorkerState::Ready);
    }
    // Work that comes in the moment of the deadline is done.
    world.enqueue(chunk(1, 3, 1));
    world.tick(1);
    assert_eq!(world.in_flight(0), [(1, 3)]);
    world.end();
}

#[test]
fn recycling_replaces_workers_after_the_task_they_run() {
    let mut world = World::started(3, Some(1));
    world.submit_all([chunk(1, 0, 5), chunk(1, 1, 1)]);
    world.run_to_task(0);
    let pids: Vec<u32> = world.scheduler.workers().iter().map(|worker| worker.pid).collect();
    assert_eq!(world.recycle(), pids);
    assert_eq!((world.state(0), world.state(2)), (WorkerState::Ready, WorkerState::Leaving));
    assert_eq!(live(&mut world), 2, "one before, and the one that ran");
    world.rest();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed; 5]);
    assert!(world.scheduler.workers().iter().all(|worker| !pids.contains(&worker.pid)));
    world.end();
}

#[test]
fn a_fresh_worker_is_not_recycled_before_it_has_run_a_task() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 2));
    assert!(world.recycle().is_empty(), "there is no process yet");
    world.spawn(0);
    assert!(world.recycle().is_empty(), "it is starting");
    world.ready(0);
    assert!(world.recycle().is_empty(), "it has begun nothing");
    world.run_to_task(0);
    assert_eq!(world.recycle().len(), 1);
    assert_eq!(live(&mut world), 1);
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed; 2]);
}

#[test]
fn a_call_that_is_cancelled_while_its_worker_retires_gives_nothing_back() {
    for cancel_first in [false, true] {
        let mut world = World::started(1, None);
        world.submit(chunk(1, 0, 5));
        world.run_to_task(0);
        if cancel_first {
            world.cancel(1, false);
        }
        world.recycle();
        if !cancel_first {
            world.cancel(1, false);
        }
        assert_eq!(live(&mut world), 2);
        assert!(world.spawning.is_empty());
        assert_eq!(world.scheduler.stats().cancelled, 4);
        world.end();
    }
}

#[test]
fn a_worker_that_dies_while_it_retires_loses_the_task_it_ran() {
    let mut world = World::started(1, None);
    world.submit(flagged(1, 0, 3, EACH));
    world.run_to_task(0);
    world.recycle();
    world.die(0, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Lost, Fate::Completed, Fate::Completed]);
}

#[test]
fn a_worker_that_does_not_leave_when_it_retires_is_killed() {
    let mut world = World::started(1, None);
    world.recycle();
    world.submit(chunk(1, 0, 1));
    world.tick(5_000);
    assert!(world.killed.contains(&0));
    world.die(0, &sigkill());
    assert!(world.spawning.contains(&0), "its end is no failure");
    world.end();
}

#[test]
fn a_worker_at_the_end_of_its_lifespan_steals_nothing() {
    let mut world = World::started(2, Some(10));
    // Worker 0 has run one task already; worker 1 is busy, with others behind.
    let bulk = (0..6).map(|id| Chunk { only: None, ..chunk(2, id, 1) });
    world.submit(Chunk { only: Some(WorkerId(0)), ..aged(1, 0, 1, 2) });
    world.run_to_task(0);
    world.submit_all(bulk);
    world.run_to_task(1);
    let before = world.in_flight(1).len();
    assert!(before > 1);
    world.step(0, FINE);
    world.process(0).flush();
    world.deliver(0);
    assert_eq!(world.state(0), WorkerState::Leaving);
    assert_eq!(world.process(0).begun, 2);
    world.end();
}

#[test]
fn a_worker_that_wants_to_leave_ends_its_task_and_the_rest_goes_to_others() {
    let mut world = World::started(2, Some(1));
    world.submit_all([flagged(1, 0, 5, EACH), chunk(2, 0, 1)]);
    world.run_to_task(0);
    world.want_to_leave(0);
    world.want_to_leave(0);
    assert_eq!(world.state(0), WorkerState::Ready);
    assert_eq!(live(&mut world), 2, "one before, and the one that ran");
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed; 5]);
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
    assert!(world.ledger.losses.is_empty());
}

#[test]
fn an_idle_worker_that_wants_to_leave_leaves_at_once_even_if_it_asks_twice() {
    let mut world = World::started(1, None);
    world.want_to_leave(0);
    assert_eq!(world.state(0), WorkerState::Leaving);
    world.want_to_leave(0);
    world.submit(chunk(1, 0, 1));
    world.die(0, &exit());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed]);
}

#[test]
fn a_chunk_that_such_a_worker_has_not_begun_does_not_count_as_its_killer() {
    let mut world = World::new(1);
    world.submit(flagged(1, 0, 1, EACH));
    for _ in 0..5 {
        world.start(0);
        world.want_to_leave(0);
        world.die(0, &sigkill());
        world.tick(1_000);
    }
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed]);
}

#[test]
fn a_worker_that_is_not_ready_cannot_want_to_leave() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    world.spawn(0);
    assert!(world.scheduler.wants_to_leave(WorkerId(0)).is_err());
    world.act();
    assert!(world.killed.contains(&0));
}

#[test]
fn workers_that_no_call_waits_for_are_killed_when_idle_ones_leave() {
    let mut world = World::new(2);
    world.submit_all([chunk(1, 0, 2), chunk(1, 1, 2)]);
    world.spawn(1);
    world.start(0);
    world.run_to_task(0);
    world.cancel(1, false);
    assert!(world.leave_idle().is_empty());
    assert!(world.killed.contains(&0), "it is on a task of a call that has ended");
    assert!(world.killed.contains(&1), "it is starting");
    for worker_id in [0, 1] {
        world.die(worker_id, &sigkill());
    }
    world.submit(chunk(2, 0, 1));
    world.end();
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
}

#[test]
fn idle_workers_leave_and_busy_ones_go_on() {
    let mut world = World::started(2, None);
    world.submit(chunk(1, 0, 2));
    world.run_to_task(0);
    let pids: Vec<u32> = world.scheduler.workers().iter().map(|worker| worker.pid).collect();
    assert_eq!(world.leave_idle(), pids[1..]);
    assert_eq!(world.leave_idle(), pids[1..], "it is on its way");
    assert_eq!((world.state(0), world.state(1)), (WorkerState::Ready, WorkerState::Leaving));
    world.die(1, &exit());
    world.submit(chunk(1, 1, 1));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed; 2]);
    assert_eq!(world.ledger.fates(1, 1), [Fate::Completed]);
}
