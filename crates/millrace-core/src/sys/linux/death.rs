//! The death of a child by its pidfd.
#![expect(unsafe_code, reason = "signals a process group by a pidfd, which rustix does not know")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr;

use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus, pidfd_open, pidfd_send_signal,
    waitid,
};

use super::refusal::is_refusal;
use crate::sys::unix::{Descriptor, watch_by_thread};

/// `PIDFD_SIGNAL_PROCESS_GROUP`, since Linux 6.9.
const TO_PROCESS_GROUP: libc::c_uint = 4;

/// As a descriptor it is readable once the child is dead.
#[derive(Debug)]
pub(in crate::sys) struct Death {
    fd: Descriptor,
    /// Whether `fd` is the child's pidfd. Where the system refuses pidfds, a thread waits for the child.
    is_pidfd: bool,
}

impl Death {
    /// Watches a child of this process that nobody has reaped.
    pub(in crate::sys) fn watch(pid: Pid) -> io::Result<Self> {
        let (fd, is_pidfd) = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => (pidfd, true),
            Err(error) if is_refusal(error) => (watch_by_thread(pid)?, false),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { fd: Descriptor::new(fd), is_pidfd })
    }

    /// Returns `false` if other code of this process has closed the descriptor.
    pub(in crate::sys) fn is_intact(&self) -> bool {
        self.fd.is_intact()
    }

    /// `None` where the system has none, and where other code of this process has closed it.
    fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        (self.is_pidfd && self.fd.is_intact()).then(|| self.fd.as_fd())
    }

    /// Sends SIGKILL. `None`: only the number of the child is left.
    pub(in crate::sys) fn kill(&self) -> Option<rustix::io::Result<()>> {
        match pidfd_send_signal(self.pidfd()?, Signal::KILL) {
            // A sandbox may know pidfds and forbid this.
            Err(error) if is_refusal(error) => None,
            answer => Some(answer),
        }
    }

    /// Kills the group of exactly this process, even if its number has been reused. Returns `false` if the system cannot.
    pub(in crate::sys) fn kill_group(&self) -> bool {
        let Some(pidfd) = self.pidfd().map(|pidfd| pidfd.as_raw_fd()) else { return false };
        let no_details = ptr::null::<libc::siginfo_t>();
        // SAFETY: the call takes a descriptor, numbers and a null pointer, and touches no memory of ours.
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                pidfd,
                libc::SIGKILL,
                no_details,
                TO_PROCESS_GROUP,
            )
        };
        // Before Linux 6.9 the flag is invalid, and a sandbox may forbid the call.
        result == 0
            || !matches!(
                io::Error::last_os_error().raw_os_error(),
                Some(libc::EINVAL | libc::ENOSYS | libc::EPERM)
            )
    }

    /// Waits as [`waitid`]. `None` as for [`Self::kill`].
    pub(in crate::sys) fn wait(
        &self,
        options: WaitIdOptions,
    ) -> Option<rustix::io::Result<Option<WaitIdStatus>>> {
        let pidfd = self.pidfd()?;
        match retry_on_intr(|| waitid(WaitId::PidFd(pidfd), options)) {
            // Linux 5.3 and some sandboxes do not know pidfds here. The number is its own while it is unreaped.
            Err(Errno::INVAL) => None,
            answer => Some(answer),
        }
    }
}

impl AsFd for Death {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
