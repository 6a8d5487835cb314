//! The whole shared memory under the hand of the worker: it scribbles over words and rings while the parent uses them.
#![no_main]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use millrace_core::testing::channel::blocks::SPACE_UNITS;
use millrace_core::testing::channel::blocks::returns::{Impossible, ReadWord, Returns};
use millrace_core::testing::channel::claim::TaskRange;
use millrace_core::testing::channel::frame::{Assembler, ToParent};
use millrace_core::testing::channel::memory::HeapMemory;
use millrace_core::testing::channel::ring::RingMemory;
use millrace_core::testing::channel::segment::{RING_BYTES, SEGMENT_BYTES, STATUS_WORDS, Segment, word};

#[derive(Debug, Arbitrary)]
enum Step {
    // The worker.
    Word { index: u16, value: u32 },
    Head { ahead: u32 },
    Tail { behind: u32 },
    Bytes { at: u32, bytes: Vec<u8> },
    // The parent.
    Poll,
    Push { bytes: Vec<u8> },
    Offer { seq: u32 },
    Revoke { seq: u32 },
    Cancel { seq: u32 },
    Condemn { first: u32, last: u32 },
    Skip { first: u32, last: u32 },
    Ring { bell: u32 },
    Arrive { last: u32 },
    EndLease { which: u8 },
}

/// The word that says which blocks were read.
struct BlocksRead(Segment);

impl ReadWord for BlocksRead {
    fn word(&self) -> &AtomicU32 {
        self.0.word(word::BLOCKS_READ)
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let segment = Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES))).expect("a segment");
    segment.format();
    let (mut outbound, mut inbound) = segment.parent_ends();
    let mut assembler = Assembler::<ToParent>::default();
    let attacked = segment.to_parent();
    let returns = Arc::new(Returns::new(BlocksRead(segment.clone())));
    let mut leases = Vec::new();
    let mut arrived = 0;
    for step in steps {
        match step {
            Step::Word { index, value } => {
                segment.word(usize::from(index) % STATUS_WORDS).store(value, Ordering::Relaxed);
            }
            Step::Head { ahead } => {
                segment.word(word::TO_PARENT_HEAD).fetch_add(ahead, Ordering::Relaxed);
            }
            Step::Tail { behind } => {
                let head = segment.word(word::TO_WORKER_HEAD).load(Ordering::Relaxed);
                segment
                    .word(word::TO_WORKER_TAIL)
                    .store(head.wrapping_sub(behind), Ordering::Relaxed);
            }
            Step::Bytes { at, bytes } => {
                let at = at as usize % RING_BYTES;
                attacked.write(at, &bytes[..bytes.len().min(RING_BYTES - at)]);
            }
            Step::Poll => {
                // Each frame takes 32 bytes of the ring, so that no claim makes this endless.
                for _ in 0..=RING_BYTES / 32 {
                    let Ok(Some(frame)) = assembler.poll(&mut inbound) else { break };
                    assert!(frame.payload.len() <= i32::MAX as usize);
                }
            }
            Step::Push { bytes } => {
                if let Ok(count) = outbound.push(&bytes) {
                    assert!(count <= bytes.len());
                    outbound.publish();
                    assert!(
                        outbound.free().is_ok_and(|free| free <= RING_BYTES)
                            || outbound.free().is_err()
                    );
                }
            }
            Step::Arrive { last } => match returns.arrive(last, SPACE_UNITS) {
                Ok(lease) => {
                    arrived = last;
                    leases.extend(lease);
                    assert!(leases.len() <= SPACE_UNITS as usize);
                }
                Err(Impossible) => assert_ne!(last, arrived),
            },
            Step::EndLease { which } if !leases.is_empty() => {
                let which = usize::from(which) % leases.len();
                drop(leases.swap_remove(which));
            }
            Step::EndLease { .. } => {}
            Step::Offer { seq } => segment.chunks().offer(seq),
            Step::Revoke { seq } => {
                if segment.chunks().revoke(seq) {
                    assert!(!segment.chunks().revoke(seq), "taken back twice");
                }
            }
            Step::Cancel { seq } => segment.chunks().cancel(seq),
            Step::Condemn { first, last } => {
                if let Some(task) = segment.claim().condemn(TaskRange { first, last }) {
                    assert!(
                        TaskRange { first, last }.contains(task),
                        "condemned for another's task"
                    );
                }
            }
            Step::Skip { first, last } => {
                if let Some(task) = segment.claim().skip(TaskRange { first, last }) {
                    assert!(TaskRange { first, last }.contains(task), "skipped for another's task");
                }
            }
            Step::Ring { bell } => {
                let doorbell = segment.doorbell(word::PARENT_ASLEEP);
                doorbell.arm_for(bell);
                doorbell.hand_over(bell, bell.wrapping_add(1));
                doorbell.disarm();
                let _rung = segment.doorbell(word::WORKER_ASLEEP).should_notify();
            }
        }
    }
});
