//! What a process knows about itself, about the system, and about its parent.
#![expect(unsafe_code, reason = "calls sysconf")]

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::process;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{
    PidfdFlags, Signal, getpgrp, getpid, getppid, kill_current_process_group, kill_process,
    pidfd_open,
};
use rustix::time::{ClockId, clock_gettime};

use super::Control;
use super::descriptor::{Descriptor, raise};
use super::refusal::is_refusal;

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

/// Ends this process by SIGKILL at once, and its process group with it when it leads the group.
pub fn kill_own_group() -> ! {
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    let _ = kill_process(getpid(), Signal::KILL);
    // The signal is pending: it takes effect before anything else here does.
    process::abort()
}

/// The bytes of physical memory that a process uses. `None` if there is no such process or it is hidden.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(rustix::param::page_size() as u64)
}

/// Milliseconds of the clock that all processes share and nobody sets, rounded down.
pub fn monotonic_ms() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000 + now.tv_nsec.cast_unsigned() / 1_000_000
}

/// How many CPUs of the system are switched on, as far as the C library knows; at least 1.
pub fn online_cpu_count() -> usize {
    // SAFETY: `sysconf` takes any name and touches no memory of ours.
    let count = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    usize::try_from(count).unwrap_or(1).max(1)
}
