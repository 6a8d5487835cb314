//! What a process uses, and what a dead one has used.
#![expect(unsafe_code, reason = "waitid with the usage, which rustix leaves out")]

use std::fs;
use std::mem::MaybeUninit;

use rustix::process::Pid;

/// The bytes of physical memory that a process uses. `None` if there is no such process or it is hidden.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let statm = fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(rustix::param::page_size() as u64)
}

/// The largest resident memory that a dead child, or a child of that, ever had, in bytes. `None` if the system does not say. The
/// child can still be reaped.
pub(in crate::sys) fn peak_memory(child: Pid) -> Option<u64> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: waitid(2) takes five arguments in the kernel, and writes to the two structures, which live until it returns.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_waitid,
            libc::P_PID,
            child.as_raw_pid(),
            info.as_mut_ptr(),
            options,
            usage.as_mut_ptr(),
        )
    };
    if answer != 0 {
        return None;
    }
    // SAFETY: zeroes are a value of the structure, and the kernel writes whole ones.
    let usage = unsafe { usage.assume_init() };
    u64::try_from(usage.ru_maxrss).ok().filter(|kibibytes| *kibibytes > 0).map(|peak| peak * 1024)
}
