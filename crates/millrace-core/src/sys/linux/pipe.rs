//! The way of a process's output to this one.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{Errno, read, retry_on_intr};
use rustix::pipe::{PipeFlags, pipe_with};

use super::descriptor::{Descriptor, raise};

/// The end of a pipe that is read; reading never blocks.
#[derive(Debug)]
pub struct Pipe(Descriptor);

impl Pipe {
    /// Makes a pipe; the other end is for a process to write to, and blocks it while the pipe is full.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn new() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        fcntl_setfl(&ours, OFlags::NONBLOCK)?;
        Ok((Self(Descriptor::new(ours)), raise(theirs)))
    }

    /// Bytes read into `into`; 0 when all writers are gone; `None` when nothing is there.
    ///
    /// # Errors
    /// What the system reports, usually that this process has closed the descriptor behind the pipe's back.
    pub fn try_read(&self, into: &mut [u8]) -> io::Result<Option<usize>> {
        match retry_on_intr(|| read(&self.0, &mut *into)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
