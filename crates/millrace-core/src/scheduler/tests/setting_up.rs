//! Workers that set themselves up, and those that fail at it.

use std::sync::Arc;
use std::time::Duration;

use super::world::{World, chunk, limited, sigkill};
use crate::scheduler::{
    Cause, Chunk, Death, Definition, DefinitionId, Lateness, Settled, Setup, SetupFailure, Verdict,
    WorkerId, WorkerState,
};

const LIMIT: u64 = 100;

fn setup(id: u32, limit_ms: Option<u64>) -> Arc<Definition> {
    let needs = vec![Arc::new(Definition::new(DefinitionId(50), Box::default()))];
    let limit = limit_ms.map(Duration::from_millis);
    let setup = Setup { needs, limit, exit_limit: Some(Duration::from_millis(LIMIT)) };
    Arc::new(Definition::of_setup(DefinitionId(id), Box::default(), setup))
}

fn with(setup: &Arc<Definition>, chunk: Chunk) -> Chunk {
    Chunk { setup: Some(Arc::clone(setup)), ..chunk }
}

/// Worker 0 has begun the first task of the chunk, and sets itself up for it.
fn setting_up(chunk: Chunk) -> World {
    let mut world = World::started(1, None);
    world.submit(chunk);
    world.run_to_task(0);
    let now_ms = world.scheduler.now.as_millis() as u32;
    world.process(0).words.note_setup(now_ms);
    world
}

#[test]
fn a_worker_gets_the_setup_and_what_it_needs_once_and_before_the_chunk() {
    let one = setup(60, None);
    let mut world = World::started(1, None);
    for id in 0..3 {
        world.submit(with(&one, chunk(1, id, 1)));
    }
    assert_eq!(world.run_to_task(0), (1, 0, 0));
    assert!(world.process(0).known.contains(&DefinitionId(50)));
    assert!(world.process(0).known.contains(&DefinitionId(60)));
    world.rest();
    world.submit(chunk(2, 0, 1));
    world.run_to_task(0);
    assert_eq!(world.process(0).setup, None, "this call needs none");
    world.submit(with(&setup(61, None), chunk(3, 0, 1)));
    world.rest();
    assert_eq!(world.process(0).setup, Some(DefinitionId(61)));
    world.end();
}

#[test]
fn a_worker_that_dies_while_it_sets_itself_up_is_not_replaced_for_that_setup() {
    let one = setup(60, None);
    let mut world = setting_up(with(&one, chunk(1, 0, 3)));
    world.submit(with(&one, chunk(2, 0, 1)));
    world.die(0, &sigkill());
    let died = SetupFailure::Died { code: None, signal: Some(9), cause: Cause::Unknown };
    assert_eq!(world.failed_setups, [died]);
    assert!(world.spawning.is_empty(), "nothing waits");
    let stats = world.scheduler.stats();
    assert_eq!((stats.failed, stats.cancelled), (1, 3));
    world.submit(with(&one, chunk(3, 0, 1)));
    assert!(world.spawning.is_empty(), "the setup stays failed");
    world.submit(with(&setup(61, None), chunk(4, 0, 1)));
    world.end();
}

#[test]
fn other_work_goes_on() {
    let one = setup(60, None);
    let mut world = setting_up(with(&one, chunk(1, 0, 1)));
    world.submit(chunk(2, 0, 1));
    world.die(0, &sigkill());
    assert!(world.spawning.contains(&0));
    world.end();
}

#[test]
fn a_setup_that_takes_too_long_is_killed_and_nobody_takes_its_place() {
    let mut world = setting_up(with(&setup(60, Some(LIMIT)), chunk(1, 0, 1)));
    world.tick(LIMIT - 1);
    assert!(world.killed.is_empty());
    world.tick(1);
    assert!(world.killed.contains(&0));
    world.die(0, &sigkill());
    let limit = Duration::from_millis(LIMIT);
    assert_eq!(world.failed_setups, [SetupFailure::TimedOut { limit }]);
    assert!(world.spawning.is_empty());
    world.end();
}

#[test]
fn a_setup_counts_neither_as_the_task_nor_as_loading() {
    let mut world = setting_up(with(&setup(60, None), limited(1, 0, 1, 0, LIMIT)));
    world.scheduler.start_timeout = Some(Duration::from_millis(LIMIT));
    (0..10 * LIMIT).for_each(|_| world.tick(1));
    assert!(world.killed.is_empty());
    let now_ms = world.scheduler.now.as_millis() as u32;
    world.process(0).words.note_begin(now_ms);
    (0..=LIMIT).for_each(|_| world.tick(1));
    assert!(world.killed.contains(&0), "the task is late");
    world.end();
}

#[test]
fn a_worker_that_leaves_has_the_time_of_its_setups_and_then_the_usual_one() {
    let mut world = World::started(1, None);
    world.submit(with(&setup(60, None), chunk(1, 0, 1)));
    world.rest();
    world.close();
    assert_eq!(world.state(0), WorkerState::Leaving);
    assert!(world.scheduler.exit_result(WorkerId(0)).is_ok());
    world.tick(LIMIT - 1);
    assert!(world.scheduler.exit_done(WorkerId(0)).is_ok());
    world.tick(LIMIT);
    assert!(world.killed.is_empty());
    world.die(0, &Death { code: Some(0), ..Death::default() });
    assert_eq!(world.unfinished_exits, []);
}

#[test]
fn a_worker_that_does_not_finish_is_killed_and_reported() {
    for dies in [false, true] {
        let mut world = World::started(1, None);
        world.submit(with(&setup(60, None), chunk(1, 0, 1)));
        world.rest();
        world.recycle();
        if !dies {
            world.tick(LIMIT);
            assert!(world.killed.contains(&0));
        }
        world.die(0, &sigkill());
        let late = Lateness::TimedOut(Duration::from_millis(LIMIT));
        assert_eq!(world.unfinished_exits, [if dies { Lateness::Died } else { late }]);
    }
}

#[test]
fn a_worker_that_does_not_leave_has_no_results_of_leaving() {
    let mut world = World::started(1, None);
    world.submit(with(&setup(60, None), chunk(1, 0, 1)));
    world.rest();
    assert!(world.scheduler.exit_result(WorkerId(0)).is_err());
    world.act();
    assert!(world.killed.contains(&0));
    let mut world = World::started(1, None);
    world.close();
    assert!(world.scheduler.exit_result(WorkerId(0)).is_err(), "it has no setup");
}

#[test]
fn a_setup_that_throws_ends_its_chunk_and_all_that_wait() {
    let one = setup(60, None);
    let mut world = setting_up(with(&one, chunk(1, 0, 3)));
    world.submit(with(&one, chunk(2, 0, 1)));
    let seq = world.scheduler.workers[0].in_flight[0].seq;
    let settled = Settled {
        seq,
        first: 0,
        count: 1,
        is_error: true,
        is_last: true,
        is_dropped: true,
        is_retiring: false,
        is_setup_failure: true,
        elapsed_us: 1,
    };
    let verdict = world.scheduler.outcome(WorkerId(0), settled).expect("it is possible");
    let failed = DefinitionId(60);
    assert!(matches!(verdict, Verdict::SetupFailed { setup, .. } if setup == failed));
    world.fail_setup(failed);
    world.act();
    assert_eq!(world.scheduler.workers()[0].tasks_done, 1, "the setup is no task");
    assert_eq!(world.scheduler.stats().queued, 0);
    assert!(world.killed.is_empty());
}
