//! A memfd that can no longer change its length. Where the system has no memfd, it is a shared memory object without a name, whose
//! length nobody changes.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;

use super::refusal::{is_refusal, refused};
use crate::sys::unix::{invalid, is_unnamed_object, raise, unnamed_object};

/// Without these a peer could shrink the file, and touching the lost pages would kill this process with SIGBUS.
pub(super) const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

/// A file of `len` bytes of zeros.
pub(in crate::sys) fn file_of(len: usize) -> io::Result<OwnedFd> {
    match anonymous_file() {
        Ok(fd) => sealed(fd, len),
        Err(error) if is_refusal(error) => unnamed_object(len).map_err(|second| {
            let first = refused("memfd_create")(error);
            io::Error::new(second.kind(), format!("{first}, and shm_open failed too: {second}"))
        }),
        Err(error) => Err(error.into()),
    }
}

/// Fails unless `fd` is what [`file_of`] makes.
pub(in crate::sys) fn check(fd: &OwnedFd, len: usize) -> io::Result<()> {
    let status = rustix::fs::fstat(fd)?;
    match rustix::fs::fcntl_get_seals(fd) {
        Ok(seals) if seals.contains(SEALS) => {}
        Ok(SealFlags::SEAL) | Err(Errno::INVAL) if is_unnamed_object(&status) => {}
        Ok(_) => return Err(invalid("it is not sealed against resizing")),
        Err(_) => return Err(invalid("it is not shared memory")),
    }
    let size = status.st_size;
    if u64::try_from(size) != Ok(len as u64) {
        return Err(invalid(&format!("it has {size} bytes, not {len}")));
    }
    Ok(())
}

/// Asks for memory that cannot be executed first. Some systems refuse any other memory, and older ones do not know the flag.
pub(super) fn anonymous_file() -> Result<OwnedFd, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create(c"millrace", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => rustix::fs::memfd_create(c"millrace", flags),
        made => made,
    }
}

pub(super) fn sealed(fd: OwnedFd, len: usize) -> io::Result<OwnedFd> {
    let fd = raise(fd);
    rustix::fs::ftruncate(&fd, len as u64)?;
    rustix::fs::fcntl_add_seals(&fd, SEALS)?;
    Ok(fd)
}
