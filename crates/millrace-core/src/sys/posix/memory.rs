//! A shared memory object without a name. The other process could change its length, as nothing can be sealed.

use std::io;
use std::os::fd::OwnedFd;

use crate::sys::unix::{invalid, is_unnamed_object, unnamed_object};

/// An object of `len` bytes of zeros, or a few more: whole pages.
pub(in crate::sys) fn file_of(len: usize) -> io::Result<OwnedFd> {
    if len == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "shared memory of 0 bytes"));
    }
    unnamed_object(whole_pages(len))
        .map_err(|error| io::Error::new(error.kind(), format!("shm_open failed: {error}")))
}

/// Fails unless `fd` is what [`file_of`] makes.
pub(in crate::sys) fn check(fd: &OwnedFd, len: usize) -> io::Result<()> {
    let status = rustix::fs::fstat(fd)?;
    if !is_unnamed_object(&status) {
        return Err(invalid("it is not shared memory"));
    }
    let size = status.st_size;
    if u64::try_from(size) != Ok(whole_pages(len) as u64) {
        return Err(invalid(&format!("it has {size} bytes, not {len}")));
    }
    Ok(())
}

/// macOS rounds the size up by itself.
fn whole_pages(len: usize) -> usize {
    len.next_multiple_of(rustix::param::page_size())
}
