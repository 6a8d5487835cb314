//! What waits to be collected: records, each a header of 8 words and a payload, padded to a multiple of 8 bytes.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | payload bytes |
//! | 1 | [`RecordKind`] |
//! | 2 | the call, or the worker id |
//! | 3 | the chunk within the call, or the worker's pid |
//! | 4 | first task |
//! | 5 | count of tasks |
//! | 6 | flags of the outcome frame |
//! | 7 | elapsed microseconds |
//!
//! Small records are packed together; a large payload keeps the memory it was received in until it is copied out.

use std::collections::{TryReserveError, VecDeque};
use std::sync::{Arc, Mutex};

use super::Notify;
use super::records::{
    CAUSE_HEAP, CAUSE_MEMORY, CAUSE_OUT_OF_MEMORY, CAUSE_PROTOCOL, DIED_WORDS, LATE_WORDS,
};
use crate::channel::frame::{HEADER_BYTES, padded_len};
use crate::lock::lock;
use crate::scheduler::{CallId, Cause, Loss};
use crate::sync::atomic::{AtomicBool, Ordering};

/// Payloads from this size on are not packed.
const LARGE_BYTES: usize = 64 * 1024;
/// A pack is closed at this size.
const PACK_BYTES: usize = 256 * 1024;

/// What a loss tells of its chunk's items: they are there to be named, not to be run.
const ITEMS_BYTES_MAX: usize = 256 * 1024;

/// Kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum RecordKind {
    /// Tasks settled by their worker; the payload is the worker's.
    Outcome = 2,
    /// Tasks lost with their worker. Payload, 32-bit words: index, worker, pid, exit code + 1 or 0, signal or 0, 1 where
    /// task `index` had begun, cause, MiB of its limit, the worker's uptime in ms (low, high), flags of the chunk, 0; then
    /// the chunk's items, or the first [`ITEMS_BYTES_MAX`] of their bytes.
    Died = 16,
    /// A task ran for longer than its limit. Payload: index, worker, pid, limit in milliseconds; 32-bit words.
    TimedOut = 24,
    /// The function of a task was not loaded in time. Payload: index, worker, pid, limit in milliseconds; 32-bit words; then
    /// the function, or the first [`ITEMS_BYTES_MAX`] of its bytes.
    LoadTimedOut = 25,
    /// Tasks for which no worker could be started. Payload: the reason, UTF-8.
    StartFailed = 17,
    /// A worker is ready.
    Started = 18,
    /// A worker was reaped. Payload: exit code + 1 or 0, signal or 0, tasks done (low, high); 32-bit words.
    Exited = 19,
    /// The pool has ended.
    Closed = 20,
    /// A worker has written; its stream, 0 or 1, is in the word of the first task. The payload is what it wrote.
    Output = 22,
    /// An error outside of any task is about to end a worker; the payload is the worker's.
    Fault = 21,
    /// The pool cannot go on. All that is open is lost, and its end follows. Payload: the reason, UTF-8.
    Failed = 23,
}

/// Whether a new record is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// Who collects is told.
    Yes,
    /// Who collects is the caller, and does so next.
    No,
}

/// What [`super::Pool::collect`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// Whole records fill this many bytes; zero: nothing waits, and the next record notifies again.
    Bytes(usize),
    /// The next record alone needs this many bytes.
    NeedsRoom(usize),
}

/// A run of bytes that is collected from the front.
struct Pack {
    bytes: Vec<u8>,
    /// Starts of records are found by their headers; this one is next.
    at: usize,
}

/// Records in the order in which they came.
pub(super) struct Outcomes {
    packs: Mutex<VecDeque<Pack>>,
    notify: Mutex<Option<Arc<Notify>>>,
    /// A notification is out and its collector has not yet found the packs empty.
    is_notified: AtomicBool,
    /// Memory for a large record; tests refuse it.
    pub(super) reserve: fn(&mut Vec<u8>, usize) -> Result<(), TryReserveError>,
}

impl Outcomes {
    pub(super) fn new(notify: Notify) -> Self {
        Self {
            packs: Mutex::default(),
            notify: Mutex::new(Some(Arc::new(notify))),
            is_notified: AtomicBool::new(false),
            reserve: Vec::try_reserve_exact,
        }
    }

    /// Nobody is notified any more.
    pub(super) fn stop_notifying(&self) {
        let notify = lock(&self.notify).take();
        // Not under the lock: what it holds on to may be anything.
        drop(notify);
    }

    /// Memory for a record with a payload too large to be packed; none for others.
    pub(super) fn make_room(&self, payload_bytes: usize) -> Result<Vec<u8>, TryReserveError> {
        let mut room = Vec::new();
        if payload_bytes >= LARGE_BYTES {
            (self.reserve)(&mut room, HEADER_BYTES + padded_len(payload_bytes))?;
        }
        Ok(room)
    }

    pub(super) fn push(&self, words: [u32; 7], payload: &[u8], wake: Wake) {
        self.push_into(Vec::new(), words, payload, wake);
    }

    /// Adds a record; `room` is its memory, of [`Self::make_room`] where it is large.
    pub(super) fn push_into(&self, room: Vec<u8>, words: [u32; 7], payload: &[u8], wake: Wake) {
        let bytes = HEADER_BYTES + padded_len(payload.len());
        let mut packs = lock(&self.packs);
        let has_room = packs.back().is_some_and(|pack| pack.bytes.len() + bytes <= PACK_BYTES);
        if !has_room || payload.len() >= LARGE_BYTES {
            let mut room = room;
            room.reserve_exact(bytes);
            packs.push_back(Pack { bytes: room, at: 0 });
        }
        if let Some(pack) = packs.back_mut() {
            pack.bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
            for word in words {
                pack.bytes.extend_from_slice(&word.to_le_bytes());
            }
            pack.bytes.extend_from_slice(payload);
            let end = pack.bytes.len() + padded_len(payload.len()) - payload.len();
            pack.bytes.resize(end, 0);
        }
        drop(packs);
        if wake == Wake::Yes {
            self.notify_once();
        }
    }

    pub(super) fn push_loss(
        &self,
        call_id: CallId,
        chunk: u32,
        first: u32,
        count: u32,
        loss: &Loss,
    ) {
        match loss {
            Loss::Died {
                index,
                has_begun,
                worker_id,
                pid,
                code,
                signal,
                cause,
                uptime,
                flags,
                items,
            } => {
                let (cause, limit) = encode_cause(*cause);
                let uptime = uptime.as_millis();
                let words: [u32; DIED_WORDS] = [
                    *index,
                    *worker_id,
                    *pid,
                    encode_code(*code),
                    signal.unwrap_or(0).cast_unsigned(),
                    u32::from(*has_begun),
                    cause,
                    limit,
                    uptime as u32,
                    (uptime >> 32) as u32,
                    flags.0,
                    0,
                ];
                let mut payload = to_bytes(&words);
                payload.extend_from_slice(&items[..items.len().min(ITEMS_BYTES_MAX)]);
                self.push(
                    [RecordKind::Died as u32, call_id.0, chunk, first, count, 0, 0],
                    &payload,
                    Wake::Yes,
                );
            }
            Loss::TimedOut { index, worker_id, pid, limit } => {
                let limit_ms = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
                self.push(
                    [RecordKind::TimedOut as u32, call_id.0, chunk, first, count, 0, 0],
                    &to_bytes::<LATE_WORDS>(&[*index, *worker_id, *pid, limit_ms]),
                    Wake::Yes,
                );
            }
            Loss::LoadTimedOut { index, worker_id, pid, limit, definition } => {
                let limit_ms = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
                let mut payload = to_bytes::<LATE_WORDS>(&[*index, *worker_id, *pid, limit_ms]);
                let bytes = &definition.bytes;
                payload.extend_from_slice(&bytes[..bytes.len().min(ITEMS_BYTES_MAX)]);
                self.push(
                    [RecordKind::LoadTimedOut as u32, call_id.0, chunk, first, count, 0, 0],
                    &payload,
                    Wake::Yes,
                );
            }
            Loss::StartFailed { reason } => {
                self.push(
                    [RecordKind::StartFailed as u32, call_id.0, chunk, first, count, 0, 0],
                    reason.as_bytes(),
                    Wake::Yes,
                );
            }
        }
    }

    pub(super) fn push_started(&self, worker_id: u32, pid: u32) {
        self.push([RecordKind::Started as u32, worker_id, pid, 0, 0, 0, 0], &[], Wake::Yes);
    }

    pub(super) fn push_exited(
        &self,
        worker_id: u32,
        pid: u32,
        code: Option<i32>,
        signal: Option<i32>,
        done: u64,
    ) {
        let words = [
            encode_code(code),
            signal.unwrap_or(0).cast_unsigned(),
            done as u32,
            (done >> 32) as u32,
        ];
        self.push(
            [RecordKind::Exited as u32, worker_id, pid, 0, 0, 0, 0],
            &to_bytes(&words),
            Wake::Yes,
        );
    }

    pub(super) fn push_failed(&self, reason: &str) {
        self.push([RecordKind::Failed as u32, 0, 0, 0, 0, 0, 0], reason.as_bytes(), Wake::Yes);
    }

    pub(super) fn push_closed(&self) {
        self.push([RecordKind::Closed as u32, 0, 0, 0, 0, 0, 0], &[], Wake::Yes);
    }

    pub(super) fn collect(&self, into: &mut [u8]) -> Collected {
        let mut packs = lock(&self.packs);
        let mut filled = 0;
        while let Some(pack) = packs.front_mut() {
            let room = into.len() - filled;
            let rest = &pack.bytes[pack.at..];
            let take = if rest.len() <= room { rest.len() } else { whole_records(rest, room) };
            if take == 0 && filled == 0 {
                return Collected::NeedsRoom(record_bytes(rest));
            }
            into[filled..filled + take].copy_from_slice(&rest[..take]);
            filled += take;
            pack.at += take;
            if pack.at < pack.bytes.len() {
                break;
            }
            packs.pop_front();
        }
        if filled == 0 {
            // Under the lock of the packs: a record pushed after this finds the flag down and notifies.
            self.is_notified.store(false, Ordering::SeqCst);
        }
        Collected::Bytes(filled)
    }

    /// Whether records wait.
    pub(super) fn has_records(&self) -> bool {
        !lock(&self.packs).is_empty()
    }

    fn notify_once(&self) {
        if self.is_notified.swap(true, Ordering::SeqCst) {
            return;
        }
        let notify = lock(&self.notify).clone();
        if let Some(notify) = notify {
            notify();
        }
    }
}

fn record_bytes(bytes: &[u8]) -> usize {
    let payload = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    HEADER_BYTES + padded_len(payload as usize)
}

/// Bytes of the whole records at the front that fit into `room`.
fn whole_records(bytes: &[u8], room: usize) -> usize {
    let mut taken = 0;
    while taken < bytes.len() {
        let next = record_bytes(&bytes[taken..]);
        if taken + next > room {
            break;
        }
        taken += next;
    }
    taken
}

fn encode_code(code: Option<i32>) -> u32 {
    code.map_or(0, |code| code.cast_unsigned().wrapping_add(1))
}

/// The number of a cause, and its limit.
fn encode_cause(cause: Cause) -> (u32, u32) {
    match cause {
        Cause::Unknown => (0, 0),
        Cause::SystemMemory => (CAUSE_MEMORY, 0),
        Cause::MemoryLimit { mebibytes } => (CAUSE_HEAP, mebibytes),
        Cause::ProtocolViolation => (CAUSE_PROTOCOL, 0),
        Cause::OutOfMemory => (CAUSE_OUT_OF_MEMORY, 0),
    }
}

fn to_bytes<const N: usize>(words: &[u32; N]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
