//! What a process knows about itself and about the system.
#![expect(unsafe_code, reason = "calls sysconf")]

use std::process;

use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group, kill_process};
use rustix::time::{ClockId, clock_gettime};

/// Ends this process by SIGKILL at once, and its process group with it when it leads the group.
pub fn kill_own_group() -> ! {
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    let _ = kill_process(getpid(), Signal::KILL);
    // The signal is pending: it takes effect before anything else here does.
    process::abort()
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
