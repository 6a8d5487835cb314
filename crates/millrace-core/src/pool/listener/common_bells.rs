//! One bell from all workers to each listener, on systems where a bell has two descriptors. The listener then looks at every worker.

use std::io;
use std::sync::Arc;

use crate::pool::Shared;
use crate::sys::{AsFd, Bell, BorrowedFd, ONE_BELL_FOR_ALL, Poller};

/// The token of a bell that all workers notify. No worker has it.
pub(super) const COMMON: u64 = u64::MAX - 1;

/// The bells of the two listeners.
#[derive(Debug)]
pub(in crate::pool) struct CommonBells {
    pub(super) to_waiter: Arc<Bell>,
    pub(super) to_loop: Arc<Bell>,
}

impl CommonBells {
    /// `None` where each worker has bells of its own.
    pub(in crate::pool) fn new(loop_poller: &Poller) -> io::Result<Option<Self>> {
        if !ONE_BELL_FOR_ALL {
            return Ok(None);
        }
        let (to_waiter, to_loop) = (Arc::new(Bell::new()?), Arc::new(Bell::new()?));
        loop_poller.add(to_loop.as_fd(), COMMON)?;
        Ok(Some(Self { to_waiter, to_loop }))
    }
}

impl Shared {
    /// What a new worker notifies: the waiting thread with the first, the event loop with the second.
    pub(in crate::pool) fn bells_of_new_worker(&self) -> io::Result<[Arc<Bell>; 2]> {
        match &self.common_bells {
            Some(CommonBells { to_waiter, to_loop }) => {
                Ok([Arc::clone(to_waiter), Arc::clone(to_loop)])
            }
            None => Ok([Arc::new(Bell::new()?), Arc::new(Bell::new()?)]),
        }
    }

    /// What the event loop watches.
    pub(super) fn loop_descriptor(&self) -> BorrowedFd<'_> {
        match &self.common_bells {
            Some(common) => common.to_loop.as_fd(),
            None => self.loop_poller.as_fd(),
        }
    }
}
