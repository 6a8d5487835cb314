//! A worker's seat: its end of the shared memory, and the mark that this process is a worker.
//!
//! One thread of the process takes the seat and calls [`Seat::receive`] and [`Seat::send`]. It hears the parent's bell
//! through its own event loop where it can, which costs half the time that [`Seat::listen`]'s thread needs to pass it on.

pub mod lifeline;

use std::io;
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use crate::channel::frame::{
    self, Assembler, Frame, FrameError, HEADER_BYTES, ToParent, ToWorker, padded_len,
};
use crate::channel::ring::RingCorrupt;
use crate::channel::segment::{SEGMENT_BYTES, Segment, SegmentConsumer, SegmentProducer, word};
use crate::lock::lock;
use crate::sys::{self, Bell};
use lifeline::Lifeline;

/// How long a full ring may go unread before the parent's waiting thread is rung for as well.
const PATIENCE: Duration = Duration::from_millis(5);

/// What makes this process a worker: set once, before any of the user's code runs, and never in the environment.
#[derive(Debug)]
pub struct Mark {
    /// The worker's id.
    pub worker: u32,
    /// The pool's opaque bytes for its workers.
    pub greeting: Vec<u8>,
}

/// The mark, the lifeline, and the means for the one seat until it is taken.
struct Held {
    mark: Mark,
    lifeline: Lifeline,
    means: Mutex<Option<(Segment, Bell, [Bell; 2])>>,
}

static HELD: OnceLock<Held> = OnceLock::new();

/// Makes this process a worker: reads the parent's greeting from descriptor 3, starts the lifeline, sets its signals.
///
/// # Errors
///
/// When descriptor 3 is not a parent's control socket, or the greeting is not one.
pub fn hold() -> io::Result<&'static Mark> {
    if let Some(held) = HELD.get() {
        return Ok(&held.mark);
    }
    let (hello, lifeline) = lifeline::hold(SEGMENT_BYTES)?;
    sys::set_worker_signals();
    sys::keep_streams_at_exit();
    let Some((worker, greeting)) = hello.config.split_first_chunk::<4>() else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the greeting is too short"));
    };
    let mark = Mark { worker: u32::from_le_bytes(*worker), greeting: greeting.to_vec() };
    let segment = Segment::new(Arc::new(hello.memory)).map_err(io::Error::other)?;
    segment.check().map_err(io::Error::other)?;
    let means = Mutex::new(Some((segment, hello.to_worker, hello.to_parent)));
    Ok(&HELD.get_or_init(|| Held { mark, lifeline, means }).mark)
}

/// The mark, in a worker process; on any of its threads.
pub fn mark() -> Option<&'static Mark> {
    HELD.get().map(|held| &held.mark)
}

/// Tells the parent why this worker cannot start. Ignored where there is no parent.
pub fn send_start_error(text: &str) {
    if let Some(held) = HELD.get() {
        held.lifeline.send_error(text);
    }
}

/// What [`Seat::receive`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Whole frames fill this many bytes.
    Bytes(usize),
    /// Nothing is there; the bell is passed on when something is.
    Asleep,
    /// The next frame alone needs this many bytes.
    NeedsRoom(usize),
}

/// Why a seat cannot be taken or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeatError {
    /// This process is no worker, or another thread has the seat.
    #[error("this process has no free seat")]
    NotFree,
    /// The bell thread cannot start.
    #[error("the bell thread cannot start")]
    Thread(#[source] io::Error),
    /// The parent's half of the ring makes no sense.
    #[error("the ring from the parent is corrupt")]
    Ring(#[source] RingCorrupt),
    /// The parent's bytes are no frames.
    #[error("the parent's bytes are no frames")]
    Frames(#[source] FrameError),
}

/// Who hears the parent's bell.
#[derive(Debug)]
enum Listener {
    /// The owner of the seat, who calls [`Seat::silence`]; a sender that waits for space hears it itself.
    Owner,
    /// A thread of its own, which counts what it heard.
    Thread(Arc<Rings>),
}

/// Counts rings, for a sender that waits for space.
#[derive(Debug, Default)]
struct Rings {
    count: Mutex<u64>,
    changed: Condvar,
}

/// The worker's end of the two rings.
#[derive(Debug)]
pub struct Seat {
    segment: Segment,
    inbound: SegmentConsumer,
    outbound: SegmentProducer,
    assembler: Assembler<ToWorker>,
    /// A frame that did not fit where it was to be copied.
    held_back: Option<Vec<u8>>,
    bell: Arc<Bell>,
    to_parent: [Bell; 2],
    listener: Listener,
}

impl Seat {
    /// Takes the seat. Its owner hears [`Self::bell`], or calls [`Self::listen`].
    ///
    /// # Errors
    ///
    /// [`SeatError::NotFree`] outside a worker and the second time.
    pub fn take() -> Result<Self, SeatError> {
        let held = HELD.get().ok_or(SeatError::NotFree)?;
        let (segment, bell, to_parent) = lock(&held.means).take().ok_or(SeatError::NotFree)?;
        let (outbound, inbound) = segment.worker_ends();
        let assembler = Assembler::default();
        let listener = Listener::Owner;
        Ok(Self {
            segment,
            inbound,
            outbound,
            assembler,
            held_back: None,
            bell: Arc::new(bell),
            to_parent,
            listener,
        })
    }

    /// What the parent rings.
    pub fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    /// Starts a thread that calls `notify` each time the parent rings.
    ///
    /// # Errors
    ///
    /// [`SeatError::Thread`].
    pub fn listen(&mut self, notify: Box<dyn Fn() + Send>) -> Result<(), SeatError> {
        let rings = Arc::new(Rings::default());
        self.listener = Listener::Thread(Arc::clone(&rings));
        let bell = Arc::clone(&self.bell);
        let listen = move || -> ! {
            loop {
                if !bell.wait() {
                    end_without_bell();
                }
                *lock(&rings.count) += 1;
                rings.changed.notify_all();
                notify();
            }
        };
        let thread = std::thread::Builder::new().name("millrace-bell".to_owned());
        thread.spawn(move || listen()).map_err(SeatError::Thread)?;
        Ok(())
    }

    /// The memory that both processes share; the status block is at its front.
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    /// Copies the frames that are there into `into`, as many as fit.
    ///
    /// # Errors
    ///
    /// [`SeatError::Ring`] and [`SeatError::Frames`] when the parent's half is corrupt: there is no way on.
    pub fn receive(&mut self, into: &mut [u8]) -> Result<Received, SeatError> {
        let segment = self.segment.clone();
        let asleep = segment.doorbell(word::WORKER_ASLEEP);
        let mut filled = 0;
        if let Some(frame) = self.held_back.take() {
            let Some(place) = into.get_mut(..frame.len()) else {
                let bytes = frame.len();
                self.held_back = Some(frame);
                return Ok(Received::NeedsRoom(bytes));
            };
            place.copy_from_slice(&frame);
            filled = frame.len();
        }
        loop {
            if let Some(frame) =
                self.assembler.poll(&mut self.inbound).map_err(SeatError::Frames)?
            {
                let bytes = HEADER_BYTES + padded_len(frame.payload.len());
                if let Some(place) = into.get_mut(filled..filled + bytes) {
                    copy_frame(&frame, place);
                    filled += bytes;
                    continue;
                }
                let mut copy = vec![0; bytes];
                copy_frame(&frame, &mut copy);
                self.held_back = Some(copy);
                return Ok(if filled > 0 {
                    Received::Bytes(filled)
                } else {
                    Received::NeedsRoom(bytes)
                });
            }
            if segment.doorbell(word::PARENT_WANTS_SPACE).should_ring() {
                self.ring(0);
            }
            if filled > 0 {
                return Ok(Received::Bytes(filled));
            }
            asleep.arm();
            if self.inbound.available().map_err(SeatError::Ring)? == 0 {
                return Ok(Received::Asleep);
            }
            asleep.disarm();
        }
    }

    /// Writes whole frames, and blocks while the ring is full: the parent never does, and the lifeline watches.
    ///
    /// # Errors
    ///
    /// [`SeatError::Ring`].
    pub fn send(&mut self, mut frames: &[u8]) -> Result<(), SeatError> {
        let segment = self.segment.clone();
        let space = segment.doorbell(word::WORKER_WANTS_SPACE);
        let mut has_heard = false;
        loop {
            let pushed = self.outbound.push(frames).map_err(SeatError::Ring)?;
            self.outbound.publish();
            match segment.doorbell(word::PARENT_ASLEEP).bell_to_ring() {
                0 => {}
                2 => self.ring(1),
                _ => self.ring(0),
            }
            frames = &frames[pushed..];
            if frames.is_empty() {
                if has_heard {
                    // It may have rung for frames as well: the owner's event loop looks again.
                    self.bell.ring();
                }
                return Ok(());
            }
            let heard = match &self.listener {
                Listener::Owner => 0,
                Listener::Thread(rings) => *lock(&rings.count),
            };
            space.arm();
            if self.outbound.free().map_err(SeatError::Ring)? > 0 {
                space.disarm();
                continue;
            }
            match &self.listener {
                Listener::Owner => {
                    has_heard = true;
                    if !self.bell.rings_within(PATIENCE) {
                        self.ring_again();
                    }
                    if !self.bell.wait() {
                        end_without_bell();
                    }
                }
                Listener::Thread(rings) => {
                    let count = lock(&rings.count);
                    let woken = rings.changed.wait_while(count, |count| *count == heard);
                    drop(woken);
                }
            }
        }
    }

    /// Rings for the parent's waiting thread: its event loop was rung for, and has not heard it for a while.
    pub fn ring_again(&self) {
        self.ring(0);
    }

    fn ring(&self, bell: usize) {
        if !self.to_parent[bell].try_ring() {
            end_without_bell();
        }
    }

    /// Says that this worker takes work.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    pub fn send_ready(&mut self) -> Result<(), SeatError> {
        let header = frame::header(ToParent::Ready, [0; 6], 0).map_err(SeatError::Frames)?;
        self.send(&header)
    }
}

/// Ends this worker, for a task has closed a descriptor of a bell: nobody would hear the other side any more, and
/// promises would stay open.
pub fn end_without_bell() -> ! {
    sys::kill_own_group()
}

/// The frame as it was sent; `place` has just its size.
fn copy_frame(frame: &Frame<'_, ToWorker>, place: &mut [u8]) {
    let payload = &frame.payload;
    if let Ok(header) = frame::header(frame.kind, frame.fields, payload.len()) {
        place[..HEADER_BYTES].copy_from_slice(&header);
    }
    let end = HEADER_BYTES + payload.len();
    place[HEADER_BYTES..end].copy_from_slice(payload);
    place[end..].fill(0);
}
