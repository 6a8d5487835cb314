//! The way of a process's output to this one.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{Errno, read, retry_on_intr};
use rustix::pipe::{PipeFlags, pipe_with};

/// The end of a pipe that is read; reading never blocks.
#[derive(Debug)]
pub struct Pipe(OwnedFd);

impl Pipe {
    /// Makes a pipe; the other end is for a process to write to, and blocks it while the pipe is full.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn new() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = pipe_with(PipeFlags::CLOEXEC)?;
        fcntl_setfl(&ours, OFlags::NONBLOCK)?;
        Ok((Self(ours), theirs))
    }

    /// Bytes read into `into`; 0 when all writers are gone; `None` when nothing is there, or reading fails.
    pub fn try_read(&self, into: &mut [u8]) -> Option<usize> {
        match retry_on_intr(|| read(&self.0, &mut *into)) {
            Ok(bytes) => Some(bytes),
            Err(Errno::AGAIN) => None,
            // Nothing more can come out of it.
            Err(_) => Some(0),
        }
    }
}

impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
