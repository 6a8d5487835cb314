//! A worker ends for an error that nobody handles.

use super::ledger::Fate::{Completed, Failed, Lost};
use super::process::{FINE, THROWS};
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::{Cause, ChunkFlags, Death, Loss, ProtocolViolation, WorkerId, WorkerState};

fn exit() -> Death {
    Death { code: Some(1), ..Death::default() }
}

#[test]
fn a_faulted_worker_gets_nothing_more_and_its_chunks_go_to_its_replacement() {
    let mut world = World::started(1, Some(1));
    world.submit_all([flagged(1, 0, 2, ChunkFlags::EACH), chunk(2, 0, 1)]);
    world.run_to_task(0);
    assert!(world.scheduler.faulted(WorkerId(0)).is_ok());
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
fn a_chunk_on_its_way_to_such_a_worker_does_not_count_as_its_killer() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    assert!(world.scheduler.faulted(WorkerId(0)).is_ok());
    world.die(0, &exit());
    world.start(0);
    // One that counts is not enough.
    world.die(0, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed]);
}

#[test]
fn workers_that_fault_before_they_run_anything_are_started_at_most_twice() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    for _ in 0..2 {
        world.start(0);
        assert!(world.scheduler.faulted(WorkerId(0)).is_ok());
        world.die(0, &exit());
    }
    assert_eq!(world.ledger.fates(1, 0), [Lost]);
    world.end();
}

#[test]
fn a_faulted_worker_that_does_not_end_by_itself_is_killed() {
    let mut world = World::started(1, None);
    let pid = world.scheduler.workers()[0].pid;
    assert_eq!(world.scheduler.faulted(WorkerId(0)), Ok(pid));
    let deadline = world.scheduler.next_deadline();
    world.scheduler.tick(deadline.unwrap_or_default());
    world.act();
    assert!(deadline.is_some() && world.killed.contains(&0));
}

#[test]
fn a_fault_is_accepted_once_and_only_from_a_ready_worker() {
    let mut twice = World::started(1, None);
    assert!(twice.scheduler.faulted(WorkerId(0)).is_ok());
    assert_eq!(
        twice.scheduler.faulted(WorkerId(0)),
        Err(ProtocolViolation { worker_id: WorkerId(0) })
    );
    twice.act();
    assert!(twice.killed.contains(&0));

    let mut early = World::new(1);
    early.submit(chunk(1, 0, 1));
    early.spawn(0);
    assert_eq!(
        early.scheduler.faulted(WorkerId(0)),
        Err(ProtocolViolation { worker_id: WorkerId(0) })
    );
}

#[test]
fn closing_waits_for_the_end_of_a_faulted_worker() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    world.run_to_task(0);
    assert!(world.scheduler.faulted(WorkerId(0)).is_ok());
    world.step(0, FINE);
    world.process(0).flush();
    world.close();
    assert!(!world.is_closed);
    world.die(0, &sigkill());
    assert!(world.is_closed);
}

#[test]
fn a_worker_whose_control_socket_is_closed_gets_nothing_more() {
    let mut world = World::started(2, None);
    world.scheduler.disconnected(WorkerId(0), 101);
    world.act();
    assert!(world.killed.contains(&0));
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1)]);
    assert_eq!((world.in_flight(0).len(), world.in_flight(1).len()), (0, 1));
    world.recycle();
    world.end();
    assert!((0..2).all(|id| world.ledger.fates(1, id) == [Completed]));
}

#[test]
fn a_closed_control_socket_is_not_the_cause_of_a_death() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    world.run_to_task(0);
    world.scheduler.disconnected(WorkerId(0), 4_711);
    world.act();
    assert!(world.killed.is_empty(), "that was a process of before");
    world.scheduler.disconnected(WorkerId(0), 101);
    let death = Death { code: Some(7), ..Death::default() };
    world.die(0, &death);
    world.end();
    let [Loss::Died { code, cause, has_begun, .. }] = &world.ledger.losses[..] else {
        panic!("{:?}", world.ledger.losses)
    };
    assert_eq!((*code, *cause, *has_begun), (Some(7), Cause::Unknown, true));
}

#[test]
fn a_loss_for_lack_of_memory_says_so() {
    for cause in [Cause::OutOfMemory, Cause::ProtocolViolation] {
        let mut world = World::started(1, None);
        world.submit(chunk(1, 0, 1));
        world.run_to_task(0);
        world.scheduler.unreadable(WorkerId(0), 101, cause);
        world.act();
        world.end();
        let told = world.ledger.losses.iter().map(|loss| match loss {
            Loss::Died { cause, .. } => Some(*cause),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), [Some(cause)]);
    }
}
