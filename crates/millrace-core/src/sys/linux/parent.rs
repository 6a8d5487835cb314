//! The end of a parent, by its pidfd and by the control socket.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, getpid, getppid, pidfd_open};

use super::refusal::is_refusal;
use crate::sys::Control;
use crate::sys::unix::{Descriptor, raise};

/// How often a worker looks whether its parent is still there, where it has no descriptor of it. A forked copy of the parent can
/// hold the control socket open.
const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// A descriptor of this process that becomes readable when it is dead; `None` where the system refuses such descriptors.
///
/// # Errors
/// What the system reports, usually that there are too many open files.
pub fn own_pidfd() -> io::Result<Option<OwnedFd>> {
    match pidfd_open(getpid(), PidfdFlags::empty()) {
        Ok(pidfd) => Ok(Some(raise(pidfd))),
        Err(error) if is_refusal(error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Blocks until the other end of `control` is closed or the process behind `pidfd` is dead. Unread messages do not end it.
///
/// Without a pidfd it looks now and then whether this process has another parent.
pub fn wait_until_gone(control: &Control, pidfd: Option<OwnedFd>) {
    let pidfd = pidfd.map(Descriptor::new);
    let parent = getppid();
    // No IN for the socket: what may arrive on it is not for this waiter. Hang-up and errors are reported unasked.
    let mut fds = vec![PollFd::new(control, PollFlags::RDHUP)];
    fds.extend(pidfd.as_ref().map(|pidfd| PollFd::new(pidfd, PollFlags::IN)));
    let timeout = if pidfd.is_some() { None } else { Timespec::try_from(LOOKS_EVERY).ok() };
    loop {
        match rustix::event::poll(&mut fds, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            Ok(0) if getppid() == parent => {}
            // Any error except an interruption ends the wait as well: one worker too few is better than one that nobody watches.
            _ => return,
        }
    }
}
