//! When workers are started, and what happens when they cannot be.

use std::time::Duration;

use super::ledger::Fate;
use super::process::FINE;
use super::world::{World, chunk, no_start, sigkill};
use crate::scheduler::{Chunk, Death, DefinitionId, Loss, WorkerId, WorkerState};

fn asked(world: &World) -> Vec<u32> {
    world.spawning.iter().copied().collect()
}

#[test]
fn a_worker_is_started_for_each_waiting_chunk_lowest_id_first() {
    let mut world = World::new(4);
    assert!(asked(&world).is_empty());
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 5)]);
    assert_eq!(asked(&world), [0, 1]);
    world.submit(chunk(1, 2, 1));
    assert_eq!(asked(&world), [0, 1, 2]);
    world.end();
}

#[test]
fn no_more_workers_are_started_than_the_pool_has() {
    let mut world = World::new(2);
    world.submit_all((0..10).map(|id| chunk(1, id, 1)));
    assert_eq!(asked(&world), [0, 1]);
    world.end();
}

#[test]
fn an_idle_worker_makes_a_start_needless() {
    let mut world = World::new(3);
    world.submit(chunk(1, 0, 1));
    world.rest();
    world.submit(chunk(1, 1, 1));
    assert_eq!(world.in_flight(0), [(1, 1)]);
    assert!(asked(&world).is_empty());
    world.end();
}

#[test]
fn the_lowest_idle_worker_gets_the_next_chunk() {
    let mut world = World::started(3, None);
    world.submit(chunk(1, 0, 1));
    world.submit(chunk(1, 1, 1));
    assert_eq!(
        (world.in_flight(0), world.in_flight(1), world.in_flight(2)),
        (vec![(1, 0)], vec![(1, 1)], vec![])
    );
    world.end();
}

#[test]
fn a_worker_that_is_not_ready_gets_nothing() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    world.spawn(0);
    assert!(world.in_flight(0).is_empty());
    assert_eq!(world.state(0), WorkerState::Starting);
    world.ready(0);
    assert_eq!(world.in_flight(0), [(1, 0)]);
    world.end();
}

#[test]
fn chunks_that_ran_in_a_batch_start_no_worker() {
    let mut world = World::new(3);
    world.submit_all([chunk(1, 0, 1), chunk(1, 1, 1)]);
    world.start(0);
    world.start(1);
    world.rest();
    // Both are in flight and begun: the first has run, its result waits for the second's.
    world.scheduler.costs.learn(DefinitionId(1), 1, 1);
    world.submit_all([chunk(2, 0, 1), chunk(2, 1, 1), chunk(3, 0, 1), chunk(3, 1, 1)]);
    assert!(world.spawning.remove(&2));
    world.die(2, &no_start());
    for worker_id in [0, 1] {
        world.run_to_task(worker_id);
        world.step(worker_id, FINE);
        world.run_to_task(worker_id);
    }
    world.tick(60);
    assert!(asked(&world).is_empty(), "{:?} {:?}", world.in_flight(0), world.in_flight(1));
    world.end();
}

#[test]
fn a_worker_that_cannot_start_is_tried_again_after_growing_pauses() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    let mut pauses = Vec::new();
    for _ in 0..2 {
        world.die(0, &no_start());
        assert!(asked(&world).is_empty(), "it is no crash loop");
        let deadline = world.scheduler.next_deadline().expect("a deadline for the next start");
        pauses.push(deadline.saturating_sub(world.scheduler.now));
        world.scheduler.tick(deadline);
        world.act();
        assert_eq!(asked(&world), [0]);
    }
    assert_eq!(pauses, [Duration::from_millis(50), Duration::from_millis(100)]);
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed]);
}

#[test]
fn three_starts_that_fail_reject_what_waits() {
    let mut world = World::new(1);
    world.submit_all([
        chunk(1, 0, 2),
        chunk(2, 0, 1),
        Chunk { only: Some(WorkerId(0)), ..chunk(3, 0, 1) },
    ]);
    for _ in 0..2 {
        world.die(0, &no_start());
        world.tick(200);
    }
    assert_eq!(world.ledger.count(Fate::Lost), 0);
    world.die(0, &no_start());
    assert_eq!(world.ledger.count(Fate::Lost), 4);
    let reason = "no such file".to_owned();
    assert!(
        world
            .ledger
            .losses
            .iter()
            .all(|loss| *loss == Loss::StartFailed { reason: reason.clone() })
    );
    assert_eq!(world.scheduler.next_deadline(), None);
    world.end();
}

#[test]
fn a_worker_that_dies_before_it_is_ready_counts_as_a_failed_start() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    for _ in 0..3 {
        world.spawn(0);
        world.die(0, &sigkill());
        world.tick(200);
    }
    let [Loss::StartFailed { reason }] = &world.ledger.losses[..] else {
        panic!("{:?}", world.ledger.losses)
    };
    assert!(reason.contains("signal 9"), "{reason}");
    world.end();
}

/// A start that somebody else ended.
fn killed_from_outside() -> Death {
    Death { is_by_outsider: true, ..sigkill() }
}

#[test]
fn starts_that_are_killed_from_outside_count_only_after_many() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    for round in 0..10 {
        assert_eq!(world.ledger.losses, [], "{round}");
        world.spawn(0);
        world.die(0, &killed_from_outside());
        world.tick(600);
    }
    assert_eq!(world.ledger.count(Fate::Lost), 1);
    world.end();
}

#[test]
fn starts_that_fail_beside_a_good_worker_reject_nothing() {
    let mut world = World::new(2);
    world.submit(chunk(1, 0, 1));
    world.start(0);
    world.run_to_task(0);
    world.submit_all([chunk(1, 1, 1), chunk(1, 2, 1)]);
    for _ in 0..20 {
        assert_eq!(asked(&world), [1]);
        world.die(1, &no_start());
        world.tick(600);
    }
    assert_eq!(world.ledger.losses, []);
    world.end();
    assert_eq!(world.ledger.count(Fate::Completed), 3);
}

#[test]
fn work_that_only_a_worker_that_cannot_start_may_do_is_rejected_beside_good_ones() {
    let mut world = World::new(2);
    world.submit(chunk(1, 0, 1));
    world.start(0);
    world.submit_all([0, 1].map(|only| Chunk { only: Some(WorkerId(only)), ..chunk(2, only, 1) }));
    for _ in 0..3 {
        world.die(1, &no_start());
        world.tick(600);
    }
    world.rest();
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
    assert_eq!(world.ledger.fates(2, 1), [Fate::Lost]);
    world.end();
}

#[test]
fn a_worker_that_is_not_ready_in_time_is_killed_and_has_failed_to_start() {
    let mut world = World::new(1);
    world.scheduler.start_timeout = Some(Duration::from_secs(60));
    world.submit(chunk(1, 0, 1));
    for _ in 0..3 {
        assert_eq!(world.ledger.losses, []);
        world.spawn(0);
        world.tick(59_999);
        assert!(world.killed.is_empty());
        world.tick(1);
        assert!(world.killed.contains(&0));
        assert_eq!(world.scheduler.next_deadline(), None, "it is dead, or about to be");
        world.die(0, &killed_from_outside());
        world.tick(200);
    }
    let reason = "a worker was not ready within 60000 ms".to_owned();
    assert_eq!(world.ledger.losses, [Loss::StartFailed { reason }]);
    world.end();
}

#[test]
fn a_worker_that_becomes_ready_clears_earlier_failures() {
    let mut world = World::new(1);
    for id in 0..5 {
        world.submit(chunk(1, id, 1));
        for _ in 0..2 {
            world.die(0, &no_start());
            world.tick(200);
        }
        world.rest();
        world.die(0, &sigkill());
    }
    assert_eq!(world.ledger.count(Fate::Completed), 5);
    world.end();
}

#[test]
fn the_pool_works_again_after_starts_have_failed() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    for _ in 0..3 {
        world.die(0, &no_start());
        world.tick(200);
    }
    world.submit(chunk(2, 0, 1));
    world.die(0, &no_start());
    assert_eq!(world.ledger.fates(2, 0), [Fate::Open], "it counts from one again");
    world.end();
    assert_eq!(world.ledger.fates(2, 0), [Fate::Completed]);
}

#[test]
fn an_idle_pool_has_no_deadline() {
    let mut world = World::started(2, None);
    assert_eq!(world.scheduler.next_deadline(), None);
    world.die(1, &sigkill());
    assert_eq!(world.scheduler.next_deadline(), None);
    assert!(asked(&world).is_empty());
    world.end();
}
