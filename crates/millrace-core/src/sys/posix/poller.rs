//! Waiting for many descriptors at once: `poll`.
#![expect(unsafe_code, reason = "names descriptors by their numbers, as epoll does")]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Mutex;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;

use super::Bell;
use crate::lock::lock;
use crate::sys::unix::whole_milliseconds;
use crate::sys::waiting::wait_until_some;

/// Waits for any of many descriptors to become readable or to hang up. One thread waits, others may add and remove descriptors.
#[derive(Debug)]
pub struct Poller {
    /// Notified when there is another descriptor to wait for.
    changed: Bell,
    watched: Mutex<Vec<Watched>>,
}

#[derive(Debug, Clone, Copy)]
struct Watched {
    fd: RawFd,
    token: u64,
}

impl Poller {
    /// Makes a poller that watches nothing yet.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn new() -> io::Result<Self> {
        Ok(Self { changed: Bell::new()?, watched: Mutex::default() })
    }

    /// Returns `false` if other code of this process has closed the descriptor.
    pub fn is_intact(&self) -> bool {
        self.changed.is_open()
    }

    /// As [`Self::is_intact`].
    pub fn is_open(&self) -> bool {
        self.changed.is_open()
    }

    /// Reports `token` from now on whenever `fd` is readable or hung up. A wait that has begun reports it too. Whoever closes `fd`
    /// removes it before.
    ///
    /// # Errors
    /// `AlreadyExists` when `fd` is in already; else what the system reports.
    pub fn add(&self, fd: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        let fd = fd.as_raw_fd();
        let mut watched = lock(&self.watched);
        if watched.iter().any(|other| other.fd == fd) {
            return Err(Errno::EXIST.into());
        }
        watched.push(Watched { fd, token });
        drop(watched);
        if self.changed.try_notify() { Ok(()) } else { Err(Errno::BADF.into()) }
    }

    /// Watches `fd` no more. A `wait` that has returned already may still have reported it.
    ///
    /// # Errors
    /// `NotFound` when `fd` is not in.
    pub fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let mut watched = lock(&self.watched);
        let at = watched.iter().position(|other| other.fd == fd.as_raw_fd());
        watched.swap_remove(at.ok_or(Errno::NOENT)?);
        Ok(())
    }

    /// Replaces the content of `tokens` by those of the ready descriptors; leaves it empty when `timeout` has passed.
    ///
    /// Without a timeout it waits for ever. It never returns early: a part of a millisecond counts as a whole one.
    /// Level-triggered: what was not read, cleared or removed is reported again.
    ///
    /// # Errors
    /// What the system reports; interruptions by signals are not errors.
    pub fn wait(&self, tokens: &mut Vec<u64>, timeout: Option<Duration>) -> io::Result<()> {
        wait_until_some(tokens, timeout, |tokens, left| self.wait_once(tokens, left))
    }

    fn wait_once(&self, tokens: &mut Vec<u64>, left: Option<Duration>) -> io::Result<()> {
        let watched = lock(&self.watched).clone();
        let numbers = watched.iter().map(|Watched { fd, .. }| {
            // SAFETY: only its number is used, by `poll`, which takes any number: a descriptor that was closed is reported so.
            unsafe { BorrowedFd::borrow_raw(*fd) }
        });
        let mut polled: Vec<PollFd<'_>> = [self.changed.as_fd()]
            .into_iter()
            .chain(numbers)
            .map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN))
            .collect();
        match rustix::event::poll(&mut polled, left.map(whole_milliseconds).as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if !polled[0].revents().is_empty() && !self.changed.clear() {
            return Err(Errno::BADF.into());
        }
        let mut still_watched = lock(&self.watched);
        for (Watched { fd, token }, polled) in watched.into_iter().zip(&polled[1..]) {
            let revents = polled.revents();
            let Some(at) =
                still_watched.iter().position(|other| other.fd == fd && other.token == token)
            else {
                continue;
            };
            if !revents.is_empty() {
                tokens.push(token);
            }
            if revents.contains(PollFlags::NVAL) {
                // Whoever is told notices that it was closed. It must not be told for ever.
                still_watched.swap_remove(at);
            }
        }
        Ok(())
    }
}

/// That of its own bell.
impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.changed.as_fd()
    }
}
