//! Shared memory objects of POSIX. They can have no seals: only who has the descriptor of one reaches it, since its name is gone.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Mode, Stat};
use rustix::shm;

use super::descriptor::raise;

/// A shared memory object that loses its name at once. A name may have 31 characters on macOS, and an object its length only once.
pub(in crate::sys) fn unnamed_object(len: usize) -> io::Result<OwnedFd> {
    let name = format!("/millrace-{:016x}", RandomState::new().build_hasher().finish());
    let flags = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
    let fd = shm::open(&*name, flags, Mode::RUSR | Mode::WUSR)?;
    let _ = shm::unlink(&*name);
    let fd = raise(fd);
    rustix::fs::ftruncate(&fd, len as u64)?;
    reserve(&fd, len)?;
    Ok(fd)
}

/// A call to the system about memory covers so many bytes, so that a signal interrupts it and does not make it start again for ever.
#[cfg(target_os = "linux")]
const PIECE_BYTES: usize = 64 * 1024 * 1024;

/// Takes the space now: to touch a page of a full file system later would kill this process with SIGBUS.
#[cfg(target_os = "linux")]
pub(super) fn reserve(fd: &OwnedFd, len: usize) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::{Errno, retry_on_intr};
    for start in (0..len).step_by(PIECE_BYTES) {
        let (start, bytes) = (start as u64, PIECE_BYTES.min(len - start) as u64);
        match retry_on_intr(|| fallocate(fd, FallocateFlags::empty(), start, bytes)) {
            // Where the file system has no such call, it is as with any memory.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Elsewhere the pages come from no file system.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "Linux can refuse")]
pub(super) fn reserve(_: &OwnedFd, _: usize) -> io::Result<()> {
    Ok(())
}

/// Copies `content` to the front of an object of `len` bytes, and so takes the space for it.
#[cfg(target_os = "linux")]
pub(super) fn fill(fd: &OwnedFd, _len: usize, content: &[u8]) -> io::Result<()> {
    let mut done = 0;
    while let Some(rest) = content.get(done..).filter(|rest| !rest.is_empty()) {
        let piece = &rest[..rest.len().min(PIECE_BYTES)];
        let written = rustix::io::retry_on_intr(|| rustix::io::pwrite(fd, piece, done as u64))?;
        if written == 0 {
            return Err(io::Error::from(rustix::io::Errno::NOSPC));
        }
        done += written;
    }
    Ok(())
}

/// Elsewhere such an object cannot be written, only mapped.
#[cfg(not(target_os = "linux"))]
pub(super) fn fill(fd: &OwnedFd, len: usize, content: &[u8]) -> io::Result<()> {
    super::memory::SharedMemory::map(fd, len).map(|memory| memory.fill(content))
}

/// Whether it can be what [`unnamed_object`] has made. macOS tells no type of it, and keeps it under no name.
pub(in crate::sys) fn is_unnamed_object(status: &Stat) -> bool {
    let kind = if cfg!(target_os = "linux") { FileType::RegularFile } else { FileType::Unknown };
    status.st_nlink == 0 && FileType::from_raw_mode(status.st_mode) == kind
}
