//! What a process knows of itself, of the system, and of its parent.
#![expect(unsafe_code, reason = "calls sysconf")]

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::process;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{
    PidfdFlags, Signal, getpgrp, getpid, kill_current_process_group, kill_process, pidfd_open,
};
use rustix::time::{ClockId, clock_gettime};

use super::Control;
use super::descriptor::{Descriptor, raise};
use super::refusal::refused;

/// A descriptor of this process that becomes readable when it is dead.
///
/// # Errors
/// `Unsupported` before Linux 5.3; else what the system reports.
pub fn own_pidfd() -> io::Result<OwnedFd> {
    Ok(raise(pidfd_open(getpid(), PidfdFlags::empty()).map_err(refused("pidfd_open"))?))
}

/// Blocks until the other end of `control` is closed or the process behind `pidfd` is dead. Unread messages do not end it.
pub fn wait_until_gone(control: &Control, pidfd: OwnedFd) {
    let pidfd = Descriptor::new(pidfd);
    // No IN for the socket: what may arrive on it is not for this waiter. Hang-up and errors are reported unasked.
    let mut fds = [PollFd::new(control, PollFlags::RDHUP), PollFd::new(&pidfd, PollFlags::IN)];
    // Any error but an interruption ends the wait as well: better a worker too few than one that nobody watches.
    while rustix::event::poll(&mut fds, None) == Err(Errno::INTR) {}
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

/// Bytes of physical memory a process uses; `None` when there is no such process or it is not to be seen.
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
