//! Regions, which this system does not have yet: a handle would have to be copied into the process that a worker passes it to.

use std::io;

use super::handle::{BorrowedFd, OwnedFd};
use super::memory::SharedMemory;

/// Memory that goes from process to process. None can be made here.
#[derive(Debug)]
pub enum RegionFile {}

impl RegionFile {
    /// Makes none.
    ///
    /// # Errors
    /// Always `Unsupported`.
    pub fn create(_len: usize, _content: &[u8]) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Takes over none.
    ///
    /// # Errors
    /// Always `Unsupported`.
    pub fn receive(_fd: OwnedFd, _len: usize) -> io::Result<Self> {
        Err(unsupported())
    }

    /// The length in bytes.
    pub fn size(&self) -> usize {
        match *self {}
    }

    /// Whether both are the same memory.
    pub fn is_same(&self, _other: &Self) -> bool {
        match *self {}
    }

    /// Maps it once more.
    ///
    /// # Errors
    /// None: there is no such value.
    pub fn map(&self) -> io::Result<SharedMemory> {
        match *self {}
    }

    /// The handle, to pass it on.
    ///
    /// # Errors
    /// None: there is no such value.
    pub fn to_pass(&self) -> io::Result<BorrowedFd<'_>> {
        match *self {}
    }
}

pub(super) fn unsupported() -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "shared arrays are not there on Windows yet")
}
