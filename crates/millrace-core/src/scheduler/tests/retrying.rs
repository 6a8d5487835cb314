//! Tasks that run again after their worker died or they were late.

use super::ledger::Fate::{Completed, Failed, Lost};
use super::process::{FINE, THROWS};
use super::world::{World, chunk, flagged, limited, sigkill};
use crate::scheduler::{Chunk, ChunkFlags, Loss, WorkerId};

fn retried(retries: u32, chunk: Chunk) -> Chunk {
    Chunk { retries, ..chunk }
}

#[test]
fn a_task_whose_worker_dies_runs_again_alone_on_another_worker_and_its_chunk_goes_on() {
    let mut world = World::started(2, None);
    world.submit(retried(1, flagged(1, 0, 4, ChunkFlags::EACH)));
    world.run_to_task(0);
    assert_eq!(world.run_to_task(0), (1, 0, 1));
    let before = world.scheduler.stats().submitted;
    world.die(0, &sigkill());
    assert_eq!(world.scheduler.workers[1].in_flight[0].chunk.unsettled(), 1, "alone");
    assert_eq!(world.run_to_task(1), (1, 0, 1));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 4]);
    assert_eq!(world.scheduler.stats().submitted, before, "it is still one task");
    assert_eq!(world.scheduler.stats().failed, 0);
}

#[test]
fn a_retry_prefers_to_start_another_worker() {
    let mut world = World::new(2);
    world.submit(retried(1, chunk(1, 0, 1)));
    world.start(0);
    world.run_to_task(0);
    world.die(0, &sigkill());
    assert_eq!(world.spawning.iter().copied().collect::<Vec<_>>(), [1]);
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed]);
}

#[test]
fn after_a_start_for_a_retry_the_lowest_id_starts_first_again() {
    let mut world = World::new(3);
    world.submit(retried(1, chunk(1, 0, 1)));
    world.start(0);
    world.run_to_task(0);
    world.die(0, &sigkill());
    world.start(1);
    world.run_to_task(1);
    world.submit(chunk(1, 1, 1));
    assert_eq!(world.spawning.iter().copied().collect::<Vec<_>>(), [0]);
    world.end();
}

#[test]
fn the_attempts_are_counted_and_the_last_loss_is_final() {
    let mut world = World::started(1, None);
    world.submit(retried(2, flagged(1, 0, 2, ChunkFlags::EACH)));
    for attempt in 0..3 {
        assert_eq!(world.run_to_task(0), (1, 0, 0));
        world.die(0, &sigkill());
        // Workers that die one after the other are started after a pause.
        world.tick(10_000);
        if attempt < 2 {
            world.start(0);
        }
    }
    assert!(matches!(world.ledger.losses[..], [Loss::Died { index: 0, has_begun: true, .. }]));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Lost, Completed]);
}

#[test]
fn a_late_task_runs_again_with_its_whole_time() {
    let mut world = World::started(1, None);
    world.submit(retried(1, limited(1, 0, 1, 0, 100)));
    world.run_to_task(0);
    world.tick(100);
    world.die(0, &sigkill());
    assert_eq!(world.ledger.losses, []);
    world.start(0);
    world.run_to_task(0);
    world.tick(99);
    assert!(world.killed.is_empty());
    world.tick(1);
    world.die(0, &sigkill());
    assert!(matches!(world.ledger.losses[..], [Loss::TimedOut { .. }]));
    world.end();
}

#[test]
fn a_task_that_threw_does_not_run_again() {
    let mut world = World::started(1, None);
    world.submit(retried(5, chunk(1, 0, 1)));
    world.run_to_task(0);
    world.step(0, THROWS);
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Failed]);
}

#[test]
fn a_task_that_never_began_costs_no_attempt() {
    let mut world = World::started(1, None);
    world.submit(retried(1, flagged(1, 0, 2, ChunkFlags::EACH)));
    // Before the first task, within it, and once more before it.
    for begins in [false, true, false] {
        if begins {
            world.run_to_task(0);
        }
        world.die(0, &sigkill());
        world.tick(10_000);
        world.start(0);
    }
    assert_eq!(world.ledger.losses, []);
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 2]);
}

#[test]
fn an_ordered_task_runs_again_on_its_own_worker() {
    let mut world = World::started(2, None);
    world.submit(Chunk { only: Some(WorkerId(1)), ..retried(1, chunk(1, 0, 1)) });
    world.run_to_task(1);
    world.die(1, &sigkill());
    world.start(1);
    assert_eq!(world.run_to_task(1), (1, 0, 0));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed]);
}

#[test]
fn a_failure_within_the_rest_of_the_chunk_does_not_drop_the_task_that_runs_again() {
    let mut world = World::started(2, None);
    world.submit(retried(1, flagged(1, 0, 3, ChunkFlags::EACH | ChunkFlags::FAIL_FAST)));
    world.run_to_task(0);
    world.die(0, &sigkill());
    assert_eq!(world.run_to_task(1), (1, 0, 0));
    world.start(0);
    assert_eq!(world.run_to_task(0), (1, 0, 1));
    world.step(0, THROWS);
    world.deliver(0);
    world.step(1, FINE);
    world.end();
    assert_eq!(world.ledger.fates(1, 0)[..2], [Completed, Failed]);
}

#[test]
fn a_call_that_ends_takes_its_attempts_with_it() {
    let mut world = World::started(1, None);
    world.submit(retried(3, chunk(1, 0, 1)));
    world.run_to_task(0);
    world.cancel(1, true);
    world.end();
    assert_eq!(world.ledger.losses, []);
    assert_eq!(world.scheduler.stats().cancelled, 1);
}
