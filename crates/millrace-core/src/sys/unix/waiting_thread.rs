//! A thread that waits for the death of one process.

use std::io;
use std::os::fd::OwnedFd;
use std::thread;

use rustix::io::retry_on_intr;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::signals::with_signals_blocked;

/// A thread that only waits needs next to no stack.
const STACK_BYTES: usize = 128 * 1024;

/// A descriptor that becomes readable when the process `pid` is dead. The process stays unreaped.
pub(in crate::sys) fn watch_by_thread(pid: Pid) -> io::Result<OwnedFd> {
    let (death, life) = io::pipe()?;
    let wait = move || {
        let dead = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // If it fails, other code has reaped the process, which is dead then too.
        let _ = retry_on_intr(|| waitid(WaitId::Pid(pid), dead));
        // The end of the pipe tells.
        drop(life);
    };
    let thread = thread::Builder::new().name("millrace-death".into()).stack_size(STACK_BYTES);
    with_signals_blocked(|| thread.spawn(wait))?;
    Ok(death.into())
}
