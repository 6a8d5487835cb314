use std::borrow::Cow;
use std::sync::Arc;

use super::{Listener, Run, handle};
use crate::channel::frame::{Frame, ToParent, outcome_flag};
use crate::channel::memory::HeapMemory;
use crate::channel::segment::{SEGMENT_BYTES, Segment};
use crate::pool::claims::SegmentClaims;
use crate::pool::{Pool, PoolConfig, Record};
use crate::scheduler::{CallId, Cause, Chunk, Definition, DefinitionId, WorkerId};

pub(in crate::pool::listener) fn chunk() -> Chunk {
    chunk_of(1)
}

fn chunk_of(tasks: u32) -> Chunk {
    let definition = Arc::new(Definition::new(DefinitionId(1), Box::default()));
    Chunk::new(CallId(1), 0, tasks, definition, Arc::default())
}

/// A pool with a worker that has been sent the chunk, as number 1.
fn pool_with(chunk: Chunk) -> Pool {
    let config = PoolConfig::new(1, c"/nonexistent");
    let pool = Pool::new(config, Box::new(|| ())).expect("the system has what a pool needs");
    let segment = Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES))).expect("large enough");
    pool.shared.drive(|scheduler| scheduler.submit(chunk));
    pool.shared.drive(|scheduler| {
        scheduler.spawned(WorkerId(0), 7, Arc::new(SegmentClaims { segment, epoch_ms: 0 }));
        scheduler.ready(WorkerId(0));
    });
    pool
}

/// A frame with the result of task `first` of chunk 1.
fn result(first: u32, flags: u32, payload: &'static [u8]) -> Frame<'static, ToParent> {
    Frame {
        kind: ToParent::Outcome,
        fields: [1, first, 1, flags, 5, 0],
        payload: Cow::Borrowed(payload),
    }
}

/// What `take_in` does with frames.
fn take_in(pool: &Pool, frames: &[Frame<'static, ToParent>]) -> Result<(), Cause> {
    let mut run = Run::default();
    let worker = (WorkerId(0), None);
    let mut all = frames.iter().try_for_each(|frame| {
        if Run::suits(frame) && run.add(frame) {
            return Ok(());
        }
        handle(&pool.shared, worker, frame.clone(), &mut run, Listener::Thread)
    });
    let ended = run.end(&pool.shared, worker.0, Listener::Thread);
    if all.is_ok() {
        all = ended;
    }
    all
}

/// The outcomes to collect: first task, count, whether they are the last ones, whether they are joined, and the payload.
fn outcomes(pool: &Pool) -> Vec<(u32, u32, bool, bool, Vec<u8>)> {
    let mut records = pool.collect();
    let mut outcomes = Vec::new();
    while let Some(record) = records.next() {
        if let Record::Outcome(outcome) = record {
            let (first, count) = (outcome.first, outcome.count);
            let payload = outcome.payload.to_vec();
            outcomes.push((first, count, outcome.is_last, outcome.is_joined, payload));
        }
    }
    outcomes
}

#[test]
fn results_that_came_one_by_one_are_one_record_with_a_message_for_each() {
    let pool = pool_with(chunk_of(3));
    let frames =
        [result(0, 0, b"abcde"), result(1, 0, b""), result(2, outcome_flag::LAST, b"fghi")];
    assert_eq!(take_in(&pool, &frames), Ok(()));
    let joined = b"\x05\0\0\0abcde\0\0\0\0\0\0\0\x04\0\0\0fghi".to_vec();
    assert_eq!(outcomes(&pool), [(0, 3, true, true, joined)]);
    assert_eq!(pool.stats().completed, 3);
}

#[test]
fn a_result_alone_is_a_record_without_a_length() {
    let pool = pool_with(chunk_of(2));
    assert_eq!(take_in(&pool, &[result(0, 0, b"abc")]), Ok(()));
    assert_eq!(take_in(&pool, &[result(1, outcome_flag::LAST, b"d")]), Ok(()));
    let expected = [(0, 1, false, false, b"abc".to_vec()), (1, 1, true, false, b"d".to_vec())];
    assert_eq!(outcomes(&pool), expected);
}

#[test]
fn an_error_between_results_ends_the_run_and_keeps_its_place() {
    let pool = pool_with(chunk_of(4));
    let frames = [
        result(0, 0, b"a"),
        result(1, 0, b"b"),
        result(2, outcome_flag::ERROR, b"no"),
        result(3, outcome_flag::LAST, b"c"),
    ];
    assert_eq!(take_in(&pool, &frames), Ok(()));
    let order: Vec<_> = outcomes(&pool).iter().map(|outcome| (outcome.0, outcome.1)).collect();
    assert_eq!(order, [(0, 2), (2, 1), (3, 1)]);
    assert_eq!((pool.stats().completed, pool.stats().failed), (3, 1));
}

#[test]
fn results_before_an_impossible_one_are_valid() {
    let pool = pool_with(chunk_of(4));
    // Task 3 cannot have ended before task 2.
    let frames = [result(0, 0, b"a"), result(1, 0, b"b"), result(3, 0, b"d")];
    assert_eq!(take_in(&pool, &frames), Err(Cause::ProtocolViolation));
    let order: Vec<_> = outcomes(&pool).iter().map(|outcome| (outcome.0, outcome.1)).collect();
    assert_eq!(order, [(0, 2)]);
}

#[test]
fn an_outcome_that_nothing_in_flight_belongs_to_is_a_violation_and_no_record() {
    let config = PoolConfig::new(1, c"/nonexistent");
    let pool = Pool::new(config, Box::new(|| ())).expect("the system has what a pool needs");
    let segment = Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES))).expect("large enough");
    let shared = &pool.shared;
    shared.drive(|scheduler| scheduler.submit(chunk()));
    shared.drive(|scheduler| {
        scheduler.spawned(WorkerId(0), 7, Arc::new(SegmentClaims { segment, epoch_ms: 0 }));
        scheduler.ready(WorkerId(0));
    });
    let payload = vec![7; 1 << 20];
    let address = payload.as_ptr();
    let outcome = |payload: Vec<u8>| Frame {
        kind: ToParent::Outcome,
        fields: [1, 0, 1, outcome_flag::LAST, 5, 0],
        payload: Cow::Owned(payload),
    };
    let run = &mut Run::default();
    let mut handle = |frame| handle(shared, (WorkerId(0), None), frame, run, Listener::Thread);
    assert_eq!(handle(outcome(payload)), Ok(()));
    let again = handle(outcome(vec![0; 1 << 20]));
    assert_eq!(again, Err(Cause::ProtocolViolation));
    assert_eq!(shared.scheduler().stats().completed, 1);

    let mut records = pool.collect();
    assert!(matches!(records.next(), Some(Record::Started { worker_id: WorkerId(0), pid: 7 })));
    let Some(Record::Outcome(outcome)) = records.next() else { panic!("no outcome") };
    assert_eq!(outcome.payload.as_ptr(), address, "a large result is not copied");
    assert_eq!((outcome.payload.len(), outcome.elapsed.as_micros()), (1 << 20, 5));
    assert!(records.next().is_none());
}
