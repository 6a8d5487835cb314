//! The control channel: a section with a place for one message each way, and two events.
//!
//! What the parent sends before the start waits in the parent: only when the process is there can handles be copied into it. So a
//! parent sends one message, before it starts the process.
//! A worker's message overwrites its last one: it is the reason why the worker cannot start.
#![expect(unsafe_code, reason = "reads and writes memory that another process writes too")]

use std::io;
use std::os::windows::io::FromRawHandle;
use std::ptr;
use std::sync::{Arc, Mutex, OnceLock};

use super::bell::{Bell, is_set_within};
use super::handle::{AsFd, BorrowedFd, OwnedFd, copy_into};
use super::memory::SharedMemory;
use super::region::unsupported;
use super::startup;
use crate::lock::lock;
use crate::sys::types::{MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX, Received};

/// The section, as offsets. Numbers of handles are those in the worker.
mod at {
    use super::{MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX};

    /// What the worker sees first: that the parent has filled the section.
    pub(super) const NAME: usize = 0;
    /// Notified by the worker, when it has sent a message.
    pub(super) const MESSAGE_BELL: usize = 8;
    /// Notified by the parent, when it has dropped its end.
    pub(super) const END_BELL: usize = 16;
    pub(super) const HANDLE_COUNT: usize = 24;
    pub(super) const HANDLES: usize = 32;
    pub(super) const LENGTH_TO_WORKER: usize = HANDLES + 8 * MESSAGE_FDS_MAX;
    pub(super) const LENGTH_TO_PARENT: usize = LENGTH_TO_WORKER + 8;
    pub(super) const TO_WORKER: usize = LENGTH_TO_PARENT + 8;
    pub(super) const TO_PARENT: usize = TO_WORKER + MESSAGE_BYTES_MAX;
    pub(super) const END: usize = TO_PARENT + MESSAGE_BYTES_MAX;
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
    Parent(Arc<Mutex<Option<First>>>),
    /// The worker's end, while it is in the parent.
    BeforeStart {
        section: OwnedFd,
        first: Arc<Mutex<Option<First>>>,
    },
    /// The message of the parent, until it is taken.
    Worker(Mutex<Option<First>>),
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
        let (memory, first) = (Arc::new(memory), Arc::default());
        let (message, end) = (Bell::new()?, Bell::new()?);
        let theirs = Self {
            memory: Arc::clone(&memory),
            message: message.twin()?,
            end: end.twin()?,
            side: Side::BeforeStart { section, first: Arc::clone(&first) },
        };
        Ok((Self { memory, message, end, side: Side::Parent(first) }, theirs))
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
        let first = First {
            handles: handles.collect(),
            bytes: read_message(&memory, at::LENGTH_TO_WORKER, at::TO_WORKER)?,
        };
        let side = Side::Worker(Mutex::new(Some(first)));
        Ok(Self { memory: Arc::new(memory), message, end, side })
    }

    /// Sends one message of 1 to [`MESSAGE_BYTES_MAX`] bytes. A parent sends one alone, before the start, together with copies
    /// of up to [`MESSAGE_FDS_MAX`] handles. Never blocks.
    ///
    /// # Errors
    /// `InvalidInput` for a message of another size, or one that this end cannot send.
    pub fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let is_small = (1..=MESSAGE_BYTES_MAX).contains(&bytes.len());
        if !is_small || fds.len() > MESSAGE_FDS_MAX {
            return Err(refused(bytes, fds));
        }
        match &self.side {
            Side::Parent(first) if lock(first).is_none() => {
                let handles: io::Result<Vec<_>> =
                    fds.iter().map(BorrowedFd::try_clone_to_owned).collect();
                *lock(first) = Some(First { bytes: bytes.to_vec(), handles: handles? });
                Ok(())
            }
            Side::Worker(_) if fds.is_empty() => {
                write_message(&self.memory, at::LENGTH_TO_PARENT, at::TO_PARENT, bytes);
                self.message.notify();
                Ok(())
            }
            _ => Err(refused(bytes, fds)),
        }
    }

    /// Sends nothing: only regions need it.
    ///
    /// # Errors
    /// Always `Unsupported`.
    pub fn send_when_there_is_room(
        &self,
        _bytes: &[u8],
        _fds: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        Err(unsupported())
    }

    /// Takes over nothing: only regions need it.
    ///
    /// # Errors
    /// Always `Unsupported`.
    pub fn from_socket(_fd: OwnedFd) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Receives nothing: only regions need it.
    ///
    /// # Errors
    /// Always `Unsupported`.
    pub fn recv(&self) -> io::Result<Received> {
        Err(unsupported())
    }

    /// Takes the next message, if there is one. Never blocks.
    ///
    /// # Errors
    /// `InvalidData` for a message larger than the limit, which is lost.
    pub fn try_recv(&self) -> io::Result<Received> {
        match &self.side {
            Side::Parent(_) if self.message.is_notified_within(std::time::Duration::ZERO) => {
                // Cleared first: what the worker writes from now on notifies again.
                self.message.clear();
                read_message(&self.memory, at::LENGTH_TO_PARENT, at::TO_PARENT)
                    .map(|bytes| Received::Message(bytes, Vec::new()))
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
        let Side::BeforeStart { first, .. } = &self.side else { return Ok(()) };
        let First { bytes, handles } =
            lock(first).take().unwrap_or(First { bytes: Vec::new(), handles: Vec::new() });
        write_number(&self.memory, at::MESSAGE_BELL, copy_into(process, &self.message)?);
        write_number(&self.memory, at::END_BELL, copy_into(process, &self.end)?);
        for (index, handle) in handles.iter().enumerate() {
            write_number(&self.memory, at::HANDLES + 8 * index, copy_into(process, handle)?);
        }
        write_number(&self.memory, at::HANDLE_COUNT, handles.len() as u64);
        write_message(&self.memory, at::LENGTH_TO_WORKER, at::TO_WORKER, &bytes);
        write_number(&self.memory, at::NAME, NAME);
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

/// Takes over a handle by its number.
///
/// # Safety
/// It is a handle of this process that nobody else owns.
unsafe fn own(number: u64) -> OwnedFd {
    // SAFETY: by the caller's promise.
    unsafe { OwnedFd::from_raw_handle(ptr::with_exposed_provenance_mut(number as usize)) }
}

fn read_number(memory: &SharedMemory, at: usize) -> u64 {
    assert!(at + size_of::<u64>() <= memory.size() && at.is_multiple_of(8), "within the section");
    // SAFETY: it is inside of the mapping, and on a boundary of its size.
    let place = unsafe { memory.as_ptr().add(at).cast::<u64>() };
    // SAFETY: as above. The other process may write at the same time, so it is read once.
    unsafe { place.read_volatile() }
}

fn write_number(memory: &SharedMemory, at: usize, number: u64) {
    assert!(at + size_of::<u64>() <= memory.size() && at.is_multiple_of(8), "within the section");
    // SAFETY: it is inside of the mapping, and on a boundary of its size.
    let place = unsafe { memory.as_ptr().add(at).cast::<u64>() };
    // SAFETY: as above.
    unsafe { place.write_volatile(number) };
}

/// Copies a message out. The other process may be writing it: then its text is a mixture.
fn read_message(memory: &SharedMemory, length_at: usize, at: usize) -> io::Result<Vec<u8>> {
    let length = read_number(memory, length_at);
    let length = usize::try_from(length).ok().filter(|length| *length <= MESSAGE_BYTES_MAX);
    let length = length.ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "a control message is too large, or is none")
    })?;
    let mut bytes = vec![0; length];
    assert!(at + length <= memory.size(), "within the section");
    // SAFETY: it is inside of the mapping.
    let place = unsafe { memory.as_ptr().add(at) };
    // SAFETY: both have so many bytes, and `bytes` is memory of this process.
    unsafe { place.copy_to_nonoverlapping(ptr::NonNull::from(&mut *bytes).cast(), length) };
    Ok(bytes)
}

fn write_message(memory: &SharedMemory, length_at: usize, at: usize, bytes: &[u8]) {
    assert!(at + bytes.len() <= memory.size(), "within the section");
    // SAFETY: it is inside of the mapping.
    let place = unsafe { memory.as_ptr().add(at) };
    // SAFETY: both have so many bytes, and `bytes` is memory of this process.
    unsafe { place.copy_from_nonoverlapping(ptr::NonNull::from(bytes).cast(), bytes.len()) };
    write_number(memory, length_at, bytes.len() as u64);
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
