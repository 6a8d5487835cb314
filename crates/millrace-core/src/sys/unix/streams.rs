//! Output streams that a worker shares with its parent. It writes to them and does not change them.
#![expect(unsafe_code, reason = "registers functions that run when the process exits")]

#[cfg(millrace_system = "linux")]
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use rustix::fs::{Mode, OFlags, open};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stderr, stdin, stdout};

use super::descriptor;
use crate::sys::system;

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
    system::before_hiding();
    let Ok(null) = open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) else { return };
    let copies = [stdin(), stdout(), stderr()].map(|fd| descriptor::copy(fd).ok());
    let replaced = HIDDEN.get_or_init(|| copies);
    let [input, output, error] = replaced.each_ref().map(Option::is_some);
    // Where that fails, the stream is reset.
    let _ = input.then(|| dup2_stdin(&null));
    let _ = output.then(|| dup2_stdout(&null));
    let _ = error.then(|| dup2_stderr(&null));
}

/// Undoes it.
#[cfg(millrace_system = "linux")]
pub(in crate::sys) fn show_streams() {
    let Some([input, output, error]) = HIDDEN.get() else { return };
    let _ = input.as_ref().map(|fd| dup2_stdin(fd.as_fd()));
    let _ = output.as_ref().map(|fd| dup2_stdout(fd.as_fd()));
    let _ = error.as_ref().map(|fd| dup2_stderr(fd.as_fd()));
}
