//! Output streams that a worker shares with its parent.
#![expect(unsafe_code, reason = "calls fflush")]

use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr;

/// POSIX has no way to open a pipe or a terminal once more, with flags of its own.
pub(in crate::sys) fn reopen(_: BorrowedFd<'_>) -> Option<OwnedFd> {
    None
}

/// Writes what the C library holds: the streams do not come back before it would do so itself.
pub(in crate::sys) fn before_hiding() {
    // SAFETY: null stands for all streams; the call takes their locks.
    unsafe { libc::fflush(ptr::null_mut()) };
}
