use std::borrow::Cow;
use std::collections::TryReserveError;
use std::sync::Arc;

use super::{Listener, handle};
use crate::channel::frame::{Frame, ToParent};
use crate::channel::memory::HeapMemory;
use crate::channel::segment::{SEGMENT_BYTES, Segment};
use crate::pool::claims::SegmentClaims;
use crate::pool::{Pool, PoolConfig};
use crate::scheduler::{CallId, Cause, Chunk, ChunkFlags, Definition, DefinitionId, Turn};

fn refuse(room: &mut Vec<u8>, _bytes: usize) -> Result<(), TryReserveError> {
    room.try_reserve(usize::MAX)
}

fn chunk() -> Chunk {
    Chunk {
        call_id: CallId(1),
        id: 0,
        count: 1,
        from: 0,
        flags: ChunkFlags::default(),
        only: None,
        limit: None,
        retries: 0,
        receivers_lost: 0,
        lifespan: None,
        is_piece: false,
        turn: Turn::default(),
        definition: Arc::new(Definition::new(DefinitionId(1), Box::default())),
        payload: Arc::default(),
    }
}

#[test]
fn a_result_without_memory_for_it_is_not_read_and_is_no_violation() {
    let config = PoolConfig {
        worker_count: 1,
        cpus: Vec::new(),
        program: c"/nonexistent".into(),
        args: Vec::new(),
        env: Vec::new(),
        cwd: None,
        is_quiet: true,
        is_piped: false,
        idle_timeout: None,
        start_timeout: None,
        worker_config: Vec::new(),
    };
    let mut pool = Pool::new(config, Box::new(|| ())).expect("the system has what a pool needs");
    Arc::get_mut(&mut pool.shared).expect("no thread has it yet").outcomes.reserve = refuse;
    let segment = Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES))).expect("large enough");
    let shared = &pool.shared;
    shared.drive(|scheduler| scheduler.submit(chunk()));
    shared.drive(|scheduler| {
        scheduler.spawned(0, 7, Arc::new(SegmentClaims { segment, epoch_ms: 0 }));
        scheduler.ready(0);
    });
    let outcome = |bytes: usize| Frame {
        kind: ToParent::Outcome,
        fields: [1, 0, 1, crate::channel::frame::outcome_flag::LAST, 5, 0],
        payload: Cow::Owned(vec![0; bytes]),
    };
    assert_eq!(handle(shared, 0, &outcome(1 << 20), Listener::Thread), Err(Cause::OutOfMemory));
    assert_eq!(shared.scheduler().stats().completed, 0);
    assert_eq!(handle(shared, 0, &outcome(8), Listener::Thread), Ok(()));
    assert_eq!(shared.scheduler().stats().completed, 1);
    assert_eq!(handle(shared, 0, &outcome(8), Listener::Thread), Err(Cause::ProtocolViolation));
}
