//! The end of a parent, by the control socket and by the number of the parent.

use std::io;
use std::os::fd::OwnedFd;

use crate::sys::Control;

/// POSIX has no descriptors of processes.
///
/// # Errors
/// None.
#[expect(clippy::unnecessary_wraps, reason = "Linux can run out of descriptors")]
pub fn own_pidfd() -> io::Result<Option<OwnedFd>> {
    Ok(None)
}

/// Blocks until the other end of `control` is closed or sends something, or this process has another parent. A forked copy of the
/// parent can hold the socket open.
pub fn wait_until_gone(control: &Control, _pidfd: Option<OwnedFd>) {
    // Any error ends the wait as well: one worker too few is better than one that nobody watches.
    let _ = wait(control);
}

/// A kqueue tells of the parent's end.
#[cfg(target_os = "macos")]
fn wait(control: &Control) -> io::Result<()> {
    use crate::sys::AsFd;
    rustix::process::getppid()
        .map_or(Ok(()), |parent| super::kqueue::wait_for_end(parent, control.as_fd()))
}

/// Nothing tells of the parent's end, so it is looked for now and then.
#[cfg(not(target_os = "macos"))]
fn wait(control: &Control) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::process::getppid;

    const LOOKS_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };
    let parent = getppid();
    loop {
        match poll(&mut [PollFd::new(control, PollFlags::IN)], Some(&LOOKS_EVERY)) {
            Err(Errno::INTR) => {}
            Ok(0) if getppid() == parent => {}
            answer => return Ok(answer.map(drop)?),
        }
    }
}
