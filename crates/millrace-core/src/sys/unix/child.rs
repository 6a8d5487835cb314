//! A started process: its death, its group, its end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, kill_process_group, waitid,
};

use crate::sys::machine::peak_memory;
use crate::sys::system::Death;
use crate::sys::types::Exit;

/// How long `drop` waits for a killed process before a separate thread takes over.
const DROP_PATIENCE: Duration = Duration::from_millis(50);

/// A process that [`super::launch`] started. Dropped unreaped, it is killed with its group and reaped.
///
/// As a descriptor it is readable once the process is dead.
#[derive(Debug)]
pub struct Child(Arc<Process>);

#[derive(Debug)]
struct Process {
    pid: Pid,
    death: Death,
    /// `Some` once reaped. From then on the number `pid` may belong to a stranger, so killing and reaping exclude each other.
    exit: Mutex<Option<Exit>>,
}

impl Child {
    /// Takes charge of a child of this process that nobody has reaped. On failure it is killed.
    pub(super) fn adopt(pid: Pid) -> io::Result<Self> {
        let death = Death::watch(pid).inspect_err(|_| {
            kill_unreaped(pid);
            // Nothing can be done where it cannot be reaped.
            let _ = retry_on_intr(|| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED));
        })?;
        Ok(Self(Arc::new(Process { pid, death, exit: Mutex::new(None) })))
    }

    /// The process id, which is the id of its process group too.
    pub fn pid(&self) -> u32 {
        self.0.pid.as_raw_pid().cast_unsigned()
    }

    /// Sends SIGKILL to the process and to its process group. Does nothing once it is reaped. Returns `false` if the process
    /// lives and refuses signals of this one: one of them has changed its user.
    pub fn kill_group(&self) -> bool {
        self.0.kill_group()
    }

    /// The largest resident memory that the process had, in bytes; `None` while it lives, when it is reaped, and where the system
    /// does not say.
    pub fn peak_memory(&self) -> Option<u64> {
        // It must not be reaped meanwhile, or its number might belong to a stranger.
        let exit = self.0.exit();
        if exit.is_none() { peak_memory(self.0.pid) } else { None }
    }

    /// Reaps the process if it is dead, after killing what is left of its group; `None` while it lives. Never blocks.
    ///
    /// The group is killed while its dead leader still holds the number, so that no stranger is hit. Once reaped, every
    /// call gives the same answer.
    pub fn reap(&self) -> Option<Exit> {
        self.0.reap()
    }

    /// Returns `false` if other code of this process has closed the descriptor. Then the death of the child is not noticed,
    /// and it can only be killed and reaped by its number.
    pub fn is_intact(&self) -> bool {
        self.0.death.is_intact()
    }

    /// Blocks until the process is dead, at most for `patience`. Returns whether it is.
    pub fn is_dead_within(&self, patience: Duration) -> bool {
        self.0.is_dead_within(patience)
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.death.as_fd()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.reap().is_some() {
            return;
        }
        self.kill_group();
        if self.0.is_dead_within(DROP_PATIENCE) && self.reap().is_some() {
            return;
        }
        // A process with much memory takes a while to die. A process that refuses signals ends when its lifeline notices.
        let process = Arc::clone(&self.0);
        // If the thread cannot start, the process stays a zombie: harmless, and rare.
        let _ = thread::Builder::new().name("millrace-reaper".into()).spawn(move || {
            // By its number: there is no other way to wait if the pidfd is gone.
            let dead = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let _ = retry_on_intr(|| waitid(WaitId::Pid(process.pid), dead));
            process.reap();
        });
    }
}

impl Process {
    fn exit(&self) -> MutexGuard<'_, Option<Exit>> {
        self.exit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kill_group(&self) -> bool {
        let exit = self.exit();
        if exit.is_some() {
            return true;
        }
        // Other code of this process may have reaped it: then its number says nothing.
        let is_reaped = self.peek().is_err_and(|error| error == Errno::CHILD);
        self.kill_rest_of_group(is_reaped);
        let by_number = || if is_reaped { Ok(()) } else { kill_process(self.pid, Signal::KILL) };
        self.death.kill().unwrap_or_else(by_number) != Err(Errno::PERM)
    }

    /// The group can be empty, or its members not this process's to kill.
    fn kill_rest_of_group(&self, is_reaped: bool) {
        if !self.death.kill_group() && !is_reaped {
            let _ = kill_process_group(self.pid, Signal::KILL);
        }
    }

    fn reap(&self) -> Option<Exit> {
        let mut exit = self.exit();
        if exit.is_none() {
            *exit = self.wait_while_zombie();
        }
        *exit
    }

    fn wait_while_zombie(&self) -> Option<Exit> {
        match self.peek() {
            // This process ignores SIGCHLD, or another part of it reaps every child: the status is lost, the death is not.
            Err(Errno::CHILD) => {
                self.kill_rest_of_group(true);
                return Some(Exit::default());
            }
            Ok(None) | Err(_) => return None,
            Ok(Some(_)) => {}
        }
        self.kill_rest_of_group(false);
        let status = self.wait(WaitIdOptions::EXITED | WaitIdOptions::NOHANG).ok().flatten();
        Some(status.map_or_else(Exit::default, |status| Exit {
            code: status.exit_status(),
            signal: status.terminating_signal(),
        }))
    }

    /// Whether it is dead. It stays unreaped.
    fn peek(&self) -> Result<Option<WaitIdStatus>, Errno> {
        self.wait(WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT)
    }

    fn wait(&self, options: WaitIdOptions) -> Result<Option<WaitIdStatus>, Errno> {
        let by_number = || retry_on_intr(|| waitid(WaitId::Pid(self.pid), options));
        self.death.wait(options).unwrap_or_else(by_number)
    }

    fn is_dead_within(&self, patience: Duration) -> bool {
        let timeout = Timespec::try_from(patience).ok();
        let mut fds = [PollFd::new(&self.death, PollFlags::IN)];
        retry_on_intr(|| rustix::event::poll(&mut fds, timeout.as_ref())) == Ok(1)
    }
}

/// For the moment in which only the number is known; the process is unreaped, so the number is its own.
fn kill_unreaped(pid: Pid) {
    // Both fail only where it is dead already.
    let _ = kill_process_group(pid, Signal::KILL);
    let _ = kill_process(pid, Signal::KILL);
}
