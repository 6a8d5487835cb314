//! The ring and the frame assembler against plain models, on random input and on input that is meant to break them.
#![cfg(not(loom))]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use millrace_core::testing::channel::claim::{
    CONDEMNED, ChunkState, Position, Refused, SKIP, TaskRange, seq_after, task_after,
};
use millrace_core::testing::channel::frame::{
    Assembler, ChunkFields, FrameError, FrameKind, HEADER_BYTES, MAX_PAYLOAD, OutcomeFields,
    ToParent, ToWorker, header, padded_len, padding,
};
use millrace_core::testing::channel::memory::HeapMemory;
use millrace_core::testing::channel::ring::{Consumer, Producer, RingMemory};
use millrace_core::testing::channel::segment::{
    MAGIC, RING_BYTES, SEGMENT_BYTES, Segment, SegmentError, word,
};
use proptest::prelude::*;

/// A ring small enough to wrap often.
struct SmallRing {
    head: AtomicU32,
    tail: AtomicU32,
    bytes: Vec<AtomicU8>,
}

type Ends = (Producer<Arc<SmallRing>>, Consumer<Arc<SmallRing>>, Arc<SmallRing>);

fn small_ring(capacity: usize, start: u32) -> Ends {
    let ring = Arc::new(SmallRing {
        head: AtomicU32::new(start),
        tail: AtomicU32::new(start),
        bytes: (0..capacity).map(|_| AtomicU8::new(0)).collect(),
    });
    (Producer::new(Arc::clone(&ring), start), Consumer::new(Arc::clone(&ring), start), ring)
}

/// Indexing panics where a piece crosses the end of the ring.
impl RingMemory for SmallRing {
    fn capacity(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap()
    }

    fn head(&self) -> &AtomicU32 {
        &self.head
    }

    fn tail(&self) -> &AtomicU32 {
        &self.tail
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        for (place, byte) in self.bytes[at..][..bytes.len()].iter().zip(bytes) {
            place.store(*byte, Ordering::Relaxed);
        }
    }

    fn append(&self, at: usize, count: usize, into: &mut Vec<u8>) {
        into.extend(self.bytes[at..][..count].iter().map(|place| place.load(Ordering::Relaxed)));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push(usize),
    Publish,
    Read(usize),
}

fn steps(largest: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..=largest).prop_map(Step::Push),
        2 => Just(Step::Publish),
        4 => (0..=largest).prop_map(Step::Read),
    ];
    prop::collection::vec(step, 1..200)
}

/// Counters near the end of their range, where they wrap, as often as anywhere else.
fn starts() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), (u32::MAX - 600)..=u32::MAX, any::<u32>()]
}

fn follows_a_queue<M: RingMemory>(
    mut producer: Producer<M>,
    mut consumer: Consumer<M>,
    capacity: usize,
    steps: &[Step],
) {
    let mut model = VecDeque::new();
    let mut visible = 0;
    let mut bytes = (0..=250_u8).cycle();
    for step in steps {
        match *step {
            Step::Push(count) => {
                let pushed: Vec<u8> = bytes.by_ref().take(count).collect();
                let accepted = producer.push(&pushed).unwrap();
                assert_eq!(accepted, count.min(capacity - model.len()));
                model.extend(&pushed[..accepted]);
            }
            Step::Publish => {
                producer.publish();
                visible = model.len();
            }
            Step::Read(limit) => {
                let mut into = vec![9];
                let read = consumer.read_to_vec(&mut into, limit).unwrap();
                assert_eq!(read, limit.min(visible));
                assert_eq!(into[1..], model.drain(..read).collect::<Vec<u8>>());
                visible -= read;
            }
        }
        assert_eq!(consumer.available(), Ok(visible));
        assert_eq!(producer.free(), Ok(capacity - model.len()));
    }
}

proptest! {
    #[test]
    fn a_ring_is_a_bounded_queue(start in starts(), exponent in 0_u32..8, steps in steps(300)) {
        let capacity = 1 << exponent;
        let (producer, consumer, _) = small_ring(capacity, start);
        follows_a_queue(producer, consumer, capacity, &steps);
    }

    /// Whatever the other side claims, each end reports it or goes on inside the ring; `SmallRing` panics beyond.
    #[test]
    fn lies_about_a_counter_are_refused(
        start in starts(),
        sent in 0_usize..=64,
        read in 0_usize..=64,
        lie in prop_oneof![any::<u32>(), (0_u32..200).prop_map(|by| by.wrapping_sub(100))],
    ) {
        let (mut producer, mut consumer, ring) = small_ring(64, start);
        let sent = producer.push(&[7; 64][..sent]).unwrap();
        producer.publish();
        let read = consumer.read_to_vec(&mut Vec::new(), read).unwrap();
        let (head, tail) = (ring.head.load(Ordering::Relaxed), ring.tail.load(Ordering::Relaxed));

        let lying_head = head.wrapping_add(lie);
        ring.head.store(lying_head, Ordering::Relaxed);
        let possible = lying_head.wrapping_sub(tail) <= 64 && lying_head.wrapping_sub(tail) as usize >= sent - read;
        let available = consumer.available();
        if possible {
            prop_assert_eq!(available, Ok(lying_head.wrapping_sub(tail) as usize));
        } else if read > 0 || lying_head.wrapping_sub(tail) > 64 {
            // Before its first reading the consumer has no earlier head to compare with.
            prop_assert!(available.is_err());
        }
        let mut into = Vec::new();
        prop_assert_eq!(consumer.read_to_vec(&mut into, 1000).is_ok(), available.is_ok());
        prop_assert!(into.len() <= 64);

        let lying_tail = tail.wrapping_add(lie);
        ring.tail.store(lying_tail, Ordering::Relaxed);
        let free = producer.free();
        prop_assert_eq!(free.is_ok(), head.wrapping_sub(lying_tail) as usize <= sent);
        prop_assert!(producer.push(&[8; 65]).is_ok_and(|count| count <= 64) || free.is_err());
    }

    #[test]
    fn frames_arrive_whole_however_they_are_cut(
        payloads in prop::collection::vec((1_u32..=3, any::<[u32; 6]>(), prop::collection::vec(any::<u8>(), 0..400)), 0..20),
        exponent in 0_u32..10,
        scratch in 32_usize..300,
        cuts in prop::collection::vec(1_usize..200, 1..20),
        start in starts(),
    ) {
        let stream: Vec<u8> = payloads.iter().flat_map(|(kind, fields, payload)| frame(*kind, *fields, payload)).collect();
        let (mut producer, mut consumer, _) = small_ring(1 << exponent, start);
        let mut assembler = Assembler::<ToParent>::with_scratch(scratch);
        let (mut rest, mut cuts, mut arrived) = (&stream[..], cuts.iter().cycle(), Vec::new());
        while !rest.is_empty() {
            let cut = rest.len().min(*cuts.next().unwrap());
            rest = &rest[producer.push(&rest[..cut]).unwrap()..];
            producer.publish();
            while let Some(frame) = assembler.poll(&mut consumer).unwrap() {
                arrived.push((frame.kind.number(), frame.fields, frame.payload.into_owned()));
            }
        }
        prop_assert_eq!(arrived, payloads);
        prop_assert!(!assembler.is_mid_frame());
    }

    /// Headers that are nearly right, then noise: an error, which stays, or frames; no panic and little memory.
    #[test]
    fn garbage_is_an_error_or_a_frame(
        pieces in prop::collection::vec((0_u32..6, any::<u32>(), 0_u32..33, prop::collection::vec(any::<u8>(), 0..64)), 1..40),
    ) {
        let (mut producer, mut consumer, _) = small_ring(256, 0);
        let mut assembler = Assembler::<ToWorker>::with_scratch(64);
        let mut failed = None;
        for (kind, payload_bytes, shift, noise) in pieces {
            let payload_bytes = payload_bytes.checked_shr(shift).unwrap_or(0);
            for bytes in [&payload_bytes.to_le_bytes()[..], &kind.to_le_bytes(), &[0; 24], &noise] {
                producer.push(bytes).unwrap();
            }
            producer.publish();
            loop {
                match assembler.poll(&mut consumer) {
                    Ok(Some(_)) => prop_assert!(failed.is_none()),
                    Ok(None) => break,
                    Err(error) => {
                        prop_assert_eq!(*failed.get_or_insert(error), error);
                        break;
                    }
                }
            }
            prop_assert!(assembler.held_bytes() <= 64 + 1024 * 1024);
        }
    }

    #[test]
    fn a_header_says_what_was_put_into_it(fields: [u32; 6], payload_bytes in 0..=MAX_PAYLOAD) {
        let bytes = header(ToParent::Outcome, fields, payload_bytes).unwrap();
        let words: Vec<u32> = bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        prop_assert_eq!(&words[..2], &[u32::try_from(payload_bytes).unwrap(), 2]);
        prop_assert_eq!(&words[2..], &fields);
        prop_assert_eq!(<[u32; 6]>::from(ChunkFields::from(fields)), fields);
        let outcome = OutcomeFields::from(fields);
        prop_assert_eq!(OutcomeFields::from(<[u32; 6]>::from(outcome)), outcome);
        prop_assert_eq!(padded_len(payload_bytes) % 8, 0);
        prop_assert_eq!(payload_bytes + padding(payload_bytes).len(), padded_len(payload_bytes));
    }

    /// The parent works on nonsense without an end in sight, too.
    #[test]
    fn any_claim_word_is_read_as_a_place_and_flags(scribble: u32, first: u32, count in 0_u32..1000) {
        let segment = formatted();
        segment.word(word::TASK).store(scribble, Ordering::Relaxed);
        let range = TaskRange { first: first & (u32::MAX >> 2), last: task_after(first, count) };
        let here = range.contains(scribble >> 2);
        prop_assert_eq!(segment.claim().skip(range), here.then_some(scribble >> 2));
        prop_assert_eq!(segment.claim().condemn(range), here.then_some(scribble >> 2));
        let flags = if here { CONDEMNED | SKIP } else { scribble & (CONDEMNED | SKIP) };
        prop_assert_eq!(segment.claim().current(), Position { k: scribble >> 2, flags });
    }
}

proptest! {
    // Half a megabyte of steps each: few cases say enough.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_rings_of_a_segment_are_two_bounded_queues(start in starts(), steps in steps(RING_BYTES * 2 / 3)) {
        let segment = formatted();
        for index in [word::TO_WORKER_HEAD, word::TO_WORKER_TAIL, word::TO_PARENT_HEAD, word::TO_PARENT_TAIL] {
            segment.word(index).store(start, Ordering::Relaxed);
        }
        for ring in [segment.to_worker(), segment.to_parent()] {
            follows_a_queue(Producer::new(ring.clone(), start), Consumer::new(ring, start), RING_BYTES, &steps);
        }
        prop_assert_eq!(segment.check(), Ok(()));
    }
}

fn formatted() -> Segment {
    let segment = Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES))).unwrap();
    segment.format();
    segment
}

fn frame(kind: u32, fields: [u32; 6], payload: &[u8]) -> Vec<u8> {
    let header = header(ToParent::from_number(kind).unwrap(), fields, payload.len()).unwrap();
    [&header, payload, padding(payload.len())].concat()
}

#[test]
fn a_claim_of_two_gigabytes_gets_memory_as_they_arrive() {
    let (mut producer, mut consumer, _) = small_ring(1 << 16, 0);
    let mut assembler = Assembler::<ToParent>::default();
    producer.push(&header(ToParent::Outcome, [0; 6], MAX_PAYLOAD).unwrap()).unwrap();
    let mut arrived = 0;
    for _ in 0..80 {
        producer.publish();
        assert_eq!(assembler.poll(&mut consumer), Ok(None));
        assert!(assembler.is_mid_frame());
        assert!(assembler.held_bytes() <= (1 << 16) + (1_usize << 20).max(2 * arrived));
        arrived += producer.push(&vec![1; 1 << 16]).unwrap();
    }
}

#[test]
fn a_longer_payload_than_allowed_is_refused_on_both_sides() {
    let bytes = MAX_PAYLOAD + 1;
    assert_eq!(header(ToWorker::Define, [0; 6], bytes), Err(FrameError::TooLong { bytes }));
    let (mut producer, mut consumer, _) = small_ring(64, 0);
    producer.push(&u32::try_from(bytes).unwrap().to_le_bytes()).unwrap();
    producer.push(&[1; HEADER_BYTES]).unwrap();
    producer.publish();
    assert_eq!(
        Assembler::<ToParent>::default().poll(&mut consumer),
        Err(FrameError::TooLong { bytes })
    );
}

#[test]
fn the_two_sides_of_a_segment_talk_across_threads() {
    let memory = Arc::new(HeapMemory::new(SEGMENT_BYTES));
    let parent = Segment::new(Arc::<HeapMemory>::clone(&memory)).unwrap();
    parent.format();
    let worker = Segment::new(memory).unwrap();
    worker.check().unwrap();
    let sent: Vec<Vec<u8>> = (0..400_usize)
        .map(|i| vec![u8::try_from(i % 251).unwrap(); if i % 100 == 7 { 700_001 } else { i * 13 }])
        .collect();

    let echo = std::thread::spawn(move || {
        let (mut producer, mut consumer) = worker.worker_ends();
        let mut assembler = Assembler::<ToParent>::default();
        let mut echoed = 0;
        while echoed < 400 {
            let Some(frame) = assembler.poll(&mut consumer).unwrap() else {
                std::thread::yield_now();
                continue;
            };
            let bytes = self::frame(frame.kind.number(), frame.fields, &frame.payload);
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                rest = &rest[producer.push(rest).unwrap()..];
                producer.publish();
            }
            echoed += 1;
        }
    });

    let (mut producer, mut consumer) = parent.parent_ends();
    let mut assembler = Assembler::<ToParent>::default();
    let stream: Vec<u8> = sent.iter().flat_map(|payload| frame(2, [5; 6], payload)).collect();
    let (mut rest, mut back) = (&stream[..], Vec::new());
    while back.len() < sent.len() {
        rest = &rest[producer.push(rest).unwrap()..];
        producer.publish();
        while let Some(frame) = assembler.poll(&mut consumer).unwrap() {
            back.push(frame.payload.into_owned());
        }
        std::thread::yield_now();
    }
    echo.join().unwrap();
    assert!(back == sent);
}

#[test]
fn memory_that_is_no_segment_is_refused() {
    let bytes = SEGMENT_BYTES - 8;
    assert_eq!(
        Segment::new(Arc::new(HeapMemory::new(bytes))).unwrap_err(),
        SegmentError::TooSmall { bytes }
    );
    let segment = Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES))).unwrap();
    assert_eq!(segment.check(), Err(SegmentError::NotFormatted { found: 0 }));
    segment.format();
    assert_eq!(segment.check(), Ok(()));
    assert_eq!(segment.word(word::MAGIC).load(Ordering::Relaxed), MAGIC);
    segment.word(word::VERSION).store(9, Ordering::Relaxed);
    assert_eq!(segment.check(), Err(SegmentError::OtherVersion { found: 9 }));
}

#[test]
fn a_worker_that_is_out_of_step_is_told_so() {
    let segment = formatted();
    let claim = segment.claim();
    assert_eq!(claim.begin(0, 1), Ok(()));
    assert_eq!(claim.begin(0, 2), Err(Refused::OutOfStep { found: 1 }));
    assert_eq!(claim.acknowledge_skip(1), Err(Refused::OutOfStep { found: 1 }));
    assert_eq!(claim.condemn(TaskRange::only(2)), None);
    assert_eq!(claim.condemn(TaskRange::only(1)), Some(1));
    assert_eq!(claim.begin(1, 2), Err(Refused::Condemned));
}

#[test]
fn chunk_slots_serve_again_and_sequence_numbers_go_round() {
    let segment = formatted();
    let chunks = segment.chunks();
    assert_eq!(chunks.state(1), None);
    assert_eq!(
        chunks.state(0),
        Some(ChunkState::Offered),
        "a zero word reads as chunk 0, which is why there is none"
    );
    for (seq, later) in [(1, 1025), (seq_after((1 << 30) - 2), seq_after((1 << 30) - 1))] {
        chunks.offer(seq);
        assert_eq!(chunks.state(seq), Some(ChunkState::Offered));
        assert!(chunks.begin_chunk(seq));
        assert!(!chunks.begin_chunk(seq));
        assert!(!chunks.revoke(seq));
        assert_ne!(later, 0);
        chunks.offer(later);
        assert!(chunks.revoke(later));
        assert!(!chunks.begin_chunk(later));
    }
    assert_eq!(chunks.state(1), Some(ChunkState::Revoked));
    assert_eq!(chunks.state(1025), None);
}

#[test]
fn a_reader_reads_no_more_than_it_is_allowed_and_the_rest_later() {
    let (mut producer, mut consumer, _ring) = small_ring(64, 0);
    assert_eq!(producer.push(&[7; 64]).unwrap(), 64);
    producer.publish();
    let mut taken = Vec::new();
    consumer.allow(40);
    assert_eq!(consumer.read_to_vec(&mut Vec::new(), 16).unwrap(), 16);
    assert_eq!(consumer.read_to_vec(&mut taken, 64).unwrap(), 24);
    assert_eq!((consumer.allowance(), consumer.available().unwrap()), (0, 24));
    assert_eq!(consumer.read_to_vec(&mut taken, 64).unwrap(), 0, "it looks empty");
    // What was freed may be written again: the reader has had its turn all the same.
    assert_eq!(producer.push(&[8; 64]).unwrap(), 40);
    producer.publish();
    assert_eq!(consumer.read_to_vec(&mut Vec::new(), 16).unwrap(), 0);
    consumer.allow(100);
    assert_eq!(consumer.read_to_vec(&mut taken, 100).unwrap(), 64);
    assert_eq!(taken, [[7; 48].as_slice(), &[8; 40]].concat());
}
