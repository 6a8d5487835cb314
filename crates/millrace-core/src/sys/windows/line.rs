//! A line between a worker and its parent, for the handles of regions: a section with a place for one message each way, and two
//! events. The worker makes it, and the parent takes it over.
//!
//! A process that could copy handles into its parent could do anything to it. So only the parent copies them, out of the worker and
//! into it: a message names a handle by its number in the worker. A worker that passes a handle waits until the parent has it, so what
//! it has passed is not lost with it.
#![expect(unsafe_code, reason = "takes over handles that the parent has copied into this process")]

use std::io;
use std::sync::Arc;

use super::bell::Bell;
use super::handle::{AsFd, BorrowedFd, OwnedFd, copy_from, copy_into, own, raw};
use super::memory::SharedMemory;
use super::slots::{Slot, read_message, read_number, write_message, write_number};
use crate::sys::types::Received;

/// The longest message.
const MESSAGE_BYTES: usize = 64;

/// A place for one message, as offsets.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// 1 while there is a message that nobody has taken.
    is_full: usize,
    /// The number of its handle in the worker, or 0.
    handle: usize,
    message: Slot,
}

const fn place(at: usize) -> Place {
    let message = Slot { length: at + 16, bytes: at + 24, most: MESSAGE_BYTES };
    Place { is_full: at, handle: at + 8, message }
}

const TO_PARENT: Place = place(64);
const TO_WORKER: Place = place(256);
/// Whether the parent has the line.
const STATE: usize = 0;
const OPEN: u64 = 1;
const CLOSED: u64 = 2;
const SECTION_BYTES: usize = 4096;

/// One end of a line.
#[derive(Debug)]
pub struct Line {
    /// In the worker two values have it, until the parent has taken it over.
    objects: Arc<Objects>,
    side: Side,
}

#[derive(Debug)]
struct Objects {
    memory: SharedMemory,
    /// In the worker, which passes it.
    section: Option<OwnedFd>,
    to_parent: Bell,
    to_worker: Bell,
}

#[derive(Debug)]
enum Side {
    Worker,
    /// The parent's end, while it is in the worker.
    Passing,
    /// With the process of the worker.
    Parent(Arc<OwnedFd>),
}

impl Line {
    /// Makes both ends: that of the worker, and one to pass.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (memory, section) = SharedMemory::create(SECTION_BYTES)?;
        let (to_parent, to_worker) = (Bell::new()?, Bell::new()?);
        let objects = Arc::new(Objects { memory, section: Some(section), to_parent, to_worker });
        let ours = Self { objects: Arc::clone(&objects), side: Side::Worker };
        Ok((ours, Self { objects, side: Side::Passing }))
    }

    /// What the parent needs to take over its end. The handles must stay open until it has: the worker's end keeps them.
    pub fn to_pass(&self) -> Vec<BorrowedFd<'_>> {
        let Objects { section, to_parent, to_worker, .. } = &*self.objects;
        section.iter().map(AsFd::as_fd).chain([to_parent.as_fd(), to_worker.as_fd()]).collect()
    }

    /// Takes over the parent's end.
    ///
    /// # Errors
    /// `InvalidData` if the handles are no line. The worker is told so.
    pub(super) fn accept(process: Arc<OwnedFd>, handles: Vec<OwnedFd>) -> io::Result<Self> {
        let [section, to_parent, to_worker] =
            <[OwnedFd; 3]>::try_from(handles).map_err(|_| no_line())?;
        let (to_parent, to_worker) = (Bell::to_wait(to_parent), Bell::to_notify(to_worker));
        let memory =
            to_parent.can_be_polled().then(|| SharedMemory::attach(section, SECTION_BYTES));
        let Some(Ok(memory)) = memory else {
            to_worker.notify();
            return Err(no_line());
        };
        write_number(&memory, STATE, OPEN);
        let objects = Arc::new(Objects { memory, section: None, to_parent, to_worker });
        Ok(Self { objects, side: Side::Parent(process) })
    }

    /// Sends one message of at most 64 bytes from the parent, together with a copy of at most one handle. Never blocks.
    ///
    /// # Errors
    /// `WouldBlock` while the worker has not taken the last one; `InvalidInput` for another message.
    pub fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let Side::Parent(process) = &self.side else { return Err(refused(bytes, fds)) };
        check(bytes, fds)?;
        let Objects { memory, to_worker, .. } = &*self.objects;
        if read_number(memory, TO_WORKER.is_full) != 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let number = fds.first().map(|fd| copy_into(&**process, fd)).transpose()?;
        put(memory, TO_WORKER, bytes, number);
        to_worker.notify();
        Ok(())
    }

    /// Sends one message from the worker, and waits until the parent has it and its handle.
    ///
    /// # Errors
    /// `BrokenPipe` when the parent has dropped its end; `InvalidInput` as for [`Self::send`].
    pub fn send_when_there_is_room(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        check(bytes, fds)?;
        let Objects { memory, to_parent, .. } = &*self.objects;
        put(memory, TO_PARENT, bytes, fds.first().map(|fd| raw(fd) as u64));
        to_parent.notify();
        while read_number(memory, TO_PARENT.is_full) != 0 {
            self.wait_for_parent()?;
        }
        Ok(())
    }

    /// Takes the next message of the parent, and waits for it.
    ///
    /// # Errors
    /// What the system reports.
    pub fn recv(&self) -> io::Result<Received> {
        let memory = &self.objects.memory;
        while read_number(memory, TO_WORKER.is_full) == 0 {
            match self.wait_for_parent() {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(Received::Closed);
                }
                result => result?,
            }
        }
        let bytes = read_message(memory, TO_WORKER.message)?;
        let handle = match read_number(memory, TO_WORKER.handle) {
            0 => None,
            // SAFETY: the parent has copied the handle into this process for this message, which is taken once.
            number => Some(unsafe { own(number) }),
        };
        write_number(memory, TO_WORKER.is_full, 0);
        Ok(Received::Message(bytes, handle.into_iter().collect()))
    }

    /// Takes the next message of the worker, if there is one. Never blocks.
    ///
    /// # Errors
    /// `InvalidData` for what is no message.
    pub fn try_recv(&self) -> io::Result<Received> {
        let Side::Parent(process) = &self.side else { return Ok(Received::Empty) };
        let Objects { memory, to_parent, to_worker, .. } = &*self.objects;
        // Cleared first: what comes later notifies again.
        to_parent.clear();
        if read_number(memory, TO_PARENT.is_full) == 0 {
            return Ok(Received::Empty);
        }
        let bytes = read_message(memory, TO_PARENT.message)?;
        let handle = match read_number(memory, TO_PARENT.handle) {
            0 => None,
            number => copy_from(&**process, number).ok(),
        };
        write_number(memory, TO_PARENT.is_full, 0);
        to_worker.notify();
        Ok(Received::Message(bytes, handle.into_iter().collect()))
    }

    /// Returns once the parent has done something.
    fn wait_for_parent(&self) -> io::Result<()> {
        let Objects { memory, to_worker, .. } = &*self.objects;
        let is_closed = || read_number(memory, STATE) == CLOSED;
        if is_closed() || !to_worker.wait() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // A parent that cannot take it over does nothing but notify.
        if read_number(memory, STATE) == OPEN {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
}

/// Of the parent's end: set when the worker has sent something.
impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.objects.to_parent.as_fd()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if matches!(self.side, Side::Parent(_)) {
            write_number(&self.objects.memory, STATE, CLOSED);
            self.objects.to_worker.notify();
        }
    }
}

fn put(memory: &SharedMemory, place: Place, bytes: &[u8], handle: Option<u64>) {
    write_message(memory, place.message, bytes);
    write_number(memory, place.handle, handle.unwrap_or(0));
    write_number(memory, place.is_full, 1);
}

fn check(bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    let fits = (1..=MESSAGE_BYTES).contains(&bytes.len()) && fds.len() <= 1;
    if fits { Ok(()) } else { Err(refused(bytes, fds)) }
}

fn refused(bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Error {
    let why = format!("a message of {} bytes and {} handles", bytes.len(), fds.len());
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

fn no_line() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the handles are no line for regions")
}
