//! Memory that two processes share. Nobody changes its length afterwards.
#![expect(unsafe_code, reason = "maps and unmaps pages")]

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags};

use crate::sys::system;

/// A mapping of anonymous memory shared with another process, unmapped on drop.
///
/// The other process may change the bytes at any moment: read them through atomics or volatile copies only.
#[derive(Debug)]
pub struct SharedMemory {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and this type itself never reads or writes its bytes.
unsafe impl Send for SharedMemory {}
// SAFETY: as for `Send`; shared references only give out the address.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// Makes `len` bytes of zeros, not touched yet, sealed against resizing where the system can, and maps them.
    ///
    /// Returns the descriptor to pass on; closing it keeps the mapping.
    ///
    /// # Errors
    /// What the system reports; `InvalidInput` for a length of 0.
    pub fn create(len: usize) -> io::Result<(Self, OwnedFd)> {
        let fd = system::file_of(len)?;
        Ok((Self::map(&fd, len)?, fd))
    }

    /// Maps what [`SharedMemory::create`] made in another process.
    ///
    /// # Errors
    /// `InvalidData` when the descriptor is not memory of exactly `len` bytes that is sealed against resizing, or cannot be;
    /// else what the system reports.
    pub fn attach(fd: OwnedFd, len: usize) -> io::Result<Self> {
        system::check(&fd, len)?;
        let memory = Self::map(&fd, len);
        drop(fd);
        memory
    }

    /// The first byte.
    pub fn as_ptr(&self) -> NonNull<u8> {
        self.start
    }

    /// The length in bytes, never 0.
    pub fn size(&self) -> usize {
        self.len
    }

    pub(super) fn map(fd: impl AsFd, len: usize) -> io::Result<Self> {
        // SAFETY: the address is left to the kernel, so no existing mapping is replaced.
        let start = unsafe {
            rustix::mm::mmap(
                ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                fd,
                0,
            )
        }?;
        let start =
            NonNull::new(start.cast()).ok_or_else(|| invalid("it was mapped at address 0"))?;
        Ok(Self { start, len })
    }

    /// Copies `content` to the front. It must fit.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn fill(&self, content: &[u8]) {
        let bytes = content.len().min(self.len);
        // SAFETY: both have as many bytes, and no slice of Rust's lies in this memory.
        unsafe { ptr::copy_nonoverlapping(content.as_ptr(), self.start.as_ptr(), bytes) };
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: `map` mapped exactly these bytes, and only this value, which ends here, owns them.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

pub(in crate::sys) fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not usable as shared memory: {why}"))
}
