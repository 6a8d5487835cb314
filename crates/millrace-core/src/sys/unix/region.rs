//! The memory of a region, as a descriptor that goes from process to process.
//!
//! All its pages are taken when it is made, so a lack of memory is an error then, and never a signal when a page is touched.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::Dev;
use rustix::process::{Resource, getrlimit};

use super::descriptor::Descriptor;
use super::memory::{SharedMemory, invalid};
use super::object::{fill, reserve};
use crate::sys::system;

/// Memory of a fixed length that every process can map that has the descriptor.
#[derive(Debug)]
pub struct RegionFile {
    fd: Descriptor,
    len: usize,
    /// Device and inode.
    identity: (Dev, u64),
}

impl RegionFile {
    /// Makes `len` bytes, with `content` at their front and zeros after it.
    ///
    /// # Errors
    /// What the system reports: no memory, too many descriptors, a limit on the size of files.
    pub fn create(len: usize, content: &[u8]) -> io::Result<Self> {
        // To exceed it would be a signal.
        if getrlimit(Resource::Fsize).current.is_some_and(|most| (len as u64) > most) {
            return Err(io::Error::from(rustix::io::Errno::FBIG));
        }
        let fd = system::file_of(len)?;
        if content.is_empty() {
            reserve(&fd, len)?;
        } else {
            // Faster than to reserve first: each page is touched once.
            fill(&fd, len, content)?;
            if content.len() < len {
                reserve(&fd, len)?;
            }
        }
        Self::new(fd, len)
    }

    /// Takes over what another process has made.
    ///
    /// # Errors
    /// `InvalidData` unless it is memory of `len` bytes that nobody can shorten, where the system can make sure of that, and whose
    /// pages are taken.
    pub fn receive(fd: OwnedFd, len: usize) -> io::Result<Self> {
        system::check(&fd, len)?;
        if cfg!(target_os = "linux") {
            let blocks = rustix::fs::fstat(&fd)?.st_blocks;
            if u64::try_from(blocks).unwrap_or(0).saturating_mul(512) < len as u64 {
                return Err(invalid("its pages are not taken"));
            }
        }
        Self::new(fd, len)
    }

    fn new(fd: OwnedFd, len: usize) -> io::Result<Self> {
        let status = rustix::fs::fstat(&fd)?;
        Ok(Self { fd: Descriptor::new(fd), len, identity: (status.st_dev, status.st_ino) })
    }

    /// The length in bytes.
    pub fn size(&self) -> usize {
        self.len
    }

    /// Whether both are the same memory. macOS gives such memory no identity, so only the lengths tell there.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.len, self.identity) == (other.len, other.identity)
    }

    /// Maps it once more.
    ///
    /// # Errors
    /// What the system reports: no room in the address space, or too many mappings.
    pub fn map(&self) -> io::Result<SharedMemory> {
        SharedMemory::map(self.fd.ours()?, self.len)
    }

    /// The descriptor, to pass it on.
    ///
    /// # Errors
    /// If other code of this process has closed it.
    pub fn to_pass(&self) -> io::Result<BorrowedFd<'_>> {
        if self.fd.is_intact() {
            Ok(self.fd.as_fd())
        } else {
            Err(io::Error::from(rustix::io::Errno::BADF))
        }
    }
}
