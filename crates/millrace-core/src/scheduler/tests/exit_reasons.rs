//! Why workers end.

use std::time::Duration;

use super::process::{FILLS, FINE};
use super::world::{World, chunk, limited, sigkill};
use crate::scheduler::{Cause, Chunk, Death, ExitReason, WorkerId};

const LIMIT: u64 = 100;

fn exit() -> Death {
    Death { code: Some(0), ..Death::default() }
}

/// One worker, on the first task of a chunk.
fn busy(chunk: Chunk) -> World {
    let mut world = World::started(1, None);
    world.submit(chunk);
    world.run_to_task(0);
    world
}

/// One worker that has begun to leave, for a reason.
fn leaving() -> World {
    let mut world = World::started(1, None);
    world.scheduler.recycle();
    world.act();
    world
}

#[test]
fn what_the_pool_did_not_end_has_died() {
    for death in [sigkill(), exit(), Death { code: Some(3), ..Death::default() }] {
        let mut world = busy(chunk(1, 0, 1));
        world.die(0, &death);
        assert_eq!(world.exits, [ExitReason::Died]);
        world.end();
    }
}

#[test]
fn a_retiring_worker_that_dies_at_work_has_died() {
    let mut world = busy(chunk(1, 0, 1));
    world.scheduler.recycle();
    world.act();
    world.die(0, &exit());
    assert_eq!(world.exits, [ExitReason::Died]);
    world.end();
}

#[test]
fn a_leaving_worker_keeps_its_reason_unless_a_signal_ends_it() {
    let mut world = leaving();
    world.die(0, &Death { code: Some(1), ..Death::default() });
    assert_eq!(world.exits, [ExitReason::Recycled]);
    world.end();
    let mut world = leaving();
    world.die(0, &sigkill());
    assert_eq!(world.exits, [ExitReason::Died]);
    world.end();
    // It did not leave in time.
    let mut world = leaving();
    world.tick(6_000);
    assert!(world.killed.contains(&0));
    world.die(0, &sigkill());
    assert_eq!(world.exits, [ExitReason::Recycled]);
    world.end();
}

#[test]
fn the_end_of_the_pool_comes_before_why_a_worker_leaves_but_not_before_why_it_is_killed() {
    let mut world = leaving();
    world.terminate();
    world.die(0, &sigkill());
    assert_eq!(world.exits, [ExitReason::Closed]);
    let mut world = busy(limited(1, 0, 1, 0, LIMIT));
    world.tick(LIMIT);
    world.terminate();
    world.die(0, &sigkill());
    assert_eq!(world.exits, [ExitReason::Timeout]);
}

#[test]
fn a_late_task_and_an_unwanted_one() {
    let mut world = busy(limited(1, 0, 1, 0, LIMIT));
    world.tick(LIMIT);
    world.die(0, &sigkill());
    assert_eq!(world.exits, [ExitReason::Timeout]);
    world.end();
    for grace in [0, 50] {
        let mut world = busy(limited(1, 0, 1, 0, LIMIT));
        world.cancel_by(1, Some(grace));
        world.tick(grace);
        assert!(world.killed.contains(&0));
        world.die(0, &sigkill());
        assert_eq!(world.exits, [ExitReason::Aborted]);
        world.end();
    }
}

#[test]
fn a_start_that_takes_too_long() {
    let mut world = World::new(1);
    world.scheduler.start_timeout = Some(Duration::from_millis(LIMIT));
    world.submit(chunk(1, 0, 1));
    world.spawn(0);
    world.tick(LIMIT);
    world.die(0, &sigkill());
    assert_eq!(world.exits, [ExitReason::Timeout]);
    world.end();
}

#[test]
fn memory_age_and_idleness() {
    let mut world = busy(chunk(1, 0, 1));
    world.step(0, FILLS);
    world.process(0).flush();
    world.deliver(0);
    world.die(0, &exit());
    let mut aged = busy(Chunk { lifespan: Some(2), ..chunk(1, 0, 1) });
    aged.step(0, FINE);
    aged.process(0).flush();
    aged.deliver(0);
    aged.die(0, &exit());
    let mut idle = World::started(1, None);
    idle.scheduler.workers.set_idle_timeout(Some(Duration::from_millis(LIMIT)));
    idle.act();
    idle.tick(LIMIT);
    idle.die(0, &exit());
    assert_eq!(world.exits, [ExitReason::Memory]);
    assert_eq!(aged.exits, [ExitReason::Lifespan]);
    assert_eq!(idle.exits, [ExitReason::Idle]);
}

#[test]
fn who_breaks_the_protocol_or_asks_to_leave_has_died() {
    let mut world = busy(chunk(1, 0, 1));
    let pid = world.scheduler.workers()[0].pid;
    world.scheduler.unreadable(WorkerId(0), pid, Cause::ProtocolViolation);
    world.act();
    world.die(0, &sigkill());
    assert_eq!(world.exits, [ExitReason::Died]);
    world.end();
    let mut world = World::started(1, None);
    assert_eq!(world.scheduler.wants_to_leave(WorkerId(0)), Ok(()));
    world.act();
    world.die(0, &exit());
    assert_eq!(world.exits, [ExitReason::Died]);
    world.end();
}
