//! The memory of a region: a section that goes from process to process by its handle. Its pages are taken when it is made, and the
//! system frees them with its last handle and its last view.
#![expect(unsafe_code, reason = "compares handles")]

use std::io;

use windows_sys::Win32::Foundation::CompareObjectHandles;

use super::handle::{AsFd, BorrowedFd, OwnedFd, raw};
use super::memory::SharedMemory;

/// Memory of a fixed length that every process can map that has the handle.
#[derive(Debug)]
pub struct RegionFile {
    section: OwnedFd,
    len: usize,
}

impl RegionFile {
    /// Makes `len` bytes, with `content` at their front and zeros after it.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn create(len: usize, content: &[u8]) -> io::Result<Self> {
        let (memory, section) = SharedMemory::create(len)?;
        memory.fill(content);
        Ok(Self { section, len })
    }

    /// Takes over what another process has made.
    ///
    /// # Errors
    /// `InvalidData` unless it is memory of `len` bytes whose pages are taken. Nobody can change its length.
    pub fn receive(fd: OwnedFd, len: usize) -> io::Result<Self> {
        SharedMemory::check(&fd, len)?;
        Ok(Self { section: fd, len })
    }

    /// The length in bytes.
    pub fn size(&self) -> usize {
        self.len
    }

    /// Whether both are the same memory.
    pub fn is_same(&self, other: &Self) -> bool {
        // SAFETY: both handles are open.
        unsafe { CompareObjectHandles(raw(&self.section), raw(&other.section)) != 0 }
    }

    /// Maps it once more.
    ///
    /// # Errors
    /// What the system reports: no room in the address space.
    pub fn map(&self) -> io::Result<SharedMemory> {
        SharedMemory::map(&self.section, self.len)
    }

    /// The handle, to pass it on.
    ///
    /// # Errors
    /// None here.
    #[expect(clippy::unnecessary_wraps, reason = "the signature is that of sys/unix")]
    pub fn to_pass(&self) -> io::Result<BorrowedFd<'_>> {
        Ok(self.section.as_fd())
    }
}
