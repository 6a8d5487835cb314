//! A started process: its death, its group, its end.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, pidfd_open,
    pidfd_send_signal, waitid,
};

use super::super::types::Exit;

/// How long `drop` waits for a process it has killed before a thread of its own takes over.
const DROP_PATIENCE: Duration = Duration::from_millis(50);

/// A process that [`super::launch`] started. Dropped unreaped, it is killed with its group and reaped.
///
/// As a descriptor it is the process's pidfd: readable once the process is dead.
#[derive(Debug)]
pub struct Child(Arc<Process>);

#[derive(Debug)]
struct Process {
    pid: Pid,
    pidfd: OwnedFd,
    /// `Some` once reaped. From then on the number `pid` may belong to a stranger, so killing and reaping exclude each other.
    exit: Mutex<Option<Exit>>,
}

impl Child {
    /// Takes charge of a child of this process that nobody has reaped. On failure it is killed.
    pub(super) fn adopt(pid: Pid) -> io::Result<Self> {
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => Ok(Self(Arc::new(Process { pid, pidfd, exit: Mutex::new(None) }))),
            Err(error) => {
                kill_unreaped(pid);
                let _ = retry_on_intr(|| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED));
                Err(error.into())
            }
        }
    }

    /// The process id, which is the id of its process group too.
    pub fn pid(&self) -> u32 {
        self.0.pid.as_raw_pid().cast_unsigned()
    }

    /// Sends SIGKILL to the process and to its process group; does nothing once it is reaped.
    pub fn kill_group(&self) {
        self.0.kill_group();
    }

    /// Reaps the process if it is dead, after killing what is left of its group; `None` while it lives. Never blocks.
    ///
    /// The group is killed while its dead leader still holds the number, so that no stranger is hit. Once reaped, every
    /// call gives the same answer.
    pub fn reap(&self) -> Option<Exit> {
        self.0.reap()
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.pidfd.as_fd()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.reap().is_some() {
            return;
        }
        self.kill_group();
        if self.0.is_dead_within(Some(DROP_PATIENCE)) {
            self.reap();
            return;
        }
        // A process with much memory takes its time to die. Without the thread it stays a zombie: harmless, and rare.
        let process = Arc::clone(&self.0);
        let _ = thread::Builder::new().name("millrace-reaper".into()).spawn(move || {
            process.is_dead_within(None);
            process.reap();
        });
    }
}

impl Process {
    fn exit(&self) -> MutexGuard<'_, Option<Exit>> {
        self.exit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kill_group(&self) {
        let exit = self.exit();
        if exit.is_none() {
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = pidfd_send_signal(&self.pidfd, Signal::KILL);
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
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let wait = |options| retry_on_intr(|| waitid(WaitId::PidFd(self.pidfd.as_fd()), options));
        match wait(look | WaitIdOptions::NOWAIT) {
            // This process ignores SIGCHLD, or another part of it reaps every child: the status is lost, the death is not.
            Err(Errno::CHILD) => return Some(Exit::default()),
            Ok(None) | Err(_) => return None,
            Ok(Some(_)) => {}
        }
        let _ = kill_process_group(self.pid, Signal::KILL);
        let status = wait(look).ok().flatten();
        Some(status.map_or_else(Exit::default, |status| Exit {
            code: status.exit_status(),
            signal: status.terminating_signal(),
        }))
    }

    /// `None` waits for ever.
    fn is_dead_within(&self, patience: Option<Duration>) -> bool {
        let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        retry_on_intr(|| rustix::event::poll(&mut fds, timeout.as_ref())) == Ok(1)
    }
}

/// For the moment in which only the number is known; the process is unreaped, so the number is its own.
fn kill_unreaped(pid: Pid) {
    let _ = kill_process_group(pid, Signal::KILL);
    let _ = kill_process(pid, Signal::KILL);
}
