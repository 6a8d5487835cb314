//! A started process: its death, its job, its end.
#![expect(unsafe_code, reason = "asks for an exit code, and kills")]

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use windows_sys::Win32::System::Threading::{GetExitCodeProcess, TerminateProcess};

use super::bell::{is_set_within, milliseconds};
use super::handle::{AsFd, BorrowedFd, OwnedFd, check, raw};
use super::job::{Job, KILLED};
use crate::lock::lock;
use crate::sys::types::Exit;

/// SIGKILL. As Node does, this library says so of what it has killed itself.
const SIGKILL: i32 = 9;

/// A process that [`super::launch`] started. Dropped, it is killed with all that it has started.
///
/// As a handle it is set once the process is dead.
#[derive(Debug)]
pub struct Child {
    process: OwnedFd,
    pub(super) job: Job,
    pid: u32,
    /// `Some` once reaped.
    exit: Mutex<Option<Exit>>,
}

impl Child {
    pub(super) fn new(process: OwnedFd, job: Job, pid: u32) -> Self {
        Self { process, job, pid, exit: Mutex::new(None) }
    }

    /// The process id. While this value lives, no other process gets it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills the process and all that it has started. Nobody can refuse.
    pub fn kill_group(&self) -> bool {
        self.job.kill();
        true
    }

    /// Kills the process itself, which may be in no job yet.
    pub(super) fn kill_alone(&self) {
        // SAFETY: the handle is open. It fails only for a process that has ended.
        unsafe { TerminateProcess(raw(&self.process), KILLED) };
    }

    /// Windows does not say why a process was ended, so nobody asks how large it was.
    #[expect(clippy::unused_self, reason = "Linux has an answer")]
    pub fn peak_memory(&self) -> Option<u64> {
        None
    }

    /// Tells how the process ended if it is dead, after killing what it has left; `None` while it lives. Never blocks.
    pub fn reap(&self) -> Option<Exit> {
        let mut exit = lock(&self.exit);
        if exit.is_none() && is_set_within(&self.process, 0) {
            self.job.kill();
            *exit = Some(self.exit_code().map_or_else(|_| Exit::default(), to_exit));
        }
        *exit
    }

    fn exit_code(&self) -> io::Result<u32> {
        let mut code = 0;
        // SAFETY: the handle is open, and it writes to `code`, which lives until it returns.
        check(unsafe { GetExitCodeProcess(raw(&self.process), &raw mut code) })?;
        Ok(code)
    }

    /// Nothing tells whether other code of this process has closed the handle.
    #[expect(clippy::unused_self, reason = "other systems can tell")]
    pub fn is_intact(&self) -> bool {
        true
    }

    /// Blocks until the process is dead, at most for `patience`. Returns whether it is.
    pub fn is_dead_within(&self, patience: Duration) -> bool {
        is_set_within(&self.process, milliseconds(patience))
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.process.as_fd()
    }
}

fn to_exit(code: u32) -> Exit {
    match code {
        KILLED => Exit { code: None, signal: Some(SIGKILL) },
        code => Exit { code: Some(code.cast_signed()), signal: None },
    }
}
