//! Standard output and standard error of workers, on the way to the collector of records.

use super::Shared;
use super::failing::lost;
use super::record_queue::{Head, Wake};
use crate::scheduler::WorkerId;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sys::{AsFd, BorrowedFd, Pipe};

/// How many bytes of one stream, of all workers together, may wait to be collected and released. Beyond it their pipes fill up.
const UNRELEASED_BYTES_MAX: usize = 1024 * 1024;
/// The size of one read. A pipe holds as much.
const READ_BYTES: usize = 64 * 1024;
/// How much is read from a dead worker at most, because a process that it left behind may go on writing.
const DRAINED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How much of the end of standard error is kept for a worker that does not start.
const LAST_BYTES: usize = 2 * 1024;

/// Bytes that were passed on and are not released, by stream.
#[derive(Debug)]
pub(super) struct UnreleasedOutput([AtomicUsize; 2]);

impl UnreleasedOutput {
    pub(super) fn new() -> Self {
        Self([AtomicUsize::new(0), AtomicUsize::new(0)])
    }

    /// Returns `true` if there is room again.
    pub(super) fn release(&self, stream: usize, bytes: usize) -> bool {
        let Some(unreleased) = self.0.get(stream) else { return false };
        let take = |before: usize| Some(before.saturating_sub(bytes));
        let before = unreleased.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
        before.is_ok_and(|before| {
            before >= UNRELEASED_BYTES_MAX && before.saturating_sub(bytes) < UNRELEASED_BYTES_MAX
        })
    }

    fn has_room(&self, stream: usize) -> bool {
        self.0[stream].load(Ordering::SeqCst) < UNRELEASED_BYTES_MAX
    }
}

/// One stream of one worker.
#[derive(Debug)]
pub(super) struct Output {
    pipe: Pipe,
    last: Vec<u8>,
    is_paused: bool,
    /// Its writers are gone.
    has_ended: bool,
}

impl Output {
    pub(super) fn new(pipe: Pipe) -> Self {
        Self { pipe, last: Vec::new(), is_paused: false, has_ended: false }
    }

    /// Reads once. Returns `false` if nobody should watch it any more, for now or for good.
    pub(super) fn read(&mut self, shared: &Shared, source: (WorkerId, u32, usize)) -> bool {
        self.is_paused = !shared.unreleased.has_room(source.2);
        if !self.is_paused {
            self.take(shared, source);
        }
        !self.is_paused && !self.has_ended
    }

    /// Whether it is not read because there is no room.
    pub(super) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Whether it was paused and should be watched again.
    pub(super) fn resumes(&mut self, shared: &Shared, stream: usize) -> bool {
        let resumes = self.is_paused && shared.unreleased.has_room(stream);
        self.is_paused &= !resumes;
        resumes
    }

    /// Reads what is left, with or without room. Returns the end of all that it has read.
    pub(super) fn drain(&mut self, shared: &Shared, source: (WorkerId, u32, usize)) -> String {
        let mut drained = 0;
        while drained < DRAINED_BYTES_MAX {
            match self.take(shared, source) {
                0 => break,
                bytes => drained += bytes,
            }
        }
        String::from_utf8_lossy(&self.last).trim().to_owned()
    }

    fn take(&mut self, shared: &Shared, (worker_id, pid, stream): (WorkerId, u32, usize)) -> usize {
        let mut bytes = vec![0; READ_BYTES];
        let read = match self.pipe.try_read(&mut bytes) {
            Ok(Some(read)) => read,
            Ok(None) => return 0,
            Err(_) => {
                shared.fail(&lost(&format!("the output of worker {worker_id}")));
                0
            }
        };
        self.has_ended = read == 0;
        if read > 0 {
            let bytes = &bytes[..read];
            self.keep_last(bytes);
            shared.unreleased.0[stream].fetch_add(read, Ordering::SeqCst);
            shared.records.push(Head::Output { worker_id, pid, stream }, bytes.into(), Wake::Yes);
        }
        read
    }

    fn keep_last(&mut self, bytes: &[u8]) {
        self.last.extend_from_slice(&bytes[bytes.len().saturating_sub(LAST_BYTES)..]);
        let excess = self.last.len().saturating_sub(LAST_BYTES);
        self.last.drain(..excess);
    }
}

impl AsFd for Output {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}
