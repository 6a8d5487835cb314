//! Memory that two processes share: a memfd that can no longer change its length.
#![expect(unsafe_code, reason = "maps and unmaps pages")]

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{self, NonNull};

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};

use super::descriptor::raise;
use super::refusal::refused;

/// Without these a peer could shrink the file, and touching the lost pages would kill this process with SIGBUS.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

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
    /// Makes `len` bytes of zeros, not touched yet, sealed against resizing, and maps them.
    ///
    /// Returns the descriptor to pass on; closing it keeps the mapping.
    ///
    /// # Errors
    /// What the system reports; `InvalidInput` for a length of 0.
    pub fn create(len: usize) -> io::Result<(Self, OwnedFd)> {
        let fd = raise(anonymous_file()?);
        rustix::fs::ftruncate(&fd, len as u64)?;
        rustix::fs::fcntl_add_seals(&fd, SEALS)?;
        Ok((Self::map(&fd, len)?, fd))
    }

    /// Maps what [`SharedMemory::create`] made in another process.
    ///
    /// # Errors
    /// `InvalidData` when the descriptor is not memory of exactly `len` bytes that is sealed against resizing; else what
    /// the system reports.
    pub fn attach(fd: OwnedFd, len: usize) -> io::Result<Self> {
        let seals = rustix::fs::fcntl_get_seals(&fd).map_err(|_| invalid("it is not a memfd"))?;
        if !seals.contains(SEALS) {
            return Err(invalid("it is not sealed against resizing"));
        }
        let size = rustix::fs::fstat(&fd)?.st_size;
        if u64::try_from(size) != Ok(len as u64) {
            return Err(invalid(&format!("it has {size} bytes, not {len}")));
        }
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

    fn map(fd: impl AsFd, len: usize) -> io::Result<Self> {
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
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: `map` mapped exactly these bytes, and only this value, which ends here, owns them.
        let _ = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

/// Asks for memory that cannot be executed first: some systems refuse any other, older ones do not know the wish.
fn anonymous_file() -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create(c"millrace", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => rustix::fs::memfd_create(c"millrace", flags),
        made => made,
    }
    .map_err(refused("memfd_create"))
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not usable as shared memory: {why}"))
}
