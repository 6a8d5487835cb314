//! Regions on their way between a worker and this process: what comes over the line of a worker. [`region`](crate::region) explains
//! it.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use crate::channel::frame::outcome_flag::REGIONS_MAX;
use crate::lock::lock;
use crate::region::message::{self, FromWorker};
use crate::region::{self, Region};
use crate::sys::{self, AsFd, BorrowedFd, Control, OwnedFd, Received};

/// How many messages are read before other workers get their turn.
const MESSAGES_PER_TURN: usize = 256;

/// The regions that a worker has passed and that no outcome has taken yet, oldest first. `None`: it was not usable.
type Passed = VecDeque<Option<Arc<Region>>>;

/// What a worker has opened for regions. Whoever reads it holds the lock.
#[derive(Debug)]
pub(super) struct Line {
    line: sys::Line,
    passed: Mutex<Passed>,
}

/// What reading a line has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// There may be more.
    All,
    /// Nothing more comes: the worker is gone, or has closed its end.
    End,
    /// The worker has sent what no outcome can name, or what means nothing.
    Garbage,
}

impl Line {
    /// Takes over the end that a worker has sent, and answers that it may use the line.
    ///
    /// # Errors
    ///
    /// If it is no line, or the worker has closed its end.
    pub(super) fn open(control: &Control, fds: Vec<OwnedFd>) -> io::Result<Self> {
        let line = control.accept(fds)?;
        line.send(message::HELLO, &[])?;
        Ok(Self { line, passed: Mutex::default() })
    }

    /// Reads what the worker has sent, up to the messages of one turn. Never blocks.
    pub(super) fn listen(&self) -> Heard {
        let mut passed = lock(&self.passed);
        for _ in 0..MESSAGES_PER_TURN {
            match self.read_one(&mut passed) {
                Some(Heard::All) => {}
                Some(heard) => return heard,
                None => break,
            }
        }
        Heard::All
    }

    /// The next `count` regions that the worker has passed, without those that are not usable. An outcome has named them, so they are
    /// here already. `None` if they are not, which is impossible.
    pub(super) fn take(&self, count: u32) -> Option<Vec<Arc<Region>>> {
        let mut passed = lock(&self.passed);
        let count = count as usize;
        while passed.len() < count {
            if self.read_one(&mut passed)? != Heard::All {
                return None;
            }
        }
        Some(passed.drain(..count).flatten().collect())
    }

    /// Handles one message. `None`: there is none.
    fn read_one(&self, passed: &mut Passed) -> Option<Heard> {
        let (bytes, fds) = match self.line.try_recv() {
            Ok(Received::Empty) => return None,
            Ok(Received::Closed) | Err(_) => return Some(Heard::End),
            Ok(Received::Message(bytes, fds)) => (bytes, fds),
        };
        match message::read(&bytes) {
            Some(FromWorker::Wants(id)) => self.answer(region::find(id).as_deref()),
            Some(FromWorker::Passes { id, bytes }) => {
                let fd = fds.into_iter().next();
                passed.push_back(fd.and_then(|fd| region::adopt(id, bytes, fd)));
                if passed.len() > REGIONS_MAX as usize {
                    return Some(Heard::Garbage);
                }
            }
            None => return Some(Heard::Garbage),
        }
        Some(Heard::All)
    }

    /// Answers a worker that wants a region. A worker that does not read its answers gets none.
    fn answer(&self, region: Option<&Region>) {
        let sent = region
            .map(|region| region.pass(|bytes, fd| self.line.send(&message::answer(bytes), &[fd])));
        if !matches!(sent, Some(Ok(()))) {
            let _ = self.line.send(message::GONE, &[]);
        }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        lock(&self.passed).clear();
        region::close_dropped();
    }
}
