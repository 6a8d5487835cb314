//! The claim word and the chunk slots under every order of events that loom can find.
#![cfg(loom)]

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use millrace_core::testing::channel::claim::{
    CONDEMNED, ChunkState, Chunks, Claim, Position, Refused, TaskRange,
};

const WRAPPED: u32 = u32::MAX >> 2;

/// A worker that runs the chunk of tasks `first`, `first + 1`, ... and stops where it is refused; returns how far it came.
fn run_chunk(claim: Claim<'_>, mut at: u32, tasks: &[u32]) -> (u32, Result<(), Refused>) {
    for task in tasks {
        if let Err(refused) = claim.begin(at, *task) {
            return (at, Err(refused));
        }
        at = *task;
    }
    (at, Ok(()))
}

#[test]
fn a_worker_condemned_in_time_begins_nothing_more() {
    for tasks in [[1, 2, 3], [WRAPPED, 0, 1]] {
        loom::model(move || {
            let word = Arc::new(AtomicU32::new((tasks[0] - 1) << 2));
            let shared = Arc::clone(&word);
            let worker =
                thread::spawn(move || run_chunk(Claim::new(&shared), tasks[0] - 1, &tasks));
            let late = TaskRange { first: tasks[0], last: tasks[1] };
            let condemned = Claim::new(&word).condemn(late);
            let (reached, ended) = worker.join().unwrap();
            let position = Claim::new(&word).current();
            if let Some(k) = condemned {
                assert!(late.contains(k));
                assert_eq!((reached, ended), (k, Err(Refused::Condemned)));
                assert_eq!(position, Position { k, flags: CONDEMNED });
            } else {
                assert_eq!((reached, ended), (tasks[2], Ok(())));
                assert_eq!(position, Position { k: tasks[2], flags: 0 });
            }
        });
    }
}

/// The worker gives up the rest of the skipped chunk only, and every flag is acknowledged.
#[test]
fn a_skip_ends_its_chunk_and_no_other() {
    loom::model(|| {
        let word = Arc::new(AtomicU32::new(0));
        let shared = Arc::clone(&word);
        let worker = thread::spawn(move || {
            let claim = Claim::new(&shared);
            let (at, ended) = run_chunk(claim, 0, &[1, 2]);
            if let Err(refused) = ended {
                assert_eq!(refused, Refused::Skip);
                claim.acknowledge_skip(at).unwrap();
            }
            let ended_at_two = ended.is_ok();
            // The chunk of task 3 comes next, whatever became of the first.
            let late_skip = claim.begin(at, 3).is_err_and(|refused| {
                assert_eq!(refused, Refused::Skip);
                claim.acknowledge_skip(at).unwrap();
                claim.begin(at, 3).unwrap();
                true
            });
            (at, ended_at_two, late_skip)
        });
        let skipped = Claim::new(&word).skip(TaskRange { first: 1, last: 2 });
        let (at, ended_at_two, late_skip) = worker.join().unwrap();
        match skipped {
            Some(1) => assert_eq!((at, ended_at_two, late_skip), (1, false, false)),
            Some(k) => assert_eq!((k, at, ended_at_two, late_skip), (2, 2, true, true)),
            None => assert_eq!((at, ended_at_two, late_skip), (2, true, false)),
        }
        assert_eq!(Claim::new(&word).current(), Position { k: 3, flags: 0 });
    });
}

/// A chunk that is split: the worker runs the tasks up to the one it was stopped behind, the parent has all others. None is
/// run by both, none by nobody, and the next chunk begins.
#[test]
fn a_split_leaves_each_task_to_one_side() {
    for tasks in [[1, 2, 3], [WRAPPED, 0, 1]] {
        loom::model(move || {
            let before = tasks[0].wrapping_sub(1) & WRAPPED;
            let word = Arc::new(AtomicU32::new(before << 2));
            let shared = Arc::clone(&word);
            let worker = thread::spawn(move || {
                let claim = Claim::new(&shared);
                let (at, ended) = run_chunk(claim, before, &tasks);
                if let Err(refused) = ended {
                    assert_eq!(refused, Refused::Skip);
                    claim.acknowledge_skip(at).unwrap();
                }
                // The next chunk; a flag may still be there that came too late for the one before.
                if claim.begin(at, 9).is_err() {
                    claim.acknowledge_skip(at).unwrap();
                    claim.begin(at, 9).unwrap();
                }
                at
            });
            let claim = Claim::new(&word);
            // As the parent does: it looks first, and splits only where a rest is left.
            let whole = TaskRange { first: tasks[0], last: tasks[2] };
            let seen = claim.current().k;
            let stopped = if whole.contains(seen) && seen != tasks[2] {
                claim.skip(TaskRange { first: seen, last: tasks[2] })
            } else {
                None
            };
            let ran_last = worker.join().unwrap();
            assert_eq!(ran_last, stopped.unwrap_or(tasks[2]));
            assert_eq!(claim.current(), Position { k: 9, flags: 0 });
        });
    }
}

/// The worker of a split chunk is killed for its running task, or is not: the rest is the parent's in either case.
#[test]
fn a_split_holds_when_its_worker_is_condemned() {
    loom::model(|| {
        let word = Arc::new(AtomicU32::new(1 << 2));
        let shared = Arc::clone(&word);
        let worker = thread::spawn(move || run_chunk(Claim::new(&shared), 1, &[2, 3]));
        let claim = Claim::new(&word);
        let stopped = claim.skip(TaskRange { first: 1, last: 3 });
        let condemned = claim.condemn(TaskRange { first: 1, last: 3 });
        let (reached, ended) = worker.join().unwrap();
        assert_eq!(stopped, Some(reached));
        assert_eq!(condemned, stopped);
        match ended {
            Ok(()) => assert_eq!(reached, 3),
            Err(refused) => assert!(matches!(refused, Refused::Skip | Refused::Condemned)),
        }
    });
}

/// Skip, acknowledgement and condemnation may cross; the condemnation is never lost.
#[test]
fn a_condemnation_survives_an_acknowledgement() {
    loom::model(|| {
        let word = Arc::new(AtomicU32::new(1 << 2));
        assert_eq!(Claim::new(&word).skip(TaskRange::only(1)), Some(1));
        let shared = Arc::clone(&word);
        let worker = thread::spawn(move || {
            let claim = Claim::new(&shared);
            claim.acknowledge_skip(1).and_then(|()| claim.begin(1, 2))
        });
        let condemned = Claim::new(&word).condemn(TaskRange::only(1));
        match (worker.join().unwrap(), condemned) {
            (Err(refused), Some(1)) => assert_eq!(refused, Refused::Condemned),
            (Ok(()), None) => assert_eq!(Claim::new(&word).current(), Position { k: 2, flags: 0 }),
            other => panic!("both or none won: {other:?}"),
        }
    });
}

/// What a worker published of a task is there for whoever sees that the next one has begun.
#[test]
fn who_sees_a_task_begun_finds_the_result_of_the_one_before() {
    loom::model(|| {
        let shared = Arc::new((AtomicU32::new(1 << 2), AtomicU32::new(0)));
        let worker = Arc::clone(&shared);
        let worker = thread::spawn(move || {
            worker.1.store(7, Ordering::Relaxed);
            Claim::new(&worker.0).begin(1, 2)
        });
        let claim = Claim::new(&shared.0);
        if claim.current().k == 2 || claim.condemn(TaskRange::only(1)).is_none() {
            assert_eq!(shared.1.load(Ordering::Relaxed), 7);
        }
        let _ = worker.join().unwrap();
    });
}

/// A limit is judged by when the task began: whoever sees the task begun sees its own beginning, not that of the one before.
#[test]
fn who_sees_a_task_begun_finds_when_it_began() {
    loom::model(|| {
        let shared = Arc::new((AtomicU32::new(1 << 2), AtomicU32::new(100)));
        let worker = Arc::clone(&shared);
        let worker = thread::spawn(move || {
            worker.1.store(200, Ordering::Relaxed);
            Claim::new(&worker.0).begin(1, 2)
        });
        let claim = Claim::new(&shared.0);
        if claim.current().k == 2 {
            assert_eq!(shared.1.load(Ordering::Relaxed), 200);
        }
        worker.join().unwrap().unwrap();
    });
}

#[test]
fn a_chunk_is_begun_or_revoked_never_both() {
    loom::model(|| {
        let slots: Arc<[AtomicU32; 2]> = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
        Chunks::new(&*slots).offer(5);
        let shared = Arc::clone(&slots);
        let worker = thread::spawn(move || Chunks::new(&*shared).begin_chunk(5));
        let revoked = Chunks::new(&*slots).revoke(5);
        let begun = worker.join().unwrap();
        assert_ne!(begun, revoked);
        let state = if begun { ChunkState::Begun } else { ChunkState::Revoked };
        assert_eq!(Chunks::new(&*slots).state(5), Some(state));
    });
}

/// The worker begins the chunk and its first task and then looks at the slot; the parent marks the slot and then looks at
/// the task. A chunk whose skip came before its first task must not run to its end.
#[test]
fn a_cancelled_chunk_is_noticed_by_the_worker_or_skipped_by_the_parent() {
    loom::model(|| {
        let shared: Arc<[AtomicU32; 2]> = Arc::new([AtomicU32::new(0), AtomicU32::new(0)]);
        Chunks::new(&shared[1..]).offer(5);
        let words = Arc::clone(&shared);
        let worker = thread::spawn(move || {
            let (claim, chunks) = (Claim::new(&words[0]), Chunks::new(&words[1..]));
            if !chunks.begin_chunk(5) {
                return 0;
            }
            claim.begin(0, 1).unwrap();
            if chunks.is_cancelled(5) {
                return 0;
            }
            1 + u32::from(claim.begin(1, 2).is_ok())
        });
        let (claim, chunks) = (Claim::new(&shared[0]), Chunks::new(&shared[1..]));
        let revoked = chunks.revoke(5);
        let skipped = if revoked {
            None
        } else {
            chunks.cancel(5);
            claim.skip(TaskRange { first: 1, last: 2 })
        };
        let ran = worker.join().unwrap();
        match skipped {
            None => assert_eq!(ran, 0),
            Some(k) => assert!(ran <= k),
        }
        if !revoked {
            assert_eq!(chunks.state(5), Some(ChunkState::Cancelled));
        }
    });
}
