//! A worker says what cannot be.

use super::ledger::Fate;
use super::process::Process;
use super::world::{World, chunk, flagged, sigkill};
use crate::scheduler::{ChunkFlags, ChunkSeq, Claims, ProtocolViolation, Settled, WorkerId};

/// Worker 0 runs the first of the three tasks of call 1, chunk 0, which has number 2.
fn running(flags: u32) -> World {
    let mut world = World::started(1, None);
    world.submit_all([flagged(1, 0, 3, flags), chunk(2, 0, 1)]);
    world.run_to_task(0);
    world
}

fn honest() -> Settled {
    Settled {
        seq: ChunkSeq(2),
        first: 0,
        count: 1,
        is_error: false,
        is_last: false,
        is_dropped: false,
        is_retiring: false,
        is_setup_failure: false,
        elapsed_us: 1,
    }
}

#[test]
fn outcomes_of_an_honest_worker_are_accepted() {
    let mut world = running(0);
    assert_eq!(world.take_in(0, honest()), Ok(()));
    let end = Settled { first: 1, count: 2, is_last: true, ..honest() };
    (1..3).for_each(|index| assert_eq!(world.run_to_task(0), (1, 0, index)));
    assert_eq!(world.take_in(0, end), Ok(()));
}

#[test]
fn an_outcome_that_does_not_continue_the_front_chunk_kills_its_worker() {
    let bad = [
        ("another chunk", Settled { seq: ChunkSeq(3), ..honest() }),
        ("a chunk of before", Settled { seq: ChunkSeq(1), ..honest() }),
        ("a task too far", Settled { first: 1, ..honest() }),
        ("no task of the chunk", Settled { first: u32::MAX, ..honest() }),
        ("more tasks than there are", Settled { count: 4, is_last: true, ..honest() }),
        ("more, and no end", Settled { count: 4, ..honest() }),
        ("far more", Settled { count: u32::MAX, is_last: true, ..honest() }),
        ("several failures at once", Settled { count: 2, is_error: true, ..honest() }),
        (
            "a failure of nothing",
            Settled { count: 0, is_error: true, is_last: true, is_dropped: true, ..honest() },
        ),
        ("an end too early", Settled { is_last: true, ..honest() }),
        ("all tasks and no end", Settled { count: 3, ..honest() }),
        (
            "an end of its own without a task",
            Settled { count: 0, is_last: true, is_dropped: true, is_retiring: true, ..honest() },
        ),
        ("tasks dropped and no end", Settled { is_dropped: true, ..honest() }),
    ];
    for (what, settled) in bad {
        let mut world = running(0);
        assert_eq!(
            world.take_in(0, settled),
            Err(ProtocolViolation { worker_id: WorkerId(0) }),
            "{what}"
        );
        world.act();
        assert!(world.killed.contains(&0), "{what}");
        world.end();
        assert_eq!(
            world.ledger.fates(1, 0),
            [Fate::Lost, Fate::Completed, Fate::Completed],
            "{what}"
        );
        assert_eq!(world.ledger.fates(2, 0), [Fate::Completed], "{what}");
    }
}

#[test]
fn dropping_tasks_that_somebody_waits_for_kills_the_worker() {
    let dropping = Settled { is_last: true, is_dropped: true, ..honest() };
    let nothing = Settled { count: 0, ..dropping };
    let failure = Settled { is_error: true, ..dropping };
    let bad = [
        (0, nothing),
        (0, dropping),
        (0, failure),
        (ChunkFlags::FAIL_FAST, nothing),
        (ChunkFlags::FAIL_FAST, dropping),
    ];
    for (flags, settled) in bad {
        let mut world = running(flags);
        assert_eq!(
            world.take_in(0, settled),
            Err(ProtocolViolation { worker_id: WorkerId(0) }),
            "{flags} {settled:?}"
        );
        world.act();
        world.end();
        assert_eq!(world.ledger.fates(1, 0), [Fate::Lost, Fate::Completed, Fate::Completed]);
    }
}

#[test]
fn an_outcome_from_a_worker_with_nothing_in_flight_kills_it() {
    let mut world = World::started(1, None);
    assert_eq!(world.take_in(0, honest()), Err(ProtocolViolation { worker_id: WorkerId(0) }));
    world.act();
    assert!(world.killed.contains(&0));
    world.submit(chunk(1, 0, 1));
    assert!(world.in_flight(0).is_empty(), "a dying worker gets nothing");
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Completed]);
}

#[test]
fn an_outcome_before_ready_is_a_failed_start() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 1));
    for _ in 0..3 {
        assert_eq!(world.spawning.len(), 1);
        world.spawn(0);
        assert_eq!(world.take_in(0, honest()), Err(ProtocolViolation { worker_id: WorkerId(0) }));
        world.die(0, &sigkill());
        world.tick(200);
    }
    assert_eq!(world.ledger.fates(1, 0), [Fate::Lost]);
    world.end();
}

#[test]
fn a_chunk_is_rejected_if_workers_lie_about_receiving_it() {
    let mut world = World::new(1);
    world.submit(chunk(1, 0, 2));
    for _ in 0..2 {
        world.start(0);
        assert!(world.take_in(0, Settled { seq: ChunkSeq(77), ..honest() }).is_err());
        world.die(0, &sigkill());
    }
    assert_eq!(world.ledger.fates(1, 0), [Fate::Lost; 2]);
    world.end();
}

#[test]
fn tasks_that_a_misbehaving_worker_ran_unreported_do_not_run_again() {
    let mut world = World::started(1, Some(1));
    world.ledger.has_liars = true;
    world.submit_all([chunk(1, 0, 1), chunk(2, 0, 2)]);
    assert_eq!((world.run_to_task(0), world.run_to_task(0)), ((1, 0, 0), (2, 0, 0)));
    // The result of call 1 was sent before call 2 began, but behind a lie: nobody reads it.
    world.process(0).sent.push_front(Settled { seq: ChunkSeq(77), ..honest() });
    world.cancel(2, false);
    world.die(0, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(1, 0), [Fate::Lost]);
}

#[test]
fn claim_words_full_of_nonsense_settle_each_task_once() {
    for task in [0, 1, 2, 3, 4, 5, 1 << 29, (1 << 30) - 1] {
        let mut world = running(0);
        let process: &mut Process = world.process(0);
        process.words.begin_task(task);
        world.ledger.has_liars = true;
        world.die(0, &sigkill());
        // Which task is taken for the running one is the misbehaving worker's own harm; that each settles is not.
        assert!(
            world.ledger.fates(1, 0).iter().all(|fate| [Fate::Open, Fate::Lost].contains(fate))
        );
        assert_eq!(world.ledger.fates(2, 0), [Fate::Open]);
    }
}

#[test]
fn a_worker_that_offers_a_cancelled_chunk_again_does_not_have_it_run_elsewhere() {
    let mut world = World::started(1, Some(10));
    world.ledger.has_liars = true;
    world.submit_all([chunk(1, 0, 1), chunk(2, 0, 1)]);
    let seqs: Vec<ChunkSeq> =
        world.scheduler.workers[0].in_flight.iter().map(|sent| sent.seq).collect();
    for seq in &seqs {
        assert!(world.process(0).words.begin_chunk(seq.0));
    }
    world.cancel(2, false);
    world.process(0).words.offer(seqs[1]);
    world.submit_all([chunk(1, 1, 1)]);
    world.scheduler.recycle();
    world.act();
    world.scheduler.workers.at(WorkerId(0)).look_at_begun();
    assert_eq!(world.scheduler.workers[0].in_flight.stealable(), 0);
    world.die(0, &sigkill());
    world.end();
    assert_eq!(world.ledger.fates(2, 0), [Fate::Cancelled]);
}
