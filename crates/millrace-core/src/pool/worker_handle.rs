//! The handle of one worker id: frames that wait, the ring of its current process, and the process itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, TryLockError};

use super::Shared;
use super::failing::lost;
use super::listener::{Inbound, Listener};
use super::process::Process;
use crate::channel::frame::{self, ChunkFields, HEADER_BYTES, ToWorker, padding};
use crate::channel::ring::RingCorrupt;
use crate::channel::segment::{Segment, SegmentProducer, word};
use crate::lock::lock;
use crate::scheduler::Outgoing;
use crate::sys::Bell;

/// The way to one worker id. Frames that do not fit into the ring wait here for the space bell.
#[derive(Debug, Default)]
pub(super) struct WorkerHandle {
    queue: Mutex<VecDeque<Outgoing>>,
    writer: Mutex<Option<FrameWriter>>,
    process: Mutex<Option<Arc<Process>>>,
    /// The thread that the worker has notified reads it.
    inbound: Mutex<Option<Inbound>>,
    /// Lets the listener change without waiting for a reader.
    loop_watch: Mutex<Option<LoopWatch>>,
}

/// What the submitter's event loop needs of the current process.
#[derive(Debug)]
struct LoopWatch {
    segment: Segment,
    /// With these the worker notifies the waiting thread, and the loop.
    to_parent: Arc<Bell>,
    to_loop: Arc<Bell>,
}

impl WorkerHandle {
    /// Adds a frame. Call it under the scheduler's lock, so that frames keep the scheduler's order.
    pub(super) fn enqueue(&self, frame: Outgoing) {
        lock(&self.queue).push_back(frame);
    }

    /// Drops the frames of a process that has died. Call it under the scheduler's lock, together with the death.
    pub(super) fn clear(&self) {
        lock(&self.queue).clear();
    }

    pub(super) fn connect(
        &self,
        writer: FrameWriter,
        process: Arc<Process>,
        inbound: Inbound,
        to_loop: Arc<Bell>,
    ) {
        let to_parent = Arc::clone(inbound.bell());
        *lock(&self.loop_watch) =
            Some(LoopWatch { segment: writer.segment.clone(), to_parent, to_loop });
        *lock(&self.writer) = Some(writer);
        *lock(&self.process) = Some(process);
        *lock(&self.inbound) = Some(inbound);
    }

    pub(super) fn disconnect(&self) {
        *lock(&self.loop_watch) = None;
        *lock(&self.writer) = None;
        *lock(&self.process) = None;
        *lock(&self.inbound) = None;
    }

    /// Handles what the worker has sent. Returns `true` if there is more than one turn handles.
    pub(super) fn take_in(&self, shared: &Shared, listener: Listener) -> bool {
        lock(&self.inbound).as_mut().is_some_and(|inbound| inbound.take_in(shared, listener))
    }

    /// As [`Self::take_in`], for the event loop. It never waits for another reader. Instead it notifies the waiting thread,
    /// which looks once more.
    pub(super) fn take_in_by_loop(&self, shared: &Shared) {
        let mut inbound = match self.inbound.try_lock() {
            Ok(inbound) => inbound,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => {
                // That reader may have looked for the last time before the worker notified the loop.
                let to_parent = lock(&self.loop_watch)
                    .as_ref()
                    .map(|loop_watch| Arc::clone(&loop_watch.to_parent));
                if to_parent.is_some_and(|bell| !bell.try_notify()) {
                    shared.fail(&lost("a worker's bell"));
                }
                return;
            }
        };
        if let Some(inbound) = inbound.as_mut() {
            inbound.take_in(shared, Listener::Loop);
        }
    }

    /// The event loop listens to the worker from now on, unless somebody is reading.
    pub(super) fn listen_by_loop(&self) {
        if let Some(loop_watch) = lock(&self.loop_watch).as_ref() {
            let asleep = loop_watch.segment.doorbell(word::PARENT_ASLEEP);
            asleep.hand_over(Listener::Thread as u32, Listener::Loop as u32);
        }
    }

    /// The waiting thread is not patient with the worker any more. If something has come meanwhile, `reader` is notified. Returns `false` if the
    /// descriptor of its bell is gone.
    pub(super) fn end_patience(&self, reader: Listener) -> bool {
        let loop_watch = lock(&self.loop_watch);
        let Some(LoopWatch { segment, to_parent, to_loop }) = loop_watch.as_ref() else {
            return true;
        };
        let asleep = segment.doorbell(word::PARENT_ASLEEP);
        let bell = if reader == Listener::Loop { to_loop } else { to_parent };
        !asleep.end_patience(|| segment.has_bytes_to_parent()) || bell.try_notify()
    }

    /// Whether the worker has notified somebody, or is about to, or somebody is reading.
    pub(super) fn has_notified(&self) -> bool {
        lock(&self.loop_watch)
            .as_ref()
            .is_some_and(|loop_watch| loop_watch.segment.doorbell(word::PARENT_ASLEEP).is_taken())
    }

    /// The resident memory of the current process in bytes, as it measured that last; 0: never.
    pub(super) fn resident_bytes(&self) -> u64 {
        lock(&self.loop_watch).as_ref().map_or(0, |watch| watch.segment.resident_bytes())
    }

    /// Clears the bell of the event loop. Returns `false` if its descriptor is gone.
    pub(super) fn clear_loop_bell(&self) -> bool {
        lock(&self.loop_watch).as_ref().is_none_or(|loop_watch| loop_watch.to_loop.clear())
    }

    /// Writes as much as fits into the ring, and notifies a sleeping worker. It never waits for the worker.
    ///
    /// # Errors
    ///
    /// The worker has to be killed, or the pool has failed.
    pub(super) fn pump(&self) -> Result<(), Unwritable> {
        let mut writer = lock(&self.writer);
        let Some(writer) = writer.as_mut() else { return Ok(()) };
        match writer.pump(|| lock(&self.queue).pop_front()) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unwritable::NoBell),
            // Under the writer's lock: the process is still the one whose ring this is.
            Err(RingCorrupt { .. }) => self
                .process()
                .map_or(Ok(()), |process| Err(Unwritable::Corrupt { pid: process.child.pid() })),
        }
    }

    /// The current process.
    pub(super) fn process(&self) -> Option<Arc<Process>> {
        lock(&self.process).clone()
    }
}

/// Why nothing can be written to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unwritable {
    /// Its half of the ring is corrupt.
    Corrupt {
        /// Its process.
        pid: u32,
    },
    /// The descriptor of its bell is gone, so it cannot be woken.
    NoBell,
}

/// The sending half of a worker's shared memory.
#[derive(Debug)]
pub(super) struct FrameWriter {
    pub(super) segment: Segment,
    pub(super) ring: SegmentProducer,
    pub(super) bell: Arc<Bell>,
    /// The frame that is partly in the ring.
    pub(super) current: Option<Writing>,
}

impl FrameWriter {
    /// Returns `false` if the worker cannot be notified.
    fn pump(&mut self, mut next: impl FnMut() -> Option<Outgoing>) -> Result<bool, RingCorrupt> {
        let segment = self.segment.clone();
        let space = segment.doorbell(word::PARENT_WANTS_SPACE);
        let mut has_written = false;
        while let Some(mut writing) = self.current.take().or_else(|| next().map(Writing::new)) {
            has_written = true;
            if writing.advance(&mut self.ring)? {
                continue;
            }
            self.current = Some(writing);
            if !self.publish() {
                return Ok(false);
            }
            space.arm();
            if self.ring.free()? == 0 {
                return Ok(true);
            }
            space.disarm();
        }
        // A notification without a frame would wake the worker for nothing.
        Ok(!has_written || self.publish())
    }

    fn publish(&mut self) -> bool {
        self.ring.publish();
        !self.segment.doorbell(word::WORKER_ASLEEP).should_notify() || self.bell.try_notify()
    }
}

/// A frame on its way into a ring.
#[derive(Debug)]
pub(super) struct Writing {
    header: [u8; HEADER_BYTES],
    frame: Outgoing,
    written: usize,
}

impl Writing {
    fn new(frame: Outgoing) -> Self {
        let (kind, fields) = match &frame {
            Outgoing::Define(definition) => (ToWorker::Define, [definition.id.0, 0, 0, 0, 0, 0]),
            Outgoing::Forget(id) => (ToWorker::Forget, [id.0, 0, 0, 0, 0, 0]),
            Outgoing::Leave => (ToWorker::Leave, [0; 6]),
            Outgoing::Setup(setup) => {
                (ToWorker::Setup, [setup.map_or(0, |id| id.0), 0, 0, 0, 0, 0])
            }
            Outgoing::Cancel { seq, .. } => (ToWorker::Cancel, [seq.0, 0, 0, 0, 0, 0]),
            Outgoing::Chunk { seq, first_task, chunk } => {
                let fields = ChunkFields {
                    seq: seq.0,
                    first_task: *first_task,
                    from: chunk.from,
                    count: chunk.count,
                    definition: chunk.definition.id.0,
                    flags: chunk.flags.0,
                };
                (ToWorker::Chunk, fields.into())
            }
        };
        let mut writing = Self { header: [0; HEADER_BYTES], frame, written: 0 };
        writing.header = frame::header(kind, fields, writing.payload().len()).expect(
            "chunks, definitions and reasons are checked against the limit when they are accepted",
        );
        writing
    }

    fn payload(&self) -> &[u8] {
        match &self.frame {
            Outgoing::Define(definition) => &definition.bytes,
            Outgoing::Chunk { chunk, .. } => &chunk.payload,
            Outgoing::Cancel { reason, .. } => reason,
            Outgoing::Forget(_) | Outgoing::Leave | Outgoing::Setup(_) => &[],
        }
    }

    /// Copies what fits. Returns `true` when the whole frame is in the ring.
    fn advance(&mut self, ring: &mut SegmentProducer) -> Result<bool, RingCorrupt> {
        let payload = self.payload();
        let mut before = 0;
        let mut pushed = 0;
        for part in [&self.header[..], payload, padding(payload.len())] {
            let at = self.written + pushed;
            let rest = &part[(at - before).min(part.len())..];
            let taken = ring.push(rest)?;
            pushed += taken;
            before += part.len();
            if taken < rest.len() {
                break;
            }
        }
        self.written += pushed;
        Ok(self.written == self.header.len() + frame::padded_len(self.payload().len()))
    }
}
