//! A bell: an eventfd.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use super::refusal::refused;
use crate::sys::unix::Descriptor;

/// Wakes a sleeping side, in this process or in another one. Notifications that nobody has cleared count as one.
#[derive(Debug)]
pub struct Bell(Descriptor);

impl Bell {
    /// Makes a bell without a notification.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn new() -> io::Result<Self> {
        let fd = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(refused("eventfd"))?;
        Ok(Self(Descriptor::new(fd)))
    }

    /// Takes over the descriptor that another process has sent to wait with.
    pub fn to_wait(fd: OwnedFd) -> Self {
        Self(Descriptor::new(fd))
    }

    /// Takes over the descriptor that another process has sent to notify it with.
    pub fn to_notify(fd: OwnedFd) -> Self {
        Self(Descriptor::new(fd))
    }

    /// The same bell with a second descriptor. A notification stays as long as one of both is open.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn twin(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self::to_wait)
    }

    /// What another process needs to wait for this one.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn fd_to_wait(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }

    /// What another process needs to notify this one.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn fd_to_notify(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }

    /// Notifies. Never blocks, and does nothing if the descriptor is gone.
    pub fn notify(&self) {
        let _ = self.try_notify();
    }

    /// Notifies. Returns `false` if other code of this process has closed the descriptor. Never blocks.
    #[must_use]
    pub fn try_notify(&self) -> bool {
        self.0.is_ours()
            && matches!(rustix::io::write(&self.0, &1_u64.to_ne_bytes()), Ok(8) | Err(Errno::AGAIN))
    }

    /// Returns `false` if other code of this process has closed the descriptor. Unlike a notification it changes nothing.
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Closes its descriptor, as other code of this process would.
    #[cfg(all(test, not(loom)))]
    pub(crate) fn close_behind_its_back(&self) {
        self.0.close_behind_its_back();
    }

    /// Clears a notification, if there is one. Returns `false` as [`Self::try_notify`] does. Never blocks.
    pub fn clear(&self) -> bool {
        self.0.is_ours()
            && matches!(rustix::io::read(&self.0, &mut [0; 8]), Ok(8) | Err(Errno::AGAIN))
    }

    /// Whether the bell is notified within `patience`; the notification stays. May say `true` too early.
    pub fn is_notified_within(&self, patience: Duration) -> bool {
        let timeout = Timespec::try_from(patience).ok();
        rustix::event::poll(&mut [PollFd::new(&self.0, PollFlags::IN)], timeout.as_ref()) != Ok(0)
    }

    /// Blocks until the bell is notified, then clears it. The caller re-checks its condition: a return may be spurious.
    ///
    /// `false` as for [`Self::try_notify`].
    pub fn wait(&self) -> bool {
        while rustix::event::poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None)
            == Err(Errno::INTR)
        {}
        self.clear()
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
