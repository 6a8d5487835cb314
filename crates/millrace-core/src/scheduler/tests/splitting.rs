//! A running chunk is split when a worker is idle.

use super::ledger::Fate::{self, Completed, Failed, Lost};
use super::process::{Ending, FILLS, FINE, Step, THROWS};
use super::world::{World, chunk, flagged, limited, sigkill};
use crate::scheduler::{Chunk, ChunkFlags, ChunkSeq, Settled, WorkerId};

const EACH: u32 = ChunkFlags::EACH;
const FAIL_FAST: u32 = ChunkFlags::FAIL_FAST;

/// Two workers; the first one has begun the chunk, which stays on its task for a while.
fn long_task(chunk: Chunk) -> World {
    let mut world = World::started(2, None);
    world.submit(chunk);
    world.run_to_task(0);
    world.tick(4);
    world
}

/// The same, and the rest was taken back.
fn split(chunk: Chunk) -> World {
    let mut world = long_task(chunk);
    world.tick(4);
    assert_eq!(open(&world, 0), 1, "it is not split");
    world
}

/// Tasks in flight at a worker.
fn open(world: &World, worker_id: u32) -> u32 {
    let in_flight = &world.scheduler.workers[worker_id as usize].in_flight;
    in_flight.iter().map(|sent| sent.chunk.unsettled()).sum()
}

/// Steps until the worker rests, and delivers what it has sent.
fn finish(world: &mut World, worker_id: u32) -> Vec<u32> {
    let mut begun = Vec::new();
    loop {
        match world.step(worker_id, FINE) {
            Step::Began { index, .. } => begun.push(index),
            Step::Moved => {}
            Step::Rest => break,
        }
    }
    world.deliver(worker_id);
    begun
}

#[test]
fn an_idle_worker_gets_half_of_the_rest_and_the_next_free_worker_the_other() {
    for flags in [0, EACH, FAIL_FAST, EACH | FAIL_FAST] {
        let mut world = split(flagged(1, 0, 9, flags));
        assert_eq!((open(&world, 0), open(&world, 1)), (1, 4));
        assert_eq!(world.scheduler.stats().queued, 7);
        assert_eq!(finish(&mut world, 0), [] as [u32; 0], "task 0 ends, and no other begins");
        assert_eq!(finish(&mut world, 0), [5, 6, 7, 8]);
        assert_eq!(finish(&mut world, 1), [1, 2, 3, 4]);
        world.end();
        assert_eq!(world.ledger.fates(1, 0), [Completed; 9]);
    }
}

#[test]
fn several_idle_workers_share_the_rest() {
    let mut world = World::started(3, None);
    world.submit(chunk(1, 0, 9));
    world.run_to_task(0);
    world.tick(4);
    world.tick(4);
    assert_eq!((open(&world, 0), open(&world, 1), open(&world, 2)), (1, 4, 4));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 9]);
}

#[test]
fn a_piece_is_split_again() {
    let mut world = split(chunk(1, 0, 9));
    assert_eq!(finish(&mut world, 1), [1, 2, 3, 4]);
    // It has the other half now.
    assert_eq!(world.run_to_task(1), (1, 0, 5));
    finish(&mut world, 0);
    world.tick(4);
    world.tick(4);
    assert_eq!((open(&world, 0), open(&world, 1)), (3, 1));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 9]);
}

#[test]
fn the_last_task_of_a_rest_goes_alone() {
    let mut world = split(chunk(1, 0, 2));
    assert_eq!(open(&world, 1), 1);
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 2]);
}

#[test]
fn some_chunks_are_never_split() {
    let ordered = Chunk { only: Some(WorkerId(0)), ..chunk(1, 0, 9) };
    for (what, kept) in [("ordered", ordered), ("alone", chunk(1, 0, 1))] {
        let mut world = long_task(kept);
        assert_eq!(world.scheduler.next_deadline(), None, "{what}: nothing to look at");
        world.tick(1_000);
        assert!(world.in_flight(1).is_empty(), "{what}");
        world.end();
    }
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 9));
    world.run_to_task(0);
    assert_eq!(world.scheduler.next_deadline(), None, "nobody is idle");
    world.end();
}

#[test]
fn a_rest_that_is_cheap_at_the_pace_of_its_chunk_stays() {
    let mut world = World::started(2, None);
    world.submit(chunk(1, 0, 200));
    world.run_to_task(0);
    world.tick(4);
    // 180 tasks in 4 milliseconds: the 19 that are left take less than half of one.
    (0..180).for_each(|_| assert_eq!(world.run_to_task(0).0, 1));
    world.tick(4);
    assert!(world.in_flight(1).is_empty());
    // Now one of them takes long.
    world.tick(4);
    assert_eq!((open(&world, 0), open(&world, 1)), (181, 10));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 200]);
}

#[test]
fn a_rest_that_is_long_at_the_pace_of_its_chunk_is_split_while_it_moves() {
    let mut world = World::started(2, None);
    world.submit(chunk(1, 0, 200));
    world.run_to_task(0);
    world.tick(4);
    (0..20).for_each(|_| assert_eq!(world.run_to_task(0).0, 1));
    world.tick(4);
    assert_eq!((open(&world, 0), open(&world, 1)), (21, 90));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 200]);
}

#[test]
fn a_large_payload_is_sent_again_only_after_a_longer_run() {
    let payload = vec![0; 2_000_000].into();
    let mut world = long_task(Chunk { payload, ..chunk(1, 0, 9) });
    world.tick(15);
    assert!(world.in_flight(1).is_empty());
    world.tick(5);
    assert_eq!(open(&world, 1), 4);
    world.end();
}

#[test]
fn there_is_no_deadline_without_work_or_if_no_chunk_can_be_split() {
    let mut world = split(chunk(1, 0, 2));
    assert_eq!(world.scheduler.next_deadline(), None, "both are on their last task");
    world.rest();
    assert_eq!(world.scheduler.next_deadline(), None);
    world.end();
}

#[test]
fn pieces_keep_limits_attempts_and_call() {
    let mut world = split(Chunk { retries: 1, ..limited(1, 0, 3, 0, 100) });
    assert_eq!(world.run_to_task(1), (1, 0, 1));
    world.tick(100);
    assert_eq!(world.killed.iter().copied().collect::<Vec<_>>(), [0, 1]);
    world.die(0, &sigkill());
    world.die(1, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 3], "each has another attempt");
}

#[test]
fn a_worker_too_old_for_the_rest_leaves_it_to_its_replacement() {
    let aged = |call_id, id, count| Chunk { lifespan: Some(2), ..chunk(call_id, id, count) };
    let mut world = World::new(2);
    world.submit_all([chunk(0, 0, 1), aged(0, 1, 1)]);
    world.start(0);
    world.start(1);
    world.rest();
    world.submit(aged(1, 0, 4));
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 4]);
}

/// Whichever of the two dies, and whether it has seen that it may not go on.
#[test]
fn a_death_of_either_worker_costs_its_running_task_alone() {
    for flags in [0, EACH] {
        for (worker_id, lost) in [(0, 0), (1, 1)] {
            let mut world = split(flagged(1, 0, 6, flags));
            world.run_to_task(1);
            world.die(worker_id, &sigkill());
            world.end();
            let mut fates = [Completed; 6];
            fates[lost] = Lost;
            assert_eq!(world.ledger.fates(1, 0), fates, "worker {worker_id}");
        }
    }
}

#[test]
fn a_death_behind_the_cut_costs_nothing() {
    for has_seen in [false, true] {
        let mut world = split(flagged(1, 0, 5, EACH));
        // The running task ends, and its outcome is delivered.
        world.step(0, FINE);
        world.deliver(0);
        if has_seen {
            // It gives back the rest, and that is not delivered.
            world.step(0, FINE);
        }
        world.die(0, &sigkill());
        world.end();
        assert_eq!(world.ledger.fates(1, 0), [Completed; 5], "it has seen the cut: {has_seen}");
        assert!(world.ledger.losses.is_empty());
    }
}

#[test]
fn a_death_before_the_other_half_begins_costs_nothing() {
    let mut world = split(chunk(1, 0, 5));
    world.die(1, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 5]);
}

#[test]
fn a_cancelled_call_takes_all_its_pieces() {
    for kill_after in [None, Some(0), Some(50)] {
        for is_done in [false, true] {
            let mut world = split(flagged(1, 0, 9, EACH));
            world.run_to_task(1);
            if is_done {
                world.step(0, FINE);
                world.deliver(0);
            }
            world.cancel_by(1, kill_after);
            assert_eq!(world.killed.contains(&0), !is_done && kill_after == Some(0));
            world.end();
        }
    }
}

#[test]
fn a_failure_ends_only_its_own_piece() {
    for flags in [EACH, EACH | FAIL_FAST, FAIL_FAST] {
        let mut world = split(flagged(1, 0, 5, flags));
        world.step(0, THROWS);
        world.end();
        let fates = world.ledger.fates(1, 0);
        assert_eq!((fates[0], &fates[1..]), (Failed, &[Completed; 4][..]));
    }
}

#[test]
fn a_worker_that_retires_in_its_part_gives_back_nothing_twice() {
    for ending in [FILLS, Ending { is_error: true, ..FILLS }] {
        let mut world = split(flagged(1, 0, 5, EACH));
        world.step(0, ending);
        world.end();
        assert_eq!(world.ledger.count(Fate::Open), 0);
        assert_eq!(world.ledger.fates(1, 0)[1..], [Completed; 4]);
    }
}

#[test]
fn recycling_and_closing_while_a_chunk_is_split() {
    let mut world = split(chunk(1, 0, 5));
    world.recycle();
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 5]);
    let mut world = split(chunk(1, 0, 5));
    world.close();
    world.rest();
    assert!(world.is_closed);
    assert_eq!(world.ledger.fates(1, 0), [Completed; 5]);
    let mut world = split(chunk(1, 0, 5));
    world.terminate();
    world.end();
}

#[test]
fn an_urgent_chunk_goes_ahead_of_the_rest_of_a_running_chunk() {
    for cost_us in [None, Some(1)] {
        let mut world = World::started(1, cost_us);
        world.submit(chunk(1, 0, 9));
        world.run_to_task(0);
        world.submit(flagged(2, 0, 1, ChunkFlags::URGENT));
        world.tick(4);
        assert_eq!(world.run_to_task(0), (2, 0, 0), "right behind the task that ran");
        assert_eq!(world.run_to_task(0), (1, 0, 1));
        world.end();
        assert_eq!(world.ledger.fates(1, 0), [Completed; 9]);
    }
}

#[test]
fn one_urgent_chunk_takes_back_one_rest_and_none_of_an_ordered_call() {
    let mut world = World::started(3, None);
    world.submit_all([chunk(1, 0, 9), chunk(1, 1, 20)]);
    world.submit(Chunk { only: Some(WorkerId(2)), ..chunk(1, 2, 99) });
    (0..3).for_each(|worker_id| assert_eq!(world.run_to_task(worker_id).0, 1));
    world.submit(flagged(2, 0, 1, ChunkFlags::URGENT));
    world.tick(4);
    assert_eq!((open(&world, 0), open(&world, 1), open(&world, 2)), (9, 1, 99));
    assert_eq!(world.scheduler.next_deadline(), None);
    world.end();
    assert_eq!(world.ledger.count(Completed), 9 + 20 + 99 + 1 + 3);
}

#[test]
fn a_stream_of_urgent_chunks_leaves_turns_to_a_chunk_that_gives_way() {
    let mut world = World::started(1, None);
    world.submit(chunk(1, 0, 9));
    let mut ran = Vec::new();
    for id in 0..60 {
        world.submit(flagged(2, id, 1, ChunkFlags::URGENT));
        world.tick(4);
        world.tick(4);
        ran.push(world.run_to_task(0).0);
        world.step(0, FINE);
        world.process(0).flush();
        world.deliver(0);
    }
    assert!(ran.iter().filter(|call_id| **call_id == 1).count() >= 7, "{ran:?}");
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Completed; 9]);
}

fn says(world: &mut World, first: u32, count: u32, is_last: bool, is_dropped: bool) -> bool {
    let seq = world.scheduler.workers[0].in_flight[0].seq;
    let (is_error, is_retiring) = (false, false);
    let elapsed_us = 1;
    let settled = Settled {
        seq,
        first,
        count,
        is_error,
        is_last,
        is_dropped,
        is_retiring,
        is_setup_failure: false,
        elapsed_us,
    };
    world.take_in(0, settled).is_ok()
}

#[test]
fn a_worker_that_lies_about_a_chunk_that_was_split_is_killed() {
    let lies: [&[(u32, u32, bool, bool)]; 6] = [
        // It answers for tasks beyond the cut, in one or after its own.
        &[(0, 2, false, false)],
        &[(0, 5, true, false)],
        &[(0, 1, false, false), (1, 1, false, false)],
        // It gives back its running task.
        &[(0, 0, true, true)],
        // It has come to the end without giving back the rest.
        &[(0, 1, true, false)],
        // It gives back the rest twice.
        &[(0, 1, true, true), (1, 0, true, true)],
    ];
    for lie in lies {
        let mut world = split(chunk(1, 0, 5));
        world.ledger.has_liars = true;
        let (last, before) = lie.split_last().expect("a lie");
        for (first, count, is_last, is_dropped) in before {
            assert!(says(&mut world, *first, *count, *is_last, *is_dropped), "{lie:?}");
        }
        let (first, count, is_last, is_dropped) = *last;
        if world.scheduler.workers[0].in_flight.is_empty() {
            world.act();
            let settled = Settled {
                seq: ChunkSeq(1),
                first,
                count,
                is_error: false,
                is_last,
                is_dropped,
                is_retiring: false,
                is_setup_failure: false,
                elapsed_us: 1,
            };
            assert!(world.scheduler.outcome(WorkerId(0), settled).is_err(), "{lie:?}");
        } else {
            assert!(!says(&mut world, first, count, is_last, is_dropped), "{lie:?}");
        }
        world.act();
        assert!(world.killed.contains(&0), "{lie:?}");
        world.process(0).sent.clear();
        world.end();
        assert_eq!(world.ledger.fates(1, 0)[1..], [Completed; 4], "{lie:?}");
    }
}

#[test]
fn a_worker_that_never_gives_back_the_rest_delays_nothing_else() {
    let mut world = split(flagged(1, 0, 5, EACH));
    world.step(0, FINE);
    world.deliver(0);
    // Worker 1 runs all the rest.
    for index in 1..5 {
        assert_eq!(world.run_to_task(1), (1, 0, index));
    }
    finish(&mut world, 1);
    assert_eq!(world.ledger.fates(1, 0), [Completed; 5]);
    world.end();
}
