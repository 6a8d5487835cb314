//! Output streams that a worker shares with its parent: how they get flags of their own, and when they come back at the exit.
#![expect(unsafe_code, reason = "names a section of the library")]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat, makedev, open};
use rustix::termios::isatty;

use crate::sys::unix::show_streams;

/// The pipe or terminal of `fd`, opened once more. A copy of the descriptor would share the flags: programs with an event loop
/// set `O_NONBLOCK`, and then every other program that writes there gets `EAGAIN`. `None` for other kinds of files (files have an
/// offset that has to be shared, sockets cannot be opened), and if the system refuses.
pub(in crate::sys) fn reopen(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
    let status = fstat(fd).ok()?;
    let is_wanted = match FileType::from_raw_mode(status.st_mode) {
        FileType::Fifo => true,
        // The master of a pseudo-terminal would be a new terminal.
        FileType::CharacterDevice => isatty(fd) && status.st_rdev != makedev(5, 2),
        _ => false,
    };
    let flags = fcntl_getfl(fd).ok().filter(|_| is_wanted)?;
    // It does not block. Otherwise a named pipe without a reader would make this process wait for one. Now it is an error.
    let how = flags & OFlags::RWMODE | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let own = open(format!("/proc/self/fd/{}", fd.as_raw_fd()), how, Mode::empty()).ok()?;
    let opened = fstat(&own).ok()?;
    let is_same = (opened.st_dev, opened.st_ino) == (status.st_dev, status.st_ino);
    fcntl_setfl(&own, flags.difference(OFlags::NONBLOCK)).ok().filter(|()| is_same)?;
    Some(own)
}

/// The streams come back in time for what the C library holds.
pub(in crate::sys) fn before_hiding() {}

/// Runs when this library is unloaded: after all registered functions, and before the C library writes its own buffers.
extern "C" fn show() {
    show_streams();
}

// The section holds addresses of functions of this type, and this one does not unwind.
#[used]
#[unsafe(link_section = ".fini_array")]
static FINISH: extern "C" fn() = show;
