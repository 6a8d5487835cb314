//! The control channel: a section with a place for one message each way, and two events.
//!
//! What the parent sends before the start waits in the parent: only when the process is there can handles be copied into it. So a
//! parent sends one message, before it starts the process.
//! A worker's message overwrites its last one: it is the reason why the worker cannot start, or a line for regions. The parent copies
//! its handles out of the worker, which keeps them open until the parent has answered over the line.
#![expect(unsafe_code, reason = "takes over handles that the parent has copied into this process")]

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use super::bell::{Bell, is_set_within};
use super::handle::{AsFd, BorrowedFd, OwnedFd, copy_from, copy_into, own, raw};
use super::line::Line;
use super::memory::SharedMemory;
use super::slots::{Slot, read_message, read_number, write_message, write_number};
use super::startup;
use crate::lock::lock;
use crate::sys::types::{MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX, Received};

/// The section, as offsets. Numbers of handles are those in the worker.
mod at {
    use super::{MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX, Slot};

    /// What the worker sees first: that the parent has filled the section.
    pub(super) const NAME: usize = 0;
    /// Notified by the worker, when it has sent a message.
    pub(super) const MESSAGE_BELL: usize = 8;
    /// Notified by the parent, when it has dropped its end.
    pub(super) const END_BELL: usize = 16;
    pub(super) const HANDLE_COUNT: usize = 24;
    pub(super) const HANDLES: usize = 32;
    /// Those that the worker sends.
    pub(super) const COUNT_TO_PARENT: usize = HANDLES + 8 * MESSAGE_FDS_MAX;
    pub(super) const HANDLES_TO_PARENT: usize = COUNT_TO_PARENT + 8;
    const LENGTHS: usize = HANDLES_TO_PARENT + 8 * MESSAGE_FDS_MAX;
    const BYTES: usize = LENGTHS + 16;
    pub(super) const TO_WORKER: Slot =
        Slot { length: LENGTHS, bytes: BYTES, most: MESSAGE_BYTES_MAX };
    pub(super) const TO_PARENT: Slot =
        Slot { length: LENGTHS + 8, bytes: BYTES + MESSAGE_BYTES_MAX, most: MESSAGE_BYTES_MAX };
    pub(super) const END: usize = BYTES + 2 * MESSAGE_BYTES_MAX;
}

const NAME: u64 = u64::from_le_bytes(*b"millrace");

/// A process has one parent.
static TAKEN: OnceLock<()> = OnceLock::new();

/// One end of the connection between a worker and its parent.
#[derive(Debug)]
pub struct Control {
    memory: Arc<SharedMemory>,
    message: Bell,
    end: Bell,
    side: Side,
}

#[derive(Debug)]
enum Side {
    Parent(Arc<Common>),
    /// The worker's end, while it is in the parent.
    BeforeStart {
        section: OwnedFd,
        common: Arc<Common>,
    },
    /// The message of the parent, until it is taken.
    Worker(Mutex<Option<First>>),
}

/// What both ends have in common before the start.
#[derive(Debug, Default)]
struct Common {
    first: Mutex<Option<First>>,
    /// The worker, once it was started.
    process: OnceLock<Arc<OwnedFd>>,
}

/// The message of the parent.
#[derive(Debug)]
struct First {
    bytes: Vec<u8>,
    handles: Vec<OwnedFd>,
}

impl Control {
    /// Makes both ends: that of the parent, and one for [`super::launch`].
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (memory, section) = SharedMemory::create(at::END)?;
        let (memory, common) = (Arc::new(memory), Arc::default());
        let (message, end) = (Bell::new()?, Bell::new()?);
        let theirs = Self {
            memory: Arc::clone(&memory),
            message: message.twin()?,
            end: end.twin()?,
            side: Side::BeforeStart { section, common: Arc::clone(&common) },
        };
        Ok((Self { memory, message, end, side: Side::Parent(common) }, theirs))
    }

    /// Takes over what [`super::launch`] has passed to this process.
    ///
    /// # Errors
    /// `AlreadyExists` from the second call on; `NotFound` when this process was not started as a worker.
    pub fn inherited() -> io::Result<Self> {
        if TAKEN.get().is_some() {
            return Err(taken());
        }
        let passed = startup::passed_handle().ok_or_else(absent)?;
        TAKEN.set(()).map_err(|()| taken())?;
        // SAFETY: `launch` has put the section there for this call, and `TAKEN` lets one call through: nobody else owns it.
        let section = unsafe { own(passed) };
        let memory = SharedMemory::attach(section, at::END)?;
        if read_number(&memory, at::NAME) != NAME {
            return Err(absent());
        }
        // SAFETY: the parent has copied the handle into this process for this call, as below.
        let message = Bell::to_notify(unsafe { own(read_number(&memory, at::MESSAGE_BELL)) });
        // SAFETY: as above.
        let end = Bell::to_wait(unsafe { own(read_number(&memory, at::END_BELL)) });
        let count = read_number(&memory, at::HANDLE_COUNT).min(MESSAGE_FDS_MAX as u64) as usize;
        let handles = (0..count).map(|index| {
            let number = read_number(&memory, at::HANDLES + 8 * index);
            // SAFETY: as above.
            unsafe { own(number) }
        });
        let first =
            First { handles: handles.collect(), bytes: read_message(&memory, at::TO_WORKER)? };
        let side = Side::Worker(Mutex::new(Some(first)));
        Ok(Self { memory: Arc::new(memory), message, end, side })
    }

    /// Sends one message of 1 to [`MESSAGE_BYTES_MAX`] bytes, together with copies of up to [`MESSAGE_FDS_MAX`] handles. A parent
    /// sends one alone, before the start. A worker keeps its handles open until the parent has them. Never blocks.
    ///
    /// # Errors
    /// `InvalidInput` for a message of another size, or one that this end cannot send.
    pub fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let is_small = (1..=MESSAGE_BYTES_MAX).contains(&bytes.len());
        if !is_small || fds.len() > MESSAGE_FDS_MAX {
            return Err(refused(bytes, fds));
        }
        match &self.side {
            Side::Parent(common) if lock(&common.first).is_none() => {
                let handles: io::Result<Vec<_>> =
                    fds.iter().map(BorrowedFd::try_clone_to_owned).collect();
                *lock(&common.first) = Some(First { bytes: bytes.to_vec(), handles: handles? });
                Ok(())
            }
            Side::Worker(_) => {
                for (index, fd) in fds.iter().enumerate() {
                    let number = raw(fd) as u64;
                    write_number(&self.memory, at::HANDLES_TO_PARENT + 8 * index, number);
                }
                write_number(&self.memory, at::COUNT_TO_PARENT, fds.len() as u64);
                write_message(&self.memory, at::TO_PARENT, bytes);
                self.message.notify();
                Ok(())
            }
            _ => Err(refused(bytes, fds)),
        }
    }

    /// Takes over the line that the worker has sent.
    ///
    /// # Errors
    /// `InvalidData` if it is none.
    pub fn accept(&self, fds: Vec<OwnedFd>) -> io::Result<Line> {
        match &self.side {
            Side::Parent(common) => {
                let process = common.process.get().ok_or(io::ErrorKind::NotConnected)?;
                Line::accept(Arc::clone(process), fds)
            }
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// Copies the handles of the worker's message.
    fn handles_of_worker(&self, common: &Common) -> io::Result<Vec<OwnedFd>> {
        let count = read_number(&self.memory, at::COUNT_TO_PARENT).min(MESSAGE_FDS_MAX as u64);
        let process = common.process.get().ok_or(io::ErrorKind::NotConnected)?;
        let number = |index| read_number(&self.memory, at::HANDLES_TO_PARENT + 8 * index);
        (0..count as usize).map(|index| copy_from(&**process, number(index))).collect()
    }

    /// Takes the next message, if there is one. Never blocks.
    ///
    /// # Errors
    /// `InvalidData` for a message larger than the limit, which is lost.
    pub fn try_recv(&self) -> io::Result<Received> {
        match &self.side {
            Side::Parent(common) if self.message.is_notified_within(std::time::Duration::ZERO) => {
                // Cleared first: what the worker writes from now on notifies again.
                self.message.clear();
                let bytes = read_message(&self.memory, at::TO_PARENT)?;
                Ok(Received::Message(bytes, self.handles_of_worker(common)?))
            }
            Side::Worker(first) => Ok(match lock(first).take() {
                Some(First { bytes, handles }) => Received::Message(bytes, handles),
                None if is_set_within(&self.end, 0) => Received::Closed,
                None => Received::Empty,
            }),
            _ => Ok(Received::Empty),
        }
    }

    /// Tells the other side to end itself. What it has sent can still be read.
    pub fn hang_up(&self) {
        self.end.notify();
    }

    /// Nothing tells whether other code of this process has closed a handle.
    pub fn is_intact(&self) -> bool {
        self.message.is_open() && self.end.is_open()
    }

    /// The section that the worker gets with its start.
    pub(super) fn section(&self) -> io::Result<&OwnedFd> {
        match &self.side {
            Side::BeforeStart { section, .. } => Ok(section),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this is not the end of a worker that was not started yet",
            )),
        }
    }

    /// Copies what the parent has sent into a process that runs nothing yet.
    pub(super) fn hand_over(self, process: &impl AsFd) -> io::Result<()> {
        let Side::BeforeStart { common, .. } = &self.side else { return Ok(()) };
        let First { bytes, handles } =
            lock(&common.first).take().unwrap_or(First { bytes: Vec::new(), handles: Vec::new() });
        write_number(&self.memory, at::MESSAGE_BELL, copy_into(process, &self.message)?);
        write_number(&self.memory, at::END_BELL, copy_into(process, &self.end)?);
        for (index, handle) in handles.iter().enumerate() {
            write_number(&self.memory, at::HANDLES + 8 * index, copy_into(process, handle)?);
        }
        write_number(&self.memory, at::HANDLE_COUNT, handles.len() as u64);
        write_message(&self.memory, at::TO_WORKER, &bytes);
        write_number(&self.memory, at::NAME, NAME);
        let _ = common.process.set(Arc::new(process.as_fd().try_clone_to_owned()?));
        Ok(())
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        if matches!(self.side, Side::Parent(_)) {
            self.hang_up();
        }
    }
}

/// Of the parent's end: set when the worker has sent something. Of the worker's: set when the parent has dropped its own.
impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.side {
            Side::Parent(_) => self.message.as_fd(),
            _ => self.end.as_fd(),
        }
    }
}

fn refused(bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Error {
    let why = format!("a control message of {} bytes and {} handles", bytes.len(), fds.len());
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

fn taken() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "the control channel is taken already")
}

fn absent() -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, "this process has no control channel: it is no worker")
}
