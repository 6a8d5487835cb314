//! Bytes as JavaScript writes and reads them.

use std::sync::Arc;

use millrace_core::{Definition, Pool, PoolConfig, SubmitError};

use super::*;

fn to_bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

fn submission(words: [u32; 14], payload: &[u8]) -> Vec<u8> {
    let mut bytes = to_bytes(&words);
    bytes.extend_from_slice(payload);
    bytes.resize(SUBMISSION_BYTES + padded_len(payload.len()), 0);
    bytes
}

#[test]
fn a_batch_is_read_in_place() {
    let plain = submission([3, 7, 0, 2, 9, 2, 0, 0, 0, 0, 0, 0, 0, 0], b"abc");
    let special = submission([0, 8, 1, 1, 9, 0, 5, 6, 7, 4, 0, 0, 0, 0], b"");
    let batch = [plain, special].concat();
    let chunks: Vec<Chunk<'_>> = submissions(&batch).expect("it is whole").collect();
    let [plain, special] = &chunks[..] else { panic!("{chunks:?}") };
    assert_eq!((plain.call_id, plain.id, plain.count), (CallId(7), 0, 2));
    assert_eq!((plain.definition, plain.flags), (DefinitionId(9), ChunkFlags(2)));
    assert_eq!((plain.only, plain.lifespan, plain.limit, plain.retries), (None, None, None, 0));
    assert_eq!(plain.payload, b"abc");
    assert_eq!(plain.payload.as_ptr(), batch[SUBMISSION_BYTES..].as_ptr());
    assert_eq!((special.only, special.lifespan), (Some(WorkerId(4)), NonZero::new(6)));
    assert_eq!((special.limit, special.retries), (Some(Duration::from_millis(7)), 4));
    assert!(special.payload.is_empty());
}

#[test]
fn a_batch_that_is_cut_short_has_no_chunks() {
    let whole = submission([3, 7, 0, 2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0], b"abc");
    let batch = [whole.clone(), whole.clone()].concat();
    let second = whole.len();
    for length in 0..batch.len() {
        let read = submissions(&batch[..length]);
        // The padding of the last one may be left out.
        let starts = [0, SUBMISSION_BYTES + 3, second, second + SUBMISSION_BYTES + 3];
        let is_whole =
            length == 0 || (starts[1]..=starts[2]).contains(&length) || length >= starts[3];
        let at = if length < second { 0 } else { second };
        match read {
            Ok(_) => assert!(is_whole, "{length}"),
            Err(error) => {
                assert!(!is_whole, "{length}");
                assert_eq!(error, CutShort { at });
                assert_eq!(error.to_string(), format!("the submission at byte {at} is cut short"));
            }
        }
    }
}

#[test]
fn an_outcome_is_a_header_and_its_payload() {
    let outcome = Outcome {
        block_source: 0,
        call_id: CallId(7),
        chunk: 1,
        first: 2,
        count: 3,
        is_error: false,
        is_last: true,
        is_joined: false,
        elapsed: Duration::from_micros(11),
        payload: b"abcde",
    };
    let mut bytes = [0xff; 48];
    assert_eq!(write_record(&Record::Outcome(outcome), &mut bytes), Ok(40));
    assert_eq!(words(&bytes[..32]), [5, 2, 7, 1, 2, 3, outcome_flag::LAST, 11]);
    assert_eq!(&bytes[32..40], b"abcde\0\0\0");
    assert_eq!(bytes[40..], [0xff; 8], "nothing is written behind it");
    for room in 0..40 {
        let refused = write_record(&Record::Outcome(outcome), &mut bytes[..room]);
        assert_eq!(refused, Err(NoRoom { bytes: 40 }));
    }
}

#[test]
fn a_loss_tells_where_and_how_the_worker_died() {
    let loss = Loss::Died {
        index: 3,
        has_begun: true,
        worker_id: WorkerId(1),
        pid: 4_000,
        code: None,
        signal: Some(9),
        cause: Cause::MemoryLimit { mebibytes: 64 },
        uptime: Duration::from_millis(1 << 33),
        flags: ChunkFlags(4),
        items: Arc::from(&b"items"[..]),
    };
    let record = Record::Lost { call_id: CallId(7), chunk: 1, first: 2, count: 3, loss: &loss };
    let mut bytes = [0; 88];
    assert_eq!(write_record(&record, &mut bytes), Ok(88));
    assert_eq!(words(&bytes[..32]), [53, 16, 7, 1, 2, 3, 0, 0]);
    assert_eq!(
        words(&bytes[32..80]),
        [3, 1, 4_000, ENDED_BY_SIGNAL, 9, 1, CAUSE_HEAP, 64, 0, 2, 4, 0]
    );
    assert_eq!(&bytes[80..], b"items\0\0\0");
    // Nothing is settled by a failed attempt: the count is 0.
    let record = Record::Retried { call_id: CallId(7), chunk: 1, index: 3, loss: &loss };
    assert_eq!(write_record(&record, &mut bytes), Ok(88));
    assert_eq!(words(&bytes[..32]), [53, 16, 7, 1, 3, 0, 0, 0]);
}

#[test]
fn a_long_definition_is_told_in_part_and_the_items_follow() {
    let long = vec![7; SHORTENED_BYTES_MAX + 8].into();
    let definition = Arc::new(Definition::new(DefinitionId(1), long));
    let limit = Duration::from_secs(1);
    let (flags, items) = (ChunkFlags(4), Arc::from(&b"12345678"[..]));
    let loss = Loss::LoadTimedOut {
        index: 0,
        worker_id: WorkerId(1),
        pid: 2,
        limit,
        definition,
        flags,
        items,
    };
    let record = Record::Lost { call_id: CallId(7), chunk: 0, first: 0, count: 1, loss: &loss };
    let bytes = HEADER_BYTES + LATE_WORDS * 4 + SHORTENED_BYTES_MAX + 8;
    assert_eq!(write_record(&record, &mut []), Err(NoRoom { bytes }));
    let mut into = vec![0; bytes];
    assert_eq!(write_record(&record, &mut into), Ok(bytes));
    assert_eq!(words(&into[32..56]), [0, 1, 2, 1_000, 4, SHORTENED_BYTES_MAX as u32]);
    assert_eq!(&into[bytes - 9..], b"\x0712345678");
}

#[test]
fn records_that_do_not_fit_stay() {
    let config = PoolConfig::new(1, c"/nonexistent");
    let pool = Pool::new(config, Box::new(|| ())).expect("the system has what a pool needs");
    pool.define(DefinitionId(1), b"").expect("it is small");
    let batch = submission([0, 1, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0], b"");
    let refused = pool.submit_all(submissions(&batch).expect("it is whole"));
    assert!(matches!(refused, Err(SubmitError::Undefined { .. })), "{refused:?}");
    pool.close();
    let mut into = [0; 64];
    assert_eq!(write_records(&mut pool.collect(), &mut into[..31]), Written::NeedsRoom(32));
    assert_eq!(write_records(&mut pool.collect(), &mut into), Written::Bytes(32));
    assert_eq!(words(&into[..32]), [0, 20, 0, 0, 0, 0, 0, 0]);
    assert_eq!(write_records(&mut pool.collect(), &mut into), Written::Bytes(0));
}

#[test]
fn an_exit_has_its_reason_and_the_memory() {
    let record = Record::Exited(WorkerExit {
        worker_id: WorkerId(3),
        pid: 9,
        code: None,
        signal: Some(9),
        tasks_done: 1 << 33,
        reason: ExitReason::Aborted,
        resident_bytes: (1 << 32) + 7,
        unfinished_exit: Some(Lateness::TimedOut(Duration::from_millis(5))),
    });
    let mut bytes = [0; 72];
    assert_eq!(write_record(&record, &mut bytes), Ok(72));
    let payload = [ENDED_BY_SIGNAL, 9, 0, 2, EXIT_ABORT, 7, 1, HOW_LATE, 5, 0];
    assert_eq!(words(&bytes), [&[36, 19, 3, 9, 0, 0, 0, 0][..], &payload].concat());
}

#[test]
fn an_end_has_every_exit_code_of_each_system() {
    assert_eq!(end_words(None, Some(9)), [ENDED_BY_SIGNAL, 9]);
    assert_eq!(end_words(Some(0), None), [ENDED_BY_EXIT, 0]);
    // On Windows: of `process.exit(-1)`, and of an access violation.
    assert_eq!(end_words(Some(-1), None), [ENDED_BY_EXIT, u32::MAX]);
    assert_eq!(end_words(Some(0xC000_0005_u32.cast_signed()), None), [ENDED_BY_EXIT, 0xC000_0005]);
    assert_eq!(end_words(None, None), [0, 0]);
}
