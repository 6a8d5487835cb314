//! Waiting for many descriptors at once: epoll.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;

use super::refusal::refused;
use crate::sys::unix::{Descriptor, whole_milliseconds};
use crate::sys::waiting::wait_until_some;

/// How many events one call of `wait` returns at most. The rest stays for the next one.
const BATCH: usize = 64;

/// Waits for any of many descriptors to become readable or to hang up. May be used from several threads.
#[derive(Debug)]
pub struct Poller(Descriptor);

impl Poller {
    /// Makes a poller that watches nothing yet.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn new() -> io::Result<Self> {
        Ok(Self(Descriptor::new(
            epoll::create(CreateFlags::CLOEXEC).map_err(refused("epoll_create1"))?,
        )))
    }

    /// Returns `false` if other code of this process has closed the descriptor.
    pub fn is_intact(&self) -> bool {
        self.0.is_intact()
    }

    /// As [`Self::is_intact`], but it does not notice that the number belongs to something else by now. It costs less.
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Reports `token` from now on whenever `fd` is readable or hung up. A wait that has begun reports it too.
    ///
    /// # Errors
    /// `AlreadyExists` when `fd` is in already; else what the system reports.
    pub fn add(&self, fd: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        Ok(epoll::add(&self.0, fd, EventData::new_u64(token), EventFlags::IN | EventFlags::RDHUP)?)
    }

    /// Watches `fd` no more. A `wait` that has returned already may still have reported it.
    ///
    /// # Errors
    /// `NotFound` when `fd` is not in.
    pub fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        Ok(epoll::delete(&self.0, fd)?)
    }

    /// Replaces the content of `tokens` by those of the ready descriptors; leaves it empty when `timeout` has passed.
    ///
    /// Without a timeout it waits for ever. It never returns early: a part of a millisecond counts as a whole one.
    /// Level-triggered: what was not read, cleared or removed is reported again, to every thread that waits.
    ///
    /// # Errors
    /// What the system reports; interruptions by signals are not errors.
    pub fn wait(&self, tokens: &mut Vec<u64>, timeout: Option<Duration>) -> io::Result<()> {
        if !self.0.is_ours() {
            tokens.clear();
            return Err(Errno::BADF.into());
        }
        let mut space = [MaybeUninit::uninit(); BATCH];
        wait_until_some(tokens, timeout, |tokens, left| {
            match epoll::wait(&self.0, &mut space, left.map(whole_milliseconds).as_ref()) {
                Ok((events, _)) => tokens.extend(events.iter().map(|event| event.data.u64())),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            Ok(())
        })
    }
}

impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
