//! Records come in their order, once, and whoever waits for one is notified.

use std::borrow::Cow;
use std::sync::Arc;

use super::*;
use crate::sync::atomic::AtomicU32;

fn queue() -> (RecordQueue, Arc<AtomicU32>) {
    let notified = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&notified);
    let notify = move || {
        counter.fetch_add(1, Ordering::SeqCst);
    };
    (RecordQueue::new(Box::new(notify)), notified)
}

/// Pushes an outcome with the number `chunk`.
fn push(queue: &RecordQueue, chunk: u32, payload: Cow<'_, [u8]>) {
    let head = Head::Outcome {
        lease: None,
        regions: Vec::new(),
        call_id: CallId(1),
        chunk,
        first: 0,
        count: 1,
        is_error: false,
        is_last: true,
        is_joined: false,
        elapsed_us: 0,
    };
    queue.push(head, payload, Wake::Yes);
}

fn number(record: Option<Record<'_>>) -> Option<(u32, usize)> {
    match record? {
        Record::Outcome(outcome) => Some((outcome.chunk, outcome.payload.len())),
        other => panic!("no outcome: {other:?}"),
    }
}

fn numbers(records: &mut Records<'_>) -> Vec<(u32, usize)> {
    std::iter::from_fn(|| number(records.next())).collect()
}

#[test]
fn small_and_large_records_come_in_their_order() {
    let (queue, _) = queue();
    push(&queue, 0, Cow::Borrowed(&[1; 3]));
    push(&queue, 1, Cow::Owned(vec![2; LARGE_BYTES]));
    let bytes = vec![3; LARGE_BYTES];
    push(&queue, 2, Cow::Borrowed(&bytes));
    push(&queue, 3, Cow::Borrowed(&[]));
    for chunk in 4..12 {
        push(&queue, chunk, Cow::Borrowed(&bytes[..PACK_BYTES / 5]));
    }
    let sizes = [3, LARGE_BYTES, LARGE_BYTES, 0].into_iter().chain([PACK_BYTES / 5; 8]);
    let expected: Vec<_> = (0..).zip(sizes).collect();
    assert_eq!(numbers(&mut queue.collect()), expected);
    assert!(!queue.has_records());
}

#[test]
fn what_is_left_is_collected_the_next_time() {
    let (queue, _) = queue();
    (0..3).for_each(|chunk| push(&queue, chunk, Cow::Borrowed(&[0; 8])));
    let mut records = queue.collect();
    assert_eq!(number(records.next()), Some((0, 8)));
    push(&queue, 3, Cow::Borrowed(&[]));
    drop(records);
    assert!(queue.has_records());
    assert_eq!(numbers(&mut queue.collect()), [(1, 8), (2, 8), (3, 0)]);
}

#[test]
fn peeking_takes_nothing() {
    let (queue, _) = queue();
    push(&queue, 0, Cow::Borrowed(&[]));
    let mut records = queue.collect();
    assert_eq!(number(records.peek()), Some((0, 0)));
    assert_eq!(number(records.peek()), Some((0, 0)));
    assert_eq!(numbers(&mut records), [(0, 0)]);
    assert!(records.peek().is_none());
}

#[test]
fn the_collector_is_notified_once_until_it_has_found_the_end() {
    let (queue, notified) = queue();
    push(&queue, 0, Cow::Borrowed(&[]));
    push(&queue, 1, Cow::Borrowed(&[]));
    let mut records = queue.collect();
    assert!(records.next().is_some());
    assert!(records.next().is_some());
    assert!(records.peek().is_none());
    push(&queue, 2, Cow::Borrowed(&[]));
    assert_eq!(notified.load(Ordering::SeqCst), 1);
    assert!(records.next().is_some());
    assert!(records.next().is_none());
    push(&queue, 3, Cow::Borrowed(&[]));
    assert_eq!(notified.load(Ordering::SeqCst), 2);
}

#[test]
fn the_memory_of_a_pack_that_was_read_is_used_again() {
    let (queue, _) = queue();
    let address = |queue: &RecordQueue| {
        push(queue, 0, Cow::Borrowed(&[0; 100]));
        let mut records = queue.collect();
        let Some(Record::Outcome(outcome)) = records.next() else { panic!("no outcome") };
        outcome.payload.as_ptr()
    };
    let first = address(&queue);
    assert!((0..10).all(|_| address(&queue) == first));
}
