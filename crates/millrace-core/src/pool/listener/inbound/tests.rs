use std::borrow::Cow;
use std::sync::Arc;

use super::{Listener, handle};
use crate::channel::frame::{Frame, ToParent, outcome_flag};
use crate::channel::memory::HeapMemory;
use crate::channel::segment::{SEGMENT_BYTES, Segment};
use crate::pool::claims::SegmentClaims;
use crate::pool::{Pool, PoolConfig, Record};
use crate::scheduler::{CallId, Cause, Chunk, Definition, DefinitionId, WorkerId};

pub(in crate::pool::listener) fn chunk() -> Chunk {
    let definition = Arc::new(Definition::new(DefinitionId(1), Box::default()));
    Chunk::new(CallId(1), 0, 1, definition, Arc::default())
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
    assert_eq!(handle(shared, WorkerId(0), None, outcome(payload), Listener::Thread), Ok(()));
    let again = handle(shared, WorkerId(0), None, outcome(vec![0; 8]), Listener::Thread);
    assert_eq!(again, Err(Cause::ProtocolViolation));
    assert_eq!(shared.scheduler().stats().completed, 1);

    let mut records = pool.collect();
    assert!(matches!(records.next(), Some(Record::Started { worker_id: WorkerId(0), pid: 7 })));
    let Some(Record::Outcome(outcome)) = records.next() else { panic!("no outcome") };
    assert_eq!(outcome.payload.as_ptr(), address, "a large result is not copied");
    assert_eq!((outcome.payload.len(), outcome.elapsed.as_micros()), (1 << 20, 5));
    assert!(records.next().is_none());
}
