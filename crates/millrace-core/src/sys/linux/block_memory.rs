//! Memory for large values, which one process writes and another one reads: a memfd that can no longer change its length. Its pages
//! exist only where something was written, so its length costs nothing.
#![expect(unsafe_code, reason = "maps pages and copies to and from them")]

use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags, SealFlags};
use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mprotect};

use super::copying::copy_out;
use super::memory::{SEALS, anonymous_file, sealed};
use crate::sys::unix::{Descriptor, invalid};

/// One process's mapping of memory for large values, unmapped on drop.
///
/// The other process may change the bytes at any moment, so they are only copied.
#[derive(Debug)]
pub struct BlockMemory {
    start: NonNull<u8>,
    len: usize,
    is_writable: bool,
    /// The pages can be written. Until the first write they cannot, so that nothing writes them by mistake.
    is_open: OnceLock<bool>,
}

/// What lets other processes read a [`BlockMemory`].
#[derive(Debug)]
pub struct BlockReader(Descriptor);

impl BlockReader {
    /// Returns `false` if other code of this process has closed the descriptor.
    pub fn is_intact(&self) -> bool {
        self.0.is_intact()
    }
}

impl AsFd for BlockReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

// SAFETY: the mapping belongs to the process, not to a thread. Its bytes are only copied, and never borrowed.
unsafe impl Send for BlockMemory {}
// SAFETY: as for `Send`; two threads that copy to the same place garble only its bytes.
unsafe impl Sync for BlockMemory {}

impl BlockMemory {
    /// Makes memory that this process writes. The descriptor is for processes that read it; they cannot write with it.
    ///
    /// # Errors
    /// If the system has no memfd or refuses it, or `/proc` is not there.
    pub fn writable(len: usize) -> io::Result<(Self, BlockReader)> {
        let fd = sealed(anonymous_file()?, len)?;
        let memory = Self::map(&fd, len, true)?;
        let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
        let reader = rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok((memory, BlockReader(Descriptor::new(reader))))
    }

    /// Makes memory that this process reads. The descriptor is for the process that writes it.
    ///
    /// # Errors
    /// If the system has no memfd or refuses it.
    pub fn readable(len: usize) -> io::Result<(Self, OwnedFd)> {
        let fd = sealed(anonymous_file()?, len)?;
        Ok((Self::map(&fd, len, false)?, fd))
    }

    /// Maps what another process has made.
    ///
    /// # Errors
    /// `InvalidData` if it is not sealed memory of `len` bytes; otherwise what the system reports.
    pub fn attach(fd: impl AsFd, len: usize, is_writable: bool) -> io::Result<Self> {
        let seals = rustix::fs::fcntl_get_seals(&fd).unwrap_or(SealFlags::empty());
        if !seals.contains(SEALS) {
            return Err(invalid("it is not sealed against resizing"));
        }
        let size = rustix::fs::fstat(&fd)?.st_size;
        if u64::try_from(size) != Ok(len as u64) {
            return Err(invalid(&format!("it has {size} bytes, not {len}")));
        }
        Self::map(&fd, len, is_writable)
    }

    fn map(fd: impl AsFd, len: usize, is_writable: bool) -> io::Result<Self> {
        // SAFETY: the address is left to the kernel, so no existing mapping is replaced.
        let start = unsafe {
            rustix::mm::mmap(ptr::null_mut(), len, ProtFlags::READ, MapFlags::SHARED, fd, 0)
        }?;
        let start =
            NonNull::new(start.cast()).ok_or_else(|| invalid("it was mapped at address 0"))?;
        Ok(Self { start, len, is_writable, is_open: OnceLock::new() })
    }

    /// Makes the pages writable, the first time. Returns `false` if they cannot be.
    fn open(&self) -> bool {
        let start = self.start.as_ptr().cast();
        *self.is_open.get_or_init(|| {
            let flags = MprotectFlags::READ | MprotectFlags::WRITE;
            // SAFETY: this is the whole mapping, and more may be done with it afterwards than before.
            let opened = self.is_writable && unsafe { mprotect(start, self.len, flags) }.is_ok();
            if opened {
                // Systems without large pages refuse it, and nothing depends on it.
                self.advise(0..self.len, Advice::LinuxHugepage).unwrap_or_default();
            }
            opened
        })
    }

    /// Copies `bytes` to place `at`. Returns `false` if they do not fit, or this process may not write.
    pub fn write(&self, at: usize, bytes: &[u8]) -> bool {
        let Some(place) = self.place(at, bytes.len()).filter(|_| self.open()) else {
            return false;
        };
        // SAFETY: `place` has room for the bytes, which are elsewhere: no slice of Rust's lies in this memory.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
        true
    }

    /// Fills `into` from place `at`. Returns `false` if the memory ends before.
    pub fn read(&self, at: usize, into: &mut [u8]) -> bool {
        let Some(place) = self.place(at, into.len()) else { return false };
        // SAFETY: `place` has these bytes, and no slice of Rust's lies in this memory.
        unsafe { copy_out(place, into) };
        true
    }

    /// Takes pages for a range now, so that a lack of memory is an error and not a signal when the pages are touched.
    ///
    /// # Errors
    /// If the system has no memory for them.
    pub fn reserve(&self, range: Range<usize>) -> io::Result<()> {
        if !self.open() {
            return Err(Errno::ACCESS.into());
        }
        match self.advise(range, Advice::LinuxPopulateWrite) {
            // Before Linux 5.14 the pages come when they are touched.
            Err(Errno::INVAL) => Ok(()),
            result => Ok(result?),
        }
    }

    /// Gives the pages of a range back to the system, in all processes. The range reads as zeros then.
    pub fn discard(&self, range: Range<usize>) {
        // If it is refused, the pages stay until the memory is gone.
        self.advise(range, Advice::LinuxRemove).unwrap_or_default();
    }

    /// Lets the pages of a range no longer count as memory of this process. Their content stays.
    pub fn detach(&self, range: Range<usize>) {
        self.advise(range, Advice::LinuxDontNeed).unwrap_or_default();
    }

    fn advise(&self, range: Range<usize>, advice: Advice) -> rustix::io::Result<()> {
        let Some(place) = self.place(range.start, range.len()) else { return Err(Errno::INVAL) };
        // SAFETY: the range is inside the mapping, and no Rust reference to its bytes exists.
        unsafe { madvise(place.cast(), range.len(), advice) }
    }

    fn place(&self, at: usize, len: usize) -> Option<*mut u8> {
        let fits = at <= self.len && len <= self.len - at;
        // SAFETY: `at` is inside the mapping or at its end.
        fits.then(|| unsafe { self.start.add(at) }.as_ptr())
    }
}

impl Drop for BlockMemory {
    fn drop(&mut self) {
        // SAFETY: `map` mapped exactly these bytes, and only this value, which ends here, owns them.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
