//! The memory of a segment: two processes share it. In tests it belongs to one process.

#![expect(unsafe_code, reason = "vouches for memory that is reached by address")]

#[cfg(feature = "testing")]
use std::cell::UnsafeCell;
use std::ptr::NonNull;

use crate::sys::SharedMemory;

/// Memory that lives as long as its owner.
///
/// # Safety
/// For the whole life of the value, `size` bytes from `as_ptr` on must be initialised and may be read and written from any
/// thread; both methods always answer the same; and no Rust reference to these bytes exists other than to atomics.
pub unsafe trait Memory: Send + Sync {
    /// The first byte.
    fn as_ptr(&self) -> NonNull<u8>;
    /// Size in bytes.
    fn size(&self) -> usize;
}

/// Zeroed memory of this process, for tests and benchmarks.
#[cfg(feature = "testing")]
#[derive(Debug)]
pub struct HeapMemory(Box<[UnsafeCell<u64>]>);

#[cfg(feature = "testing")]
impl HeapMemory {
    /// At least `len` bytes.
    pub fn new(len: usize) -> Self {
        Self((0..len.div_ceil(8)).map(|_| UnsafeCell::new(0)).collect())
    }
}

#[cfg(feature = "testing")]
// SAFETY: the cells are only reached through `Memory`, whose users copy bytes or use atomics.
unsafe impl Sync for HeapMemory {}

#[cfg(feature = "testing")]
// SAFETY: the box neither moves nor shrinks its cells, they are written when made, and cells may be written when shared.
unsafe impl Memory for HeapMemory {
    fn as_ptr(&self) -> NonNull<u8> {
        NonNull::from(&*self.0).cast()
    }

    fn size(&self) -> usize {
        self.0.len() * 8
    }
}

// SAFETY: a mapping neither moves nor shrinks while it lives, and its file is sealed; the system hands out zeroed pages;
// this process touches them through a `Segment` alone, the other one by atomics and copies.
unsafe impl Memory for SharedMemory {
    fn as_ptr(&self) -> NonNull<u8> {
        SharedMemory::as_ptr(self)
    }

    fn size(&self) -> usize {
        SharedMemory::size(self)
    }
}
