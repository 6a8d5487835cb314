//! The worker's end of the channel, and the identity of this process as a worker.
//!
//! One thread of the process takes the endpoint and calls [`WorkerEndpoint::receive`] and [`WorkerEndpoint::send`]. If it can, it
//! waits for the parent's bell in its own event loop. That takes half as long as to be woken by the thread of
//! [`WorkerEndpoint::listen`].

mod blocks;
#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests see it"))]
pub(crate) mod lifeline;
mod regions;
mod status_block;

use std::io;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use crate::channel::frame::{
    self, Assembler, Frame, FrameError, HEADER_BYTES, ToParent, ToWorker, padded_len,
};
use crate::channel::ring::RingCorrupt;
use crate::channel::segment::{
    RING_BYTES, SEGMENT_BYTES, Segment, SegmentConsumer, SegmentProducer, word,
};
use crate::lock::lock;
use crate::scheduler::WorkerId;
use crate::spin::Spinner;
use crate::sync::atomic::Ordering;
use crate::sys;
use blocks::WorkerBlocks;
use lifeline::Lifeline;

pub use crate::sys::Bell;
pub use regions::{fetch_region, pass_region, regions_per_outcome};
pub use status_block::StatusBlock;

/// How long a full ring may stay unread before the worker notifies the parent's waiting thread as well.
const PATIENCE: Duration = Duration::from_millis(5);

/// What makes this process a worker. It is set once, before any code of the user runs, and never in the environment.
#[derive(Debug)]
pub struct WorkerIdentity {
    /// The worker's id.
    pub worker_id: WorkerId,
    /// The pool's opaque bytes for its workers.
    pub config: Vec<u8>,
}

/// The identity, the lifeline, and the parts of the one endpoint until it is taken.
struct ThisWorker {
    identity: WorkerIdentity,
    lifeline: Lifeline,
    parts: Mutex<Option<Parts>>,
}

struct Parts {
    segment: Segment,
    bell: Bell,
    to_parent: [Bell; 2],
    blocks: WorkerBlocks,
}

static THIS_WORKER: OnceLock<ThisWorker> = OnceLock::new();

/// Makes this process a worker: reads the parent's handshake from descriptor 3, starts the lifeline, sets its signals.
///
/// # Errors
///
/// If descriptor 3 is not the control socket of a parent, or the handshake is invalid.
pub fn init_worker() -> io::Result<&'static WorkerIdentity> {
    if let Some(this) = THIS_WORKER.get() {
        return Ok(&this.identity);
    }
    let (handshake, lifeline) = lifeline::start(SEGMENT_BYTES)?;
    sys::set_worker_signals();
    sys::keep_streams_at_exit();
    let Some((worker, config)) = handshake.config.split_first_chunk::<4>() else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the handshake is too short"));
    };
    let identity = WorkerIdentity {
        worker_id: WorkerId(u32::from_le_bytes(*worker)),
        config: config.to_vec(),
    };
    let segment = Segment::new(Arc::new(handshake.memory)).map_err(io::Error::other)?;
    segment.check().map_err(io::Error::other)?;
    let blocks = WorkerBlocks::attach(handshake.arguments, handshake.results)?;
    let parts = Mutex::new(Some(Parts {
        segment,
        bell: handshake.to_worker,
        to_parent: handshake.to_parent,
        blocks,
    }));
    Ok(&THIS_WORKER.get_or_init(|| ThisWorker { identity, lifeline, parts }).identity)
}

/// The identity in a worker process, on any of its threads.
pub fn identity() -> Option<&'static WorkerIdentity> {
    THIS_WORKER.get().map(|this| &this.identity)
}

/// Tells the parent why this worker cannot start. Does nothing without a parent.
pub fn send_start_error(text: &str) {
    if let Some(this) = THIS_WORKER.get() {
        this.lifeline.send_error(text);
    }
}

/// What [`WorkerEndpoint::receive`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Whole frames fill this many bytes.
    Bytes(usize),
    /// Nothing is there. The bell will be notified when something is.
    Asleep,
    /// The next frame alone needs this many bytes.
    NeedsRoom(usize),
}

/// Why an endpoint cannot be taken or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// This process is not a worker, or another thread has the endpoint.
    #[error("this process has no free worker endpoint")]
    NotFree,
    /// The bell thread cannot start.
    #[error("the bell thread cannot start")]
    Thread(#[source] io::Error),
    /// The parent's half of the ring is corrupt.
    #[error("the ring from the parent is corrupt")]
    Ring(#[source] RingCorrupt),
    /// The bytes of the parent are not frames.
    #[error("the bytes from the parent are not frames")]
    Frames(#[source] FrameError),
}

/// Who waits for the parent's bell.
#[derive(Debug)]
enum Listener {
    /// The owner of the endpoint, which clears the bell. While a send waits for space, it does so itself.
    Owner,
    /// A thread of its own, which counts the notifications.
    Thread(Arc<Notifications>),
}

/// Counts notifications, for a sender that waits for space.
#[derive(Debug, Default)]
struct Notifications {
    count: Mutex<u64>,
    changed: Condvar,
}

/// The worker's end of the two rings.
#[derive(Debug)]
pub struct WorkerEndpoint {
    segment: Segment,
    inbound: SegmentConsumer,
    outbound: SegmentProducer,
    assembler: Assembler<ToWorker>,
    /// A frame that did not fit into the buffer of the caller.
    pending: Option<Vec<u8>>,
    bell: Arc<Bell>,
    to_parent: [Bell; 2],
    listener: Listener,
    spinner: Spinner,
    blocks: WorkerBlocks,
}

impl WorkerEndpoint {
    /// Takes the endpoint. Its owner waits for [`Self::bell`], or calls [`Self::listen`].
    ///
    /// # Errors
    ///
    /// [`EndpointError::NotFree`] outside a worker and the second time.
    pub fn take() -> Result<Self, EndpointError> {
        let this = THIS_WORKER.get().ok_or(EndpointError::NotFree)?;
        let Parts { segment, bell, to_parent, blocks } =
            lock(&this.parts).take().ok_or(EndpointError::NotFree)?;
        let (outbound, inbound) = segment.worker_ends();
        let assembler = Assembler::default();
        let listener = Listener::Owner;
        Ok(Self {
            segment,
            inbound,
            outbound,
            assembler,
            pending: None,
            bell: Arc::new(bell),
            to_parent,
            listener,
            spinner: Spinner::default(),
            blocks,
        })
    }

    /// The parent notifies this worker with it.
    pub fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Starts a thread that calls `notify` each time the parent notifies this worker.
    ///
    /// # Errors
    ///
    /// [`EndpointError::Thread`].
    pub fn listen(&mut self, notify: Box<dyn Fn() + Send>) -> Result<(), EndpointError> {
        let notifications = Arc::new(Notifications::default());
        self.listener = Listener::Thread(Arc::clone(&notifications));
        let bell = Arc::clone(&self.bell);
        let listen = move || -> ! {
            loop {
                if !bell.wait() {
                    end_without_bell();
                }
                *lock(&notifications.count) += 1;
                notifications.changed.notify_all();
                notify();
            }
        };
        let thread = std::thread::Builder::new().name("millrace-bell".to_owned());
        thread.spawn(move || listen()).map_err(EndpointError::Thread)?;
        Ok(())
    }

    /// The words that both processes see.
    pub fn status_block(&self) -> StatusBlock {
        StatusBlock::new(self.segment.clone())
    }

    /// Copies the frames that are there into `into`, as many as fit. If there are none, it looks for a short time whether some come, unless
    /// the caller `has_other_work`; see [`spin`](crate::spin).
    ///
    /// # Errors
    ///
    /// [`EndpointError::Ring`] and [`EndpointError::Frames`] when the parent's half is corrupt: there is no way on.
    pub fn receive(
        &mut self,
        into: &mut [u8],
        has_other_work: bool,
    ) -> Result<Received, EndpointError> {
        let segment = self.segment.clone();
        let asleep = segment.doorbell(word::WORKER_ASLEEP);
        let mut filled = 0;
        if let Some(frame) = self.pending.take() {
            let Some(place) = into.get_mut(..frame.len()) else {
                let bytes = frame.len();
                self.pending = Some(frame);
                return Ok(Received::NeedsRoom(bytes));
            };
            place.copy_from_slice(&frame);
            filled = frame.len();
        }
        loop {
            if let Some(frame) =
                self.assembler.poll(&mut self.inbound).map_err(EndpointError::Frames)?
            {
                let bytes = HEADER_BYTES + padded_len(frame.payload.len());
                if let Some(place) = into.get_mut(filled..filled + bytes) {
                    copy_frame(&frame, place);
                    filled += bytes;
                    continue;
                }
                let mut copy = vec![0; bytes];
                copy_frame(&frame, &mut copy);
                self.pending = Some(copy);
                return Ok(if filled > 0 {
                    Received::Bytes(filled)
                } else {
                    Received::NeedsRoom(bytes)
                });
            }
            if segment.doorbell(word::PARENT_WANTS_SPACE).should_notify() {
                self.notify(0);
            }
            if filled > 0 {
                return Ok(Received::Bytes(filled));
            }
            if !has_other_work && self.spin() {
                continue;
            }
            asleep.arm();
            if self.inbound.available().map_err(EndpointError::Ring)? == 0 {
                return Ok(Received::Asleep);
            }
            asleep.disarm();
        }
    }

    /// `true`: something has come.
    fn spin(&mut self) -> bool {
        let looks_per_yield = self.segment.word(word::LOOKS_PER_YIELD).load(Ordering::Relaxed);
        let is_there = || self.inbound.available() != Ok(0);
        self.spinner.may_spin(looks_per_yield) && self.spinner.spin(looks_per_yield, is_there)
    }

    /// Writes whole frames, and blocks while the ring is full. The parent never blocks, and the lifeline ends a worker whose
    /// parent is gone.
    ///
    /// # Errors
    ///
    /// [`EndpointError::Ring`].
    pub fn send(&mut self, frames: &[u8]) -> Result<(), EndpointError> {
        self.write(frames, false)
    }

    /// As [`Self::send`]. A parent that sleeps goes on sleeping until the next [`Self::send`], unless the ring would be full soon. If this
    /// worker ends before, the parent reads the frames all the same.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub fn send_quietly(&mut self, frames: &[u8]) -> Result<(), EndpointError> {
        self.write(frames, true)
    }

    fn write(&mut self, mut frames: &[u8], is_quiet: bool) -> Result<(), EndpointError> {
        let segment = self.segment.clone();
        let space = segment.doorbell(word::WORKER_WANTS_SPACE);
        let mut has_taken_bell = false;
        let can_wait = frame::is_mid_chunk(frames);
        loop {
            let pushed = self.outbound.push(frames).map_err(EndpointError::Ring)?;
            self.outbound.publish();
            let is_full = || pushed < frames.len() || self.is_half_full();
            if !is_quiet || is_full() {
                match segment
                    .doorbell(word::PARENT_ASLEEP)
                    .bell_to_notify_if(|| !can_wait || is_full())
                {
                    0 => {}
                    2 => self.notify(1),
                    _ => self.notify(0),
                }
            }
            frames = &frames[pushed..];
            if frames.is_empty() {
                if has_taken_bell {
                    // The notification may have been for frames as well, so the owner's event loop looks
                    // again.
                    self.bell.notify();
                }
                return Ok(());
            }
            let seen = match &self.listener {
                Listener::Owner => 0,
                Listener::Thread(notifications) => *lock(&notifications.count),
            };
            space.arm();
            if self.outbound.free().map_err(EndpointError::Ring)? > 0 {
                space.disarm();
                continue;
            }
            match &self.listener {
                Listener::Owner => {
                    has_taken_bell = true;
                    if !self.bell.is_notified_within(PATIENCE) {
                        self.notify_again();
                    }
                    if !self.bell.wait() {
                        end_without_bell();
                    }
                }
                Listener::Thread(notifications) => {
                    let count = lock(&notifications.count);
                    let woken = notifications.changed.wait_while(count, |count| *count == seen);
                    drop(woken);
                }
            }
        }
    }

    /// Whether the parent has to read before its event loop is about to sleep, or the ring would be full soon.
    fn is_half_full(&self) -> bool {
        self.outbound.free().is_ok_and(|free| free < RING_BYTES / 2)
    }

    /// Copies a part of a result into a block. Returns the place of the block, for [`Outcome`](crate::Outcome)s to refer to. `None` if
    /// there is no room.
    pub fn put_block(&mut self, bytes: &[u8]) -> Option<u32> {
        self.blocks.put(&self.segment, bytes)
    }

    /// Fills `into` with an argument from the block at a place. Returns `false` if it is outside of the memory.
    pub fn read_block(&self, place: u32, into: &mut [u8]) -> bool {
        self.blocks.read(place, into)
    }

    /// Gives the memory of blocks that are not in use back to the system. Returns `false` if the parent has not read all of them.
    pub fn give_back_blocks(&mut self) -> bool {
        self.blocks.give_back(&self.segment)
    }

    /// Notifies the parent's waiting thread, because its event loop was notified and has not read anything for a while.
    pub fn notify_again(&self) {
        self.notify(0);
    }

    fn notify(&self, bell: usize) {
        if !self.to_parent[bell].try_notify() {
            end_without_bell();
        }
    }

    /// Says that this worker takes work.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub fn send_ready(&mut self) -> Result<(), EndpointError> {
        let header = frame::header(ToParent::Ready, [0; 6], 0).map_err(EndpointError::Frames)?;
        self.send(&header)
    }
}

/// Ends this worker, because a task has closed the descriptor of a bell. Neither side would notice the other any more, and
/// promises would stay open.
pub fn end_without_bell() -> ! {
    sys::kill_own_group()
}

/// The frame as it was sent. `place` has exactly its size.
fn copy_frame(frame: &Frame<'_, ToWorker>, place: &mut [u8]) {
    let payload = &frame.payload;
    if let Ok(header) = frame::header(frame.kind, frame.fields, payload.len()) {
        place[..HEADER_BYTES].copy_from_slice(&header);
    }
    let end = HEADER_BYTES + payload.len();
    place[HEADER_BYTES..end].copy_from_slice(payload);
    place[end..].fill(0);
}
