//! A bell: an event that stays set until it is cleared, so that a poller reports it again.
#![expect(unsafe_code, reason = "calls the functions of events")]

use std::io;
use std::ptr;
use std::time::Duration;

use windows_sys::Win32::Foundation::{WAIT_FAILED, WAIT_OBJECT_0};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, ResetEvent, SetEvent, WaitForSingleObject,
};

use super::handle::{AsFd, BorrowedFd, OwnedFd, new_object, raw};

/// Wakes a sleeping side, in this process or in another one. Notifications that nobody has cleared count as one.
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// Makes a bell without a notification.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn new() -> io::Result<Self> {
        // SAFETY: null stands for no attributes and no name.
        new_object(unsafe { CreateEventW(ptr::null(), 1, 0, ptr::null()) }).map(Self)
    }

    /// Takes over the handle that another process has sent to wait with.
    pub fn to_wait(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// Takes over the handle that another process has sent to notify it with.
    pub fn to_notify(fd: OwnedFd) -> Self {
        Self(fd)
    }

    /// The same bell with another handle.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn twin(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// What another process needs to wait for this one.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn fd_to_wait(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }

    /// What another process needs to notify this one.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn fd_to_notify(&self) -> io::Result<OwnedFd> {
        self.0.try_clone()
    }

    /// Notifies. Never blocks.
    pub fn notify(&self) {
        let _ = self.try_notify();
    }

    /// Notifies. Returns `false` if other code of this process has closed the handle. Never blocks.
    #[must_use]
    pub fn try_notify(&self) -> bool {
        // SAFETY: the system refuses a number that is no event.
        unsafe { SetEvent(raw(&self.0)) != 0 }
    }

    /// Whether the handle is open. Nothing tells whether other code of this process has closed it and the number is in use again.
    #[expect(clippy::unused_self, reason = "other systems can tell")]
    pub fn is_open(&self) -> bool {
        true
    }

    /// Clears a notification, if there is one. Returns `false` as [`Self::try_notify`] does. Never blocks.
    pub fn clear(&self) -> bool {
        // SAFETY: the system refuses a number that is no event.
        unsafe { ResetEvent(raw(&self.0)) != 0 }
    }

    /// Whether this process can clear it and wait for it. A handle that another process has passed may be of something else, or allow
    /// less: a poller would fail for all of its objects. A notification may be cleared.
    pub(super) fn can_be_polled(&self) -> bool {
        // Cleared first: to wait for a lock would take it, and nothing but an event can be cleared.
        // SAFETY: the system refuses a number that is no handle.
        self.clear() && unsafe { WaitForSingleObject(raw(&self.0), 0) != WAIT_FAILED }
    }

    /// Whether the bell is notified within `patience`; the notification stays.
    pub fn is_notified_within(&self, patience: Duration) -> bool {
        is_set_within(&self.0, milliseconds(patience))
    }

    /// Blocks until the bell is notified, then clears it. The caller re-checks its condition: a return may be spurious.
    ///
    /// `false` as for [`Self::try_notify`].
    pub fn wait(&self) -> bool {
        is_set_within(&self.0, INFINITE) && self.clear()
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Whether the object is set by then: an event that was set, a process that has ended.
pub(super) fn is_set_within(object: &impl AsFd, milliseconds: u32) -> bool {
    // SAFETY: the system refuses a number that is no handle.
    unsafe { WaitForSingleObject(raw(object), milliseconds) == WAIT_OBJECT_0 }
}

/// As the system takes it. A part of a millisecond counts as a whole one, and the longest wait has an end.
pub(super) fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX).min(INFINITE - 1)
}
