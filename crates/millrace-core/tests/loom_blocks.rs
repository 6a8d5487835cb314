//! How a block of results goes to the parent and back, under every order of events that loom can find.
#![cfg(loom)]
#![expect(unsafe_code, reason = "loom watches who touches the bytes of a block")]

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use millrace_core::testing::channel::blocks::Extent;
use millrace_core::testing::channel::blocks::returns::{Lent, ReadWord, Returns};

/// The memory of two processes: one block, what the worker has announced, and what the parent has read.
struct Memory {
    block: UnsafeCell<u32>,
    announced: AtomicU32,
    read: AtomicU32,
}

// SAFETY: loom reports it if two threads touch the block at once.
unsafe impl Sync for Memory {}

struct Shared(Arc<Memory>);

impl ReadWord for Shared {
    fn word(&self) -> &AtomicU32 {
        &self.0.read
    }
}

#[test]
fn a_block_is_overwritten_only_after_it_was_read() {
    loom::model(|| {
        let memory = Arc::new(Memory {
            block: UnsafeCell::new(0),
            announced: AtomicU32::new(0),
            read: AtomicU32::new(0),
        });
        let theirs = Arc::clone(&memory);
        let worker = thread::spawn(move || {
            let mut lent = Lent::default();
            let mut is_free = true;
            let mut filled = 0;
            for _ in 0..3 {
                lent.reclaim(&theirs.read, |_| is_free = true);
                if !is_free {
                    // Without a free block the result goes another way.
                    continue;
                }
                is_free = false;
                filled += 1;
                // SAFETY: loom reports it if the parent reads meanwhile.
                theirs.block.with_mut(|value| unsafe { *value = filled });
                lent.push(Extent { start: 0, units: 1 });
                theirs.announced.store(filled, Ordering::Release);
            }
        });
        let returns = Arc::new(Returns::new(Shared(Arc::clone(&memory))));
        let mut seen = 0;
        for _ in 0..3 {
            let announced = memory.announced.load(Ordering::Acquire);
            let Some(lease) = returns.arrive(announced, 1).unwrap() else { continue };
            // SAFETY: as above.
            let value = memory.block.with(|value| unsafe { *value });
            assert_eq!(value, announced, "the block of another result");
            assert!(value > seen);
            seen = value;
            drop(lease);
        }
        worker.join().unwrap();
    });
}
