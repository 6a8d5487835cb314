//! Memory that two processes share: a memfd that can no longer change its length. Where the system has no memfd, it is a POSIX
//! shared memory object without a name, whose length nobody changes.
#![expect(unsafe_code, reason = "maps and unmaps pages")]

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{self, NonNull};

use rustix::fs::{FallocateFlags, FileType, MemfdFlags, Mode, SealFlags};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use rustix::shm;

use super::descriptor::raise;
use super::refusal::{is_refusal, refused};

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
    /// Makes `len` bytes of zeros, not touched yet, sealed against resizing where the system can, and maps them.
    ///
    /// Returns the descriptor to pass on; closing it keeps the mapping.
    ///
    /// # Errors
    /// What the system reports; `InvalidInput` for a length of 0.
    pub fn create(len: usize) -> io::Result<(Self, OwnedFd)> {
        let fd = match anonymous_file() {
            Ok(fd) => sealed(fd, len)?,
            Err(error) if is_refusal(error) => unnamed_object(len).map_err(|second| {
                let first = refused("memfd_create")(error);
                io::Error::new(second.kind(), format!("{first}, and shm_open failed too: {second}"))
            })?,
            Err(error) => return Err(error.into()),
        };
        Ok((Self::map(&fd, len)?, fd))
    }

    /// Maps what [`SharedMemory::create`] made in another process.
    ///
    /// # Errors
    /// `InvalidData` when the descriptor is not memory of exactly `len` bytes that is sealed against resizing, or cannot be;
    /// else what the system reports.
    pub fn attach(fd: OwnedFd, len: usize) -> io::Result<Self> {
        let status = rustix::fs::fstat(&fd)?;
        match rustix::fs::fcntl_get_seals(&fd) {
            Ok(seals) if seals.contains(SEALS) => {}
            // A shared memory object can have no seals. Only who has its descriptor reaches it, since its name is gone.
            Ok(SealFlags::SEAL) | Err(Errno::INVAL)
                if status.st_nlink == 0
                    && FileType::from_raw_mode(status.st_mode) == FileType::RegularFile => {}
            Ok(_) => return Err(invalid("it is not sealed against resizing")),
            Err(_) => return Err(invalid("it is not shared memory")),
        }
        let size = status.st_size;
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

/// Asks for memory that cannot be executed first. Some systems refuse any other memory, and older ones do not know the flag.
fn anonymous_file() -> Result<OwnedFd, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create(c"millrace", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => rustix::fs::memfd_create(c"millrace", flags),
        made => made,
    }
}

fn sealed(fd: OwnedFd, len: usize) -> io::Result<OwnedFd> {
    let fd = raise(fd);
    rustix::fs::ftruncate(&fd, len as u64)?;
    rustix::fs::fcntl_add_seals(&fd, SEALS)?;
    Ok(fd)
}

/// A shared memory object that loses its name at once. Its space is taken now: to touch a page of a full file system later
/// would kill this process with SIGBUS.
fn unnamed_object(len: usize) -> io::Result<OwnedFd> {
    let name = format!("/millrace-{:016x}", RandomState::new().build_hasher().finish());
    let flags = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
    let fd = shm::open(&*name, flags, Mode::RUSR | Mode::WUSR)?;
    let _ = shm::unlink(&*name);
    let fd = raise(fd);
    rustix::fs::ftruncate(&fd, len as u64)?;
    match rustix::fs::fallocate(&fd, FallocateFlags::empty(), 0, len as u64) {
        // Where the file system has no such call, it is as with any memory.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(fd),
        Err(error) => Err(error.into()),
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not usable as shared memory: {why}"))
}
