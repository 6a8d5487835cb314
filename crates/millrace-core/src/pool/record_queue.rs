//! Records that wait to be collected, in the order in which they came.
//!
//! Small payloads are packed together. A large one keeps the memory in which it was received. A collector takes one pack after the
//! other and reads it in place, without a lock; packs that were read are used again.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::Notify;
use super::blocks::{self, Lease};
use super::records::{Outcome, Record, SetupFailed};
use crate::lock::lock;
use crate::region::{self, Region};
use crate::scheduler::{CallId, DefinitionId, Report, WorkerId};
use crate::sync::atomic::{AtomicBool, Ordering};

/// Payloads from this size on are not packed, if they have memory of their own.
const LARGE_BYTES: usize = 64 * 1024;
/// A pack is closed at this size.
const PACK_BYTES: usize = 256 * 1024;

/// Whether a new record is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// The collector is notified.
    Yes,
    /// The caller is the collector, and collects next.
    No,
}

/// A record without its payload, which is in its pack.
#[derive(Debug)]
pub(super) enum Head {
    Outcome {
        call_id: CallId,
        chunk: u32,
        first: u32,
        count: u32,
        is_error: bool,
        is_last: bool,
        /// The payload has a message for each task.
        is_joined: bool,
        elapsed_us: u32,
        /// The blocks that the payload refers to.
        lease: Option<Lease>,
        /// The regions that it refers to.
        regions: Vec<Arc<Region>>,
    },
    Output {
        worker_id: WorkerId,
        pid: u32,
        stream: usize,
    },
    Fault {
        worker_id: WorkerId,
        pid: u32,
    },
    SetupFailed {
        setup: DefinitionId,
        worker_id: WorkerId,
        pid: u32,
    },
    ExitResult {
        worker_id: WorkerId,
        pid: u32,
        is_error: bool,
    },
    /// Boxed, since few records are reports and some of them are large.
    Report(Box<Report>),
    Failed(Box<str>),
}

/// Records and their payloads, which are read from the front.
#[derive(Debug, Default)]
struct Pack {
    /// Each with the size of its payload.
    heads: Vec<(Head, usize)>,
    payloads: Vec<u8>,
    /// The record to be read next, and where its payload starts.
    next: usize,
    at: usize,
    /// Its memory is that of one large payload.
    is_full: bool,
}

impl Pack {
    fn of_large(head: Head, payload: Vec<u8>) -> Self {
        let heads = vec![(head, payload.len())];
        Self { heads, payloads: payload, is_full: true, ..Self::default() }
    }

    fn has_room(&self, bytes: usize) -> bool {
        let used = self.payloads.len() + self.heads.len() * size_of::<(Head, usize)>();
        !self.is_full && used + bytes <= PACK_BYTES
    }

    fn is_read(&self) -> bool {
        self.next == self.heads.len()
    }

    fn peek(&self) -> Option<Record<'_>> {
        let (head, bytes) = self.heads.get(self.next)?;
        Some(record(head, &self.payloads[self.at..self.at + bytes]))
    }

    /// The blocks and regions of the record to be read next. They outlive the record.
    fn take_attachments(&mut self) -> (Option<Lease>, Vec<Arc<Region>>) {
        match self.heads.get_mut(self.next) {
            Some((Head::Outcome { lease, regions, .. }, _)) => (lease.take(), mem::take(regions)),
            _ => (None, Vec::new()),
        }
    }

    fn take(&mut self) -> Option<Record<'_>> {
        let (head, bytes) = self.heads.get(self.next)?;
        let payload = &self.payloads[self.at..self.at + bytes];
        self.next += 1;
        self.at += bytes;
        Some(record(head, payload))
    }

    /// The same pack without records, if its memory is worth keeping.
    fn emptied(mut self) -> Option<Self> {
        self.heads.clear();
        self.payloads.clear();
        (self.next, self.at) = (0, 0);
        (!self.is_full).then_some(self)
    }
}

fn record<'r>(head: &'r Head, payload: &'r [u8]) -> Record<'r> {
    match head {
        Head::Outcome {
            call_id,
            chunk,
            first,
            count,
            is_error,
            is_last,
            is_joined,
            elapsed_us,
            lease,
            ..
        } => Record::Outcome(Outcome {
            call_id: *call_id,
            chunk: *chunk,
            first: *first,
            count: *count,
            is_error: *is_error,
            is_last: *is_last,
            is_joined: *is_joined,
            elapsed: Duration::from_micros(u64::from(*elapsed_us)),
            payload,
            block_source: lease.as_ref().map_or(0, Lease::source),
        }),
        Head::Output { worker_id, pid, stream } => {
            Record::Output { worker_id: *worker_id, pid: *pid, stream: *stream, bytes: payload }
        }
        Head::Fault { worker_id, pid } => {
            Record::Fault { worker_id: *worker_id, pid: *pid, payload }
        }
        Head::SetupFailed { setup, worker_id, pid } => Record::SetupFailed {
            setup: *setup,
            worker_id: *worker_id,
            pid: *pid,
            how: SetupFailed::Threw(payload),
        },
        Head::ExitResult { worker_id, pid, is_error } => {
            Record::ExitResult { worker_id: *worker_id, pid: *pid, is_error: *is_error, payload }
        }
        Head::Report(report) => Record::from(&**report),
        Head::Failed(reason) => Record::Failed { reason },
    }
}

/// The packs that wait, and one that was read.
#[derive(Debug, Default)]
struct Packs {
    waiting: VecDeque<Pack>,
    spare: Option<Pack>,
    /// The blocks of the outcomes that were collected last. The collector reads them.
    leases: Vec<Lease>,
    /// Their regions. The collector maps them.
    regions: Vec<Arc<Region>>,
}

/// Records in the order in which they came.
pub(super) struct RecordQueue {
    packs: Mutex<Packs>,
    notify: Mutex<Option<Arc<Notify>>>,
    /// A notification is out and its collector has not yet found the packs empty.
    is_notified: AtomicBool,
}

impl RecordQueue {
    pub(super) fn new(notify: Notify) -> Self {
        Self {
            packs: Mutex::default(),
            notify: Mutex::new(Some(Arc::new(notify))),
            is_notified: AtomicBool::new(false),
        }
    }

    /// From now on nobody is notified.
    pub(super) fn stop_notifying(&self) {
        let notify = lock(&self.notify).take();
        // It is dropped without the lock, because dropping a caller's value may do anything.
        drop(notify);
    }

    /// Adds a record. A large payload that has memory of its own keeps it.
    pub(super) fn push(&self, head: Head, payload: Cow<'_, [u8]>, wake: Wake) {
        let mut packs = lock(&self.packs);
        match payload {
            Cow::Owned(payload) if payload.len() >= LARGE_BYTES => {
                packs.waiting.push_back(Pack::of_large(head, payload));
            }
            payload => {
                if !packs.waiting.back().is_some_and(|pack| pack.has_room(payload.len())) {
                    let pack = packs.spare.take().unwrap_or_default();
                    packs.waiting.push_back(pack);
                }
                if let Some(pack) = packs.waiting.back_mut() {
                    pack.heads.push((head, payload.len()));
                    pack.payloads.extend_from_slice(&payload);
                }
            }
        }
        drop(packs);
        if wake == Wake::Yes {
            self.notify_once();
        }
    }

    /// Adds a report. The caller announces it by [`Self::notify_once`].
    pub(super) fn push_report(&self, report: Report) {
        self.push(Head::Report(Box::new(report)), Cow::default(), Wake::No);
    }

    pub(super) fn push_failed(&self, reason: &str) {
        self.push(Head::Failed(reason.into()), Cow::default(), Wake::Yes);
    }

    pub(super) fn collect(&self) -> Records<'_> {
        let (leases, regions) = {
            let mut packs = lock(&self.packs);
            (mem::take(&mut packs.leases), mem::take(&mut packs.regions))
        };
        // They end without the lock.
        drop(leases);
        if !regions.is_empty() {
            drop(regions);
            region::close_dropped();
        }
        Records { queue: self, pack: None }
    }

    /// Fills `into` from a block of an outcome that was collected last.
    pub(super) fn read_block(&self, source: u32, place: u32, into: &mut [u8]) -> bool {
        let returns = {
            let packs = lock(&self.packs);
            packs.leases.iter().find(|lease| lease.source() == source).map(Lease::returns).cloned()
        };
        // The copy takes long, and whoever adds records takes the lock.
        returns.is_some_and(|returns| blocks::read(&returns, place, into))
    }

    /// Whether records wait.
    pub(super) fn has_records(&self) -> bool {
        !lock(&self.packs).waiting.is_empty()
    }

    /// Notifies the collector, unless it was notified already and has not collected since.
    pub(super) fn notify_once(&self) {
        if self.is_notified.swap(true, Ordering::SeqCst) {
            return;
        }
        let notify = lock(&self.notify).clone();
        if let Some(notify) = notify {
            notify();
        }
    }

    /// Takes the next pack. The memory of `read` is used again.
    ///
    /// A collector that `rests` is notified of the next record, if there is none now.
    fn exchange(&self, read: Option<Pack>, rests: bool) -> Option<Pack> {
        let spare = read.and_then(Pack::emptied);
        let mut packs = lock(&self.packs);
        if spare.is_some() {
            packs.spare = spare;
        }
        let next = packs.waiting.pop_front();
        if next.is_none() && rests {
            // Under the lock of the packs: whoever pushes a record after this finds the flag down and notifies.
            self.is_notified.store(false, Ordering::SeqCst);
        }
        next
    }
}

/// What waits to be collected. Records are taken out one by one and read in place.
///
/// Records that are left when it is dropped are collected the next time. Two threads that collect at once each get some of
/// the records, and neither knows their common order.
pub struct Records<'p> {
    queue: &'p RecordQueue,
    /// The pack that is being read. No other collector has it.
    pack: Option<Pack>,
}

impl Records<'_> {
    /// Takes out the next record. When it has returned `None`, the pool notifies again of the next record.
    #[expect(clippy::should_implement_trait, reason = "an iterator's items cannot borrow from it")]
    pub fn next(&mut self) -> Option<Record<'_>> {
        self.find_unread(true);
        let pack = self.pack.as_mut()?;
        let (lease, regions) = pack.take_attachments();
        if lease.is_some() || !regions.is_empty() {
            let mut packs = lock(&self.queue.packs);
            packs.leases.extend(lease);
            packs.regions.extend(regions);
        }
        pack.take()
    }

    /// The record that [`Self::next`] would take out. It stays, and `None` does not make the pool notify again.
    pub fn peek(&mut self) -> Option<Record<'_>> {
        self.find_unread(false);
        self.pack.as_ref()?.peek()
    }

    /// Whether no record waits. If so, the pool notifies again of the next one.
    pub fn is_empty(&mut self) -> bool {
        self.find_unread(true);
        self.pack.is_none()
    }

    fn find_unread(&mut self, rests: bool) {
        if self.pack.as_ref().is_none_or(Pack::is_read) {
            let read = self.pack.take();
            self.pack = self.queue.exchange(read, rests);
        }
    }
}

impl Drop for Records<'_> {
    fn drop(&mut self) {
        let Some(pack) = self.pack.take() else { return };
        if pack.is_read() {
            let spare = pack.emptied();
            lock(&self.queue.packs).spare = spare;
        } else {
            lock(&self.queue.packs).waiting.push_front(pack);
        }
    }
}

impl fmt::Debug for Records<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Records").field("pack", &self.pack).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
