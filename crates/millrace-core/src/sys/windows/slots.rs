//! Words and messages in memory that another process writes too.
#![expect(unsafe_code, reason = "reads and writes memory that another process writes too")]

use std::io;
use std::ptr;

use super::memory::SharedMemory;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Where a message is: its length, then its bytes, at most `most`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) length: usize,
    pub(super) bytes: usize,
    pub(super) most: usize,
}

/// What was written with this number before is seen by whoever reads it.
pub(super) fn write_number(memory: &SharedMemory, at: usize, number: u64) {
    word(memory, at).store(number, Ordering::SeqCst);
}

pub(super) fn read_number(memory: &SharedMemory, at: usize) -> u64 {
    word(memory, at).load(Ordering::SeqCst)
}

fn word(memory: &SharedMemory, at: usize) -> &AtomicU64 {
    assert!(at + size_of::<u64>() <= memory.size() && at.is_multiple_of(8), "within the section");
    // SAFETY: it is inside of the mapping, and on a boundary of its size.
    let place = unsafe { memory.as_ptr().add(at).cast::<AtomicU64>() };
    // SAFETY: as above. Both processes use it as an atomic, and the mapping outlives the reference.
    unsafe { place.as_ref() }
}

/// Copies a message out. The other process may be writing it: then its text is a mixture.
pub(super) fn read_message(memory: &SharedMemory, slot: Slot) -> io::Result<Vec<u8>> {
    let length = usize::try_from(read_number(memory, slot.length)).ok();
    let length = length.filter(|length| *length <= slot.most).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "a message is too large, or is none")
    })?;
    let mut bytes = vec![0; length];
    assert!(slot.bytes + length <= memory.size(), "within the section");
    // SAFETY: it is inside of the mapping.
    let place = unsafe { memory.as_ptr().add(slot.bytes) };
    // SAFETY: both have so many bytes, and `bytes` is memory of this process.
    unsafe { place.copy_to_nonoverlapping(ptr::NonNull::from(&mut *bytes).cast(), length) };
    Ok(bytes)
}

/// Writes a message, which must fit.
pub(super) fn write_message(memory: &SharedMemory, slot: Slot, bytes: &[u8]) {
    assert!(bytes.len() <= slot.most, "within the slot");
    assert!(slot.bytes + bytes.len() <= memory.size(), "within the section");
    // SAFETY: it is inside of the mapping.
    let place = unsafe { memory.as_ptr().add(slot.bytes) };
    // SAFETY: both have so many bytes, and `bytes` is memory of this process.
    unsafe { place.copy_from_nonoverlapping(ptr::NonNull::from(bytes).cast(), bytes.len()) };
    write_number(memory, slot.length, bytes.len() as u64);
}
