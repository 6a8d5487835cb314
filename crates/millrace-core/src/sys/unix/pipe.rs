//! The output of a process on its way to this one.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::{Errno, read, retry_on_intr};

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
        let (ours, theirs) = io::pipe()?;
        fcntl_setfl(&ours, OFlags::NONBLOCK)?;
        Ok((Self(Descriptor::new(ours.into())), raise(theirs.into())))
    }

    /// Returns how many bytes were read into `into`: 0 if all writers are gone, `None` if nothing is there.
    ///
    /// # Errors
    /// What the system reports, usually that this process has closed the descriptor behind the pipe's back.
    pub fn try_read(&self, into: &mut [u8]) -> io::Result<Option<usize>> {
        match self.0.ours().and_then(|fd| retry_on_intr(|| read(fd, &mut *into))) {
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

#[cfg(all(test, not(loom)))]
mod tests {
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use crate::sys::Bell;

    use super::*;

    #[test]
    fn a_bell_that_has_the_number_now_is_not_read() {
        let (pipe, _end) = Pipe::new().unwrap();
        let number = pipe.as_fd().as_raw_fd();
        pipe.0.close_behind_its_back();
        // The lowest free number is taken next; other tests take numbers too.
        let mut bells = Vec::new();
        while bells.last().is_none_or(|bell: &Bell| bell.as_fd().as_raw_fd() < number) {
            bells.push(Bell::new().unwrap());
        }
        bells.iter().for_each(Bell::notify);
        assert!(pipe.try_read(&mut [0; 8]).is_err());
        assert!(
            bells.iter().all(|bell| bell.is_notified_within(Duration::ZERO)),
            "a ring was taken away"
        );
    }
}
