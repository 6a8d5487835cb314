//! The memory of a ring under loom.

#![expect(
    unsafe_code,
    reason = "loom's cells check for themselves that no two threads touch them at once"
)]

use super::RingMemory;
use crate::sync::atomic::AtomicU32;

/// A ring of two bytes in loom's memory, which reports any access that the counters do not order.
#[derive(Debug)]
pub struct ModelRing {
    head: AtomicU32,
    tail: AtomicU32,
    cells: [loom::cell::Cell<u8>; Self::CAPACITY as usize],
}

impl ModelRing {
    /// Size in bytes, small so that few steps fill it.
    pub const CAPACITY: u32 = 2;

    /// An empty ring whose counters stand at `start`.
    pub fn new(start: u32) -> Self {
        Self {
            head: AtomicU32::new(start),
            tail: AtomicU32::new(start),
            cells: std::array::from_fn(|_| loom::cell::Cell::new(0)),
        }
    }
}

// SAFETY: loom's `Cell` fails the model when two threads use it without an order between them, which is what it is for.
unsafe impl Sync for ModelRing {}

impl RingMemory for ModelRing {
    fn capacity(&self) -> u32 {
        Self::CAPACITY
    }

    fn head(&self) -> &AtomicU32 {
        &self.head
    }

    fn tail(&self) -> &AtomicU32 {
        &self.tail
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        self.cells[at..][..bytes.len()].iter().zip(bytes).for_each(|(cell, byte)| cell.set(*byte));
    }

    fn append(&self, at: usize, count: usize, into: &mut Vec<u8>) {
        into.extend(self.cells[at..][..count].iter().map(loom::cell::Cell::get));
    }
}
