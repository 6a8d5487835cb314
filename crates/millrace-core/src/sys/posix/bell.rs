//! A bell: a pipe that does not block. Whoever is notified reads it empty, so a full pipe counts as notified.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::Errno;

use crate::sys::unix::{Descriptor, raise};

/// As much as one read takes. Notifications are one byte each, and only a listener of many workers has more than a few.
const READ_BYTES: usize = 512;

/// Wakes a sleeping side, in this process or in another one. Notifications that nobody has cleared count as one.
///
/// Who made it has both ends, so that the pipe lives on when the other process is dead. The other process has one of them.
#[derive(Debug)]
pub struct Bell {
    reader: Option<Descriptor>,
    writer: Option<Descriptor>,
}

impl Bell {
    /// Makes a bell without a notification.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        fcntl_setfl(&reader, OFlags::NONBLOCK)?;
        fcntl_setfl(&writer, OFlags::NONBLOCK)?;
        Ok(Self {
            reader: Some(Descriptor::new(reader.into())),
            writer: Some(Descriptor::new(writer.into())),
        })
    }

    /// Takes over the descriptor that another process has sent to wait with.
    pub fn to_wait(fd: OwnedFd) -> Self {
        Self { reader: Some(Descriptor::new(fd)), writer: None }
    }

    /// Takes over the descriptor that another process has sent to notify it with.
    pub fn to_notify(fd: OwnedFd) -> Self {
        Self { reader: None, writer: Some(Descriptor::new(fd)) }
    }

    /// The same bell with other descriptors. A notification stays as long as one of both is open.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn twin(&self) -> io::Result<Self> {
        let copy = |end: &Option<Descriptor>| {
            end.as_ref().map(|end| end.try_clone().map(Descriptor::new)).transpose()
        };
        Ok(Self { reader: copy(&self.reader)?, writer: copy(&self.writer)? })
    }

    /// What another process needs to wait for this one.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn fd_to_wait(&self) -> io::Result<OwnedFd> {
        Self::copy(self.reader.as_ref())
    }

    /// What another process needs to notify this one.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn fd_to_notify(&self) -> io::Result<OwnedFd> {
        Self::copy(self.writer.as_ref())
    }

    fn copy(end: Option<&Descriptor>) -> io::Result<OwnedFd> {
        end.ok_or_else(|| Errno::BADF.into()).and_then(Descriptor::try_clone).map(raise)
    }

    /// Notifies. Never blocks, and does nothing if the descriptor is gone.
    pub fn notify(&self) {
        let _ = self.try_notify();
    }

    /// Notifies. Returns `false` if other code of this process has closed the descriptor. Never blocks.
    #[must_use]
    pub fn try_notify(&self) -> bool {
        let Some(writer) = &self.writer else { return false };
        writer.is_ours()
            && matches!(
                rustix::io::retry_on_intr(|| rustix::io::write(writer, &[1])),
                Ok(1) | Err(Errno::AGAIN)
            )
    }

    /// Returns `false` if other code of this process has closed a descriptor. Unlike a notification it changes nothing.
    pub fn is_open(&self) -> bool {
        [&self.reader, &self.writer].into_iter().flatten().all(Descriptor::is_open)
    }

    /// Closes its descriptors, as other code of this process would.
    #[cfg(all(test, target_os = "linux", not(loom)))]
    pub(crate) fn close_behind_its_back(&self) {
        for end in [&self.reader, &self.writer].into_iter().flatten() {
            end.close_behind_its_back();
        }
    }

    /// Clears a notification, if there is one. Returns `false` as [`Self::try_notify`] does. Never blocks.
    pub fn clear(&self) -> bool {
        let Some(reader) = &self.reader else { return false };
        let mut bytes = [0; READ_BYTES];
        while reader.is_ours() {
            match rustix::io::read(reader, &mut bytes) {
                Ok(READ_BYTES) | Err(Errno::INTR) => {}
                // No byte is the end: other code has closed the writer, and what is left will not notify.
                Ok(count) => return count > 0,
                Err(error) => return error == Errno::AGAIN,
            }
        }
        false
    }

    /// Whether the bell is notified within `patience`; the notification stays. May say `true` too early.
    pub fn is_notified_within(&self, patience: Duration) -> bool {
        let timeout = Timespec::try_from(patience).ok();
        rustix::event::poll(&mut [PollFd::new(self, PollFlags::IN)], timeout.as_ref()) != Ok(0)
    }

    /// Blocks until the bell is notified, then clears it. The caller re-checks its condition: a return may be spurious.
    ///
    /// `false` as for [`Self::try_notify`].
    pub fn wait(&self) -> bool {
        while rustix::event::poll(&mut [PollFd::new(self, PollFlags::IN)], None) == Err(Errno::INTR)
        {
        }
        self.clear()
    }
}

/// The end to wait with, if it has one.
impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        let end = self.reader.as_ref().or(self.writer.as_ref());
        end.expect("a bell has an end").as_fd()
    }
}
