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

/// Takes the space now: to touch a page of a full file system later would kill this process with SIGBUS.
#[cfg(target_os = "linux")]
fn reserve(fd: &OwnedFd, len: usize) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::fallocate(fd, rustix::fs::FallocateFlags::empty(), 0, len as u64) {
        // Where the file system has no such call, it is as with any memory.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Elsewhere the pages come from no file system.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "Linux can refuse")]
fn reserve(_: &OwnedFd, _: usize) -> io::Result<()> {
    Ok(())
}

/// Whether it can be what [`unnamed_object`] has made. macOS tells no type of it, and keeps it under no name.
pub(in crate::sys) fn is_unnamed_object(status: &Stat) -> bool {
    let kind = if cfg!(target_os = "linux") { FileType::RegularFile } else { FileType::Unknown };
    status.st_nlink == 0 && FileType::from_raw_mode(status.st_mode) == kind
}
