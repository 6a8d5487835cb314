//! Output streams that a worker shares with its parent. It writes to them and does not change them.
#![expect(unsafe_code, reason = "registers functions that run when the process exits")]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat, makedev, open};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stderr, stdin, stdout};
use rustix::termios::isatty;

use super::descriptor;

/// The pipe or terminal of `fd`, opened once more. A copy of the descriptor would share the flags: programs with an event loop
/// set `O_NONBLOCK`, and then every other program that writes there gets `EAGAIN`. `None` for other kinds of files (files have an
/// offset that has to be shared, sockets cannot be opened), and if the system refuses.
pub(super) fn reopen(fd: BorrowedFd<'_>) -> Option<OwnedFd> {
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

/// The standard streams while they are hidden.
static HIDDEN: OnceLock<[Option<OwnedFd>; 3]> = OnceLock::new();

/// Keeps Node from resetting the standard streams when this process exits. At its start Node saves the terminal's modes and the
/// flags of the streams, and restores them at its end. A parent that has changed them since would lose its changes. Node does not
/// touch a stream that is another file by then.
pub fn keep_streams_at_exit() {
    // SAFETY: `hide` is a function for the whole life of this library, which is never unloaded, and does not unwind. Should it
    // not be registered, the streams are reset.
    unsafe { libc::atexit(hide) };
}

/// Runs before the functions that were registered earlier, such as Node's own.
extern "C" fn hide() {
    let Ok(null) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) else { return };
    let copies = [stdin(), stdout(), stderr()].map(|fd| descriptor::copy(fd).ok());
    let replaced = HIDDEN.get_or_init(|| copies);
    let [input, output, error] = replaced.each_ref().map(Option::is_some);
    // Where that fails, the stream is reset.
    let _ = input.then(|| dup2_stdin(&null));
    let _ = output.then(|| dup2_stdout(&null));
    let _ = error.then(|| dup2_stderr(&null));
}

/// Runs when this library is unloaded: after all registered functions, and before the C library writes its own buffers.
extern "C" fn show() {
    let Some([input, output, error]) = HIDDEN.get() else { return };
    let _ = input.as_ref().map(|fd| dup2_stdin(fd.as_fd()));
    let _ = output.as_ref().map(|fd| dup2_stdout(fd.as_fd()));
    let _ = error.as_ref().map(|fd| dup2_stderr(fd.as_fd()));
}

// The section holds addresses of functions of this type, and this one does not unwind.
#[used]
#[unsafe(link_section = ".fini_array")]
static FINISH: extern "C" fn() = show;
