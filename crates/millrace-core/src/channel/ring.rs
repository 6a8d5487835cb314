//! One-way ring of bytes between two processes: one producer, one consumer, no lock.
//!
//! The classic bounded queue of Lamport with free-running counters: `head` counts the bytes ever published, `tail` the
//! bytes ever released, both modulo 2^32; a byte's place is its count modulo the capacity, a power of two. Each side owns
//! one counter, keeps its true value privately and only ever stores it to shared memory. The *other* side's counter is
//! not trusted: each reading must lie between what was seen before and what is possible, and every copy stays inside the ring
//! whatever the counter says.
//!
//! The algorithm sees memory through [`RingMemory`], so that loom checks the code that ships and not a copy of it.

use std::sync::Arc;

use crate::sync::atomic::{AtomicU32, Ordering};

#[cfg(loom)]
mod model;
#[cfg(loom)]
pub use model::ModelRing;

/// The other side's counter is impossible: the memory was overwritten, or its process violates the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ring of {capacity} bytes is corrupt: head {head}, tail {tail}")]
pub struct RingCorrupt {
    /// Bytes published, modulo 2^32.
    pub head: u32,
    /// Bytes released, modulo 2^32.
    pub tail: u32,
    /// Size of the ring in bytes.
    pub capacity: u32,
}

/// Where a ring's bytes and counters are. The pieces asked for never cross the end of the ring.
pub trait RingMemory {
    /// Size of the ring in bytes: a power of two, at most 2^31.
    fn capacity(&self) -> u32;
    /// The word that the producer stores.
    fn head(&self) -> &AtomicU32;
    /// The word that the consumer stores.
    fn tail(&self) -> &AtomicU32;
    /// Copies `bytes` into the ring at `at`.
    fn write(&self, at: usize, bytes: &[u8]);
    /// Appends the `count` bytes at `at` to `into`.
    fn append(&self, at: usize, count: usize, into: &mut Vec<u8>);
}

impl<M: RingMemory> RingMemory for Arc<M> {
    fn capacity(&self) -> u32 {
        (**self).capacity()
    }

    fn head(&self) -> &AtomicU32 {
        (**self).head()
    }

    fn tail(&self) -> &AtomicU32 {
        (**self).tail()
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        (**self).write(at, bytes);
    }

    fn append(&self, at: usize, count: usize, into: &mut Vec<u8>) {
        (**self).append(at, count, into);
    }
}

/// Splits `count` bytes that start at `counter` where the ring ends: (place, bytes up to the end of the ring).
fn piece(counter: u32, count: usize, capacity: u32) -> (usize, usize) {
    let at = counter & (capacity - 1);
    (at as usize, count.min((capacity - at) as usize))
}

fn checked_capacity(memory: &impl RingMemory) -> u32 {
    let capacity = memory.capacity();
    assert!(capacity.is_power_of_two(), "a ring's capacity is a power of two");
    capacity
}

/// The writing end. There is one per ring.
#[derive(Debug)]
pub struct Producer<M: RingMemory> {
    memory: M,
    capacity: u32,
    written: u32,
    published: u32,
    seen_tail: u32,
}

impl<M: RingMemory> Producer<M> {
    /// The writing end of `memory`, whose two counters stand at `start` (0 in a formatted segment).
    pub fn new(memory: M, start: u32) -> Self {
        let capacity = checked_capacity(&memory);
        Self { memory, capacity, written: start, published: start, seen_tail: start }
    }

    /// Copies as much of `bytes` as fits and returns how much that was; the consumer sees it after [`publish`](Self::publish).
    ///
    /// # Errors
    /// When the consumer's counter is impossible.
    pub fn push(&mut self, bytes: &[u8]) -> Result<usize, RingCorrupt> {
        let mut free = self.free_given(self.seen_tail);
        if free < bytes.len() {
            self.seen_tail = self.tail()?;
            free = self.free_given(self.seen_tail);
        }
        let count = bytes.len().min(free);
        let (at, first) = piece(self.written, count, self.capacity);
        self.memory.write(at, &bytes[..first]);
        if first < count {
            self.memory.write(0, &bytes[first..count]);
        }
        self.written = self.written.wrapping_add(count as u32);
        Ok(count)
    }

    /// Shows the consumer everything pushed so far. Then its bell is due.
    pub fn publish(&mut self) {
        self.published = self.written;
        // Release pairs with the Acquire in `Consumer::head`: who sees the count sees the bytes.
        self.memory.head().store(self.published, Ordering::Release);
    }

    /// Bytes that can be pushed now.
    ///
    /// # Errors
    /// When the consumer's counter is impossible.
    pub fn free(&self) -> Result<usize, RingCorrupt> {
        self.tail().map(|tail| self.free_given(tail))
    }

    fn free_given(&self, tail: u32) -> usize {
        (self.capacity - self.written.wrapping_sub(tail)) as usize
    }

    fn tail(&self) -> Result<u32, RingCorrupt> {
        // Acquire pairs with the Release in `Consumer::release`: its copies are done before their places are overwritten.
        let tail = self.memory.tail().load(Ordering::Acquire);
        // Honest tails go forward, and never past what was published.
        if self.published.wrapping_sub(tail) <= self.published.wrapping_sub(self.seen_tail) {
            Ok(tail)
        } else {
            Err(RingCorrupt { head: self.published, tail, capacity: self.capacity })
        }
    }
}

/// The reading end. There is one per ring.
#[derive(Debug)]
pub struct Consumer<M: RingMemory> {
    memory: M,
    capacity: u32,
    released: u32,
    seen_head: u32,
    /// Bytes that may still be read; the ring looks empty beyond them.
    allowance: usize,
}

impl<M: RingMemory> Consumer<M> {
    /// The reading end of `memory`, whose two counters stand at `start` (0 in a formatted segment).
    pub fn new(memory: M, start: u32) -> Self {
        let capacity = checked_capacity(&memory);
        Self { memory, capacity, released: start, seen_head: start, allowance: usize::MAX }
    }

    /// Appends what is there to `into`, up to `limit` bytes, frees its place and returns how much it was. Then the producer's
    /// space bell is due.
    ///
    /// # Errors
    /// When the producer's counter is impossible.
    pub fn read_to_vec(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<usize, RingCorrupt> {
        let count = self.ready(limit)?;
        let (at, first) = piece(self.released, count, self.capacity);
        self.memory.append(at, first, into);
        if first < count {
            self.memory.append(0, count - first, into);
        }
        self.release(count);
        Ok(count)
    }

    /// Allows this many more bytes to be read, until it is called again. So a producer that keeps writing does not keep its
    /// reader busy.
    pub fn allow(&mut self, bytes: usize) {
        self.allowance = bytes;
    }

    /// Bytes that may still be read.
    pub fn allowance(&self) -> usize {
        self.allowance
    }

    /// Bytes that can be read now, allowed or not.
    ///
    /// # Errors
    /// When the producer's counter is impossible.
    pub fn available(&self) -> Result<usize, RingCorrupt> {
        self.head().map(|head| head.wrapping_sub(self.released) as usize)
    }

    fn ready(&mut self, wanted: usize) -> Result<usize, RingCorrupt> {
        let wanted = wanted.min(self.allowance);
        if (self.seen_head.wrapping_sub(self.released) as usize) < wanted {
            self.seen_head = self.head()?;
        }
        Ok(wanted.min(self.seen_head.wrapping_sub(self.released) as usize))
    }

    fn head(&self) -> Result<u32, RingCorrupt> {
        // Acquire pairs with the Release in `Producer::publish`.
        let head = self.memory.head().load(Ordering::Acquire);
        let available = head.wrapping_sub(self.released);
        // Honest heads go forward, and never further than the ring is long.
        if available <= self.capacity && available >= self.seen_head.wrapping_sub(self.released) {
            Ok(head)
        } else {
            Err(RingCorrupt { head, tail: self.released, capacity: self.capacity })
        }
    }

    fn release(&mut self, count: usize) {
        if count > 0 {
            self.released = self.released.wrapping_add(count as u32);
            self.allowance -= count;
            // Release pairs with the Acquire in `Producer::tail`.
            self.memory.tail().store(self.released, Ordering::Release);
        }
    }
}
