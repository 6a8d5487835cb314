//! A worker process ends while it has tasks.

use super::ledger::Fate::{Completed, Lost};
use super::process::{FINE, THROWS};
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::{ChunkFlags, Loss, WorkerId};

const EACH: u32 = ChunkFlags::EACH;

#[test]
fn the_running_task_is_lost_and_the_loss_names_it() {
    let mut world = World::started(2, None);
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1)]);
    assert_eq!(world.run_to_task(1), (1, 1, 0));
    let pid = world.scheduler.workers()[1].pid;
    world.die(1, &sigkill());
    let [
        Loss::Died {
            index: 0,
            has_begun: true,
            worker_id: WorkerId(1),
            pid: died,
            code: None,
            signal: Some(9),
            ..
        },
    ] = world.ledger.losses[..]
    else {
        panic!("{:?}", world.ledger.losses)
    };
    assert_eq!(died, pid);
    world.end();
    assert_eq!((world.ledger.fates(1, 0), world.ledger.fates(1, 1)), (vec![Completed], vec![Lost]));
}

#[test]
fn the_rest_of_a_chunk_that_reports_each_task_continues_on_another_worker() {
    let mut world = World::started(2, None);
    world.submit(flagged(1, 0, 4, EACH));
    world.run_to_task(0);
    assert_eq!(world.run_to_task(0), (1, 0, 1));
    world.die(0, &sigkill());
    assert_eq!(world.run_to_task(1), (1, 0, 2));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed, Lost, Completed, Completed]);
}

#[test]
fn a_chunk_whose_worker_dies_between_two_tasks_loses_none() {
    let mut world = World::started(1, None);
    world.submit(flagged(1, 0, 3, EACH));
    world.run_to_task(0);
    world.step(0, FINE);
    world.die(0, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 3]);
}

#[test]
fn a_result_that_was_sent_before_the_death_counts() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 1));
    world.run_to_task(0);
    world.step(0, FINE);
    world.process(0).flush();
    world.die(0, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed]);
}

#[test]
fn results_that_wait_in_a_batch_are_lost_once_and_do_not_run_again() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 5));
    assert!((0..3).all(|index| world.run_to_task(0) == (1, 0, index)));
    world.die(0, &sigkill());
    assert!(matches!(world.ledger.losses[..], [Loss::Died { index: 2, .. }]));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Lost, Lost, Lost, Completed, Completed]);
}

#[test]
fn results_of_several_chunks_in_one_batch_are_lost_together() {
    let mut world = World::started(1, Some(1));
    world.submit_all((0..4).map(|id| chunk(1, id, 2)));
    for _ in 0..5 {
        world.run_to_task(0);
    }
    // Chunks 0 and 1 have run, chunk 2 is on its first task, chunk 3 was not begun.
    world.die(0, &sigkill());
    world.end();
    assert_eq!(
        (world.ledger.fates(1, 0), world.ledger.fates(1, 1)),
        (vec![Lost; 2], vec![Lost; 2])
    );
    assert_eq!(
        (world.ledger.fates(1, 2), world.ledger.fates(1, 3)),
        (vec![Lost, Completed], vec![Completed; 2])
    );
}

#[test]
fn a_batch_that_was_partly_sent_is_lost_from_the_first_unsent_result() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 3), chunk(1, 1, 2)]);
    world.run_to_task(0);
    world.step(0, FINE);
    world.process(0).flush();
    assert!((1..3).all(|index| world.run_to_task(0) == (1, 0, index)));
    // Chunk 1 is taken; none of its tasks has begun.
    world.step(0, FINE);
    world.step(0, FINE);
    world.die(0, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed, Lost, Lost]);
    assert_eq!(world.ledger.fates(1, 1), [Completed; 2]);
}

#[test]
fn results_of_one_call_are_not_lost_with_a_task_of_another() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 2), chunk(2, 0, 2)]);
    for _ in 0..3 {
        world.run_to_task(0);
    }
    world.die(0, &sigkill());
    world.end();
    assert_eq!(
        (world.ledger.fates(1, 0), world.ledger.fates(2, 0)),
        (vec![Completed; 2], vec![Lost, Completed])
    );
}

#[test]
fn chunks_in_flight_that_were_not_begun_are_sent_again_in_their_order() {
    let mut world = World::started(1, Some(1));
    world.submit_all((0..5).map(|id| chunk(1, id, 1)));
    world.run_to_task(0);
    world.die(0, &sigkill());
    world.start(0);
    assert_eq!(world.in_flight(0), [(1, 1), (1, 2), (1, 3), (1, 4)]);
    world.end();
}

#[test]
fn a_chunk_that_kills_two_receivers_before_it_begins_is_rejected() {
    let mut world = World::new(1);
    world.submit_all([chunk(1, 0, 3), chunk(1, 1, 1)]);
    for steps in [1, 2] {
        assert!(world.ledger.losses.is_empty());
        world.start(0);
        // Reads the function, and in the second round takes the chunk, but begins no task.
        for _ in 0..steps {
            world.step(0, FINE);
        }
        world.die(0, &sigkill());
    }
    assert!(
        matches!(world.ledger.losses[..], [Loss::Died { index: 0, .. }]),
        "no task ran: the first one is named"
    );
    assert_eq!(world.ledger.fates(1, 0), [Lost; 3]);
    world.end();
    assert_eq!(world.ledger.fates(1, 1), [Completed]);
}

#[test]
fn a_chunk_that_has_settled_tasks_does_not_count_its_receivers() {
    let mut world = World::started(1, None);
    world.submit(flagged(1, 0, 5, EACH));
    for _ in 0..4 {
        world.run_to_task(0);
        world.step(0, FINE);
        world.die(0, &sigkill());
        world.start(0);
    }
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 5]);
}

#[test]
fn chunks_behind_one_that_kills_its_worker_are_not_blamed() {
    let mut world = World::started(1, Some(1));
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1), chunk(2, 0, 1)]);
    for _ in 0..2 {
        world.die(0, &sigkill());
        world.tick(100);
        world.start(0);
    }
    world.end();
    assert_eq!(
        (world.ledger.fates(1, 1), world.ledger.fates(2, 0)),
        (vec![Completed], vec![Completed])
    );
}

#[test]
fn a_failure_ends_a_chunk_only_where_its_call_fails_as_a_whole() {
    for (flags, completed, cancelled) in [(0, 3, 0), (ChunkFlags::FAIL_FAST, 1, 2)] {
        let mut world = World::started(1, None);
        world.submit(flagged(1, 0, 3, flags));
        world.run_to_task(0);
        world.step(0, THROWS);
        world.end();
        let stats = world.scheduler.stats();
        assert_eq!((stats.completed, stats.failed, stats.cancelled), (completed, 1, cancelled));
    }
}

#[test]
fn a_task_of_a_cancelled_call_that_dies_is_not_reported() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 3));
    world.run_to_task(0);
    world.cancel(1, false);
    world.die(0, &sigkill());
    assert!(world.ledger.losses.is_empty());
    assert_eq!(world.scheduler.stats().cancelled, 3);
    world.end();
}

#[test]
fn every_task_of_a_chunk_may_kill_its_worker() {
    let mut world = World::started(2, Some(1));
    world.submit_all([flagged(1, 0, 6, EACH), flagged(1, 1, 6, EACH)]);
    while world.ledger.losses.len() < 12 {
        world.tick(500);
        for worker_id in 0..2 {
            if world.spawning.contains(&worker_id) {
                world.start(worker_id);
            }
            if !world.in_flight(worker_id).is_empty() {
                world.run_to_task(worker_id);
                world.die(worker_id, &sigkill());
            }
        }
    }
    world.end();
    assert_eq!(
        (world.ledger.fates(1, 0), world.ledger.fates(1, 1)),
        (vec![Lost; 6], vec![Lost; 6])
    );
}
