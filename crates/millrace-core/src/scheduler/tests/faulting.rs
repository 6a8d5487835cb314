//! A worker ends for an error that nobody handles.

use super::ledger::Fate::{Completed, Failed, Lost};
use super::process::{FINE, THROWS};
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::{Breach, ChunkFlags, Death, WorkerState};

fn exit() -> Death {
    Death { code: Some(1), ..Death::default() }
}

#[test]
fn it_is_given_nothing_more_and_what_it_had_goes_to_its_replacement() {
    let mut world = World::started(1, Some(1));
    world.submit_all([flagged(1, 0, 2, ChunkFlags::EACH), chunk(2, 0, 1)]);
    world.run_to_task(0);
    assert!(world.scheduler.faulted(0).is_ok());
    world.step(0, THROWS);
    world.process(0).flush();
    world.submit(chunk(3, 0, 1));
    assert_eq!(world.state(0), WorkerState::Leaving);
    world.die(0, &exit());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Failed, Completed]);
    assert_eq!(
        (world.ledger.fates(2, 0), world.ledger.fates(3, 0)),
        (vec![Completed], vec![Completed])
    );
    assert!(world.ledger.losses.is_empty());
}

#[test]
fn a_chunk_on_its_way_to_such_a_worker_is_not_held_to_have_ended_it() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    assert!(world.scheduler.faulted(0).is_ok());
    world.die(0, &exit());
    world.start(0);
    // One that counts is not enough.
    world.die(0, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed]);
}

#[test]
fn workers_that_fault_before_they_have_done_anything_do_so_twice_at_the_most() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    for _ in 0..2 {
        world.start(0);
        assert!(world.scheduler.faulted(0).is_ok());
        world.die(0, &exit());
    }
    assert_eq!(world.ledger.fates(1, 0), [Lost]);
    world.end();
}

#[test]
fn one_that_does_not_end_by_itself_is_killed() {
    let mut world = World::started(1, None);
    let pid = world.scheduler.workers()[0].pid;
    assert_eq!(world.scheduler.faulted(0), Ok(pid));
    let deadline = world.scheduler.next_deadline();
    world.scheduler.tick(deadline.unwrap_or_default());
    world.act();
    assert!(deadline.is_some() && world.killed.contains(&0));
}

#[test]
fn it_is_said_once_and_by_a_ready_worker() {
    let mut twice = World::started(1, None);
    assert!(twice.scheduler.faulted(0).is_ok());
    assert_eq!(twice.scheduler.faulted(0), Err(Breach { worker: 0 }));
    twice.act();
    assert!(twice.killed.contains(&0));

    let mut early = World::new(1);
    early.submit(chunk(1, 0, 1));
    early.spawn(0);
    assert_eq!(early.scheduler.faulted(0), Err(Breach { worker: 0 }));
}

#[test]
fn closing_waits_for_its_end() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    world.run_to_task(0);
    assert!(world.scheduler.faulted(0).is_ok());
    world.step(0, FINE);
    world.process(0).flush();
    world.close();
    assert!(!world.is_closed);
    world.die(0, &sigkill());
    assert!(world.is_closed);
}
