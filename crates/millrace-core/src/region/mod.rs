//! Regions: memory that is shared by all processes that know it, and that outlives each of them.
//!
//! A region belongs to nobody. Each process that uses it has its descriptor and maps it. A message refers to it by its id, and what
//! must not be lost on the way is kept by who sends the message:
//!
//! - **To a worker.** A chunk or a definition keeps the regions that it names until it is settled or forgotten ([`Region`]s are an
//!   attachment of it). A worker that decodes an id that it does not know asks its parent for the descriptor. The waiting thread of the pool
//!   answers. So a descriptor goes only to a
//!   process that needs it, once, and the parent never waits.
//! - **To the parent.** A worker sends the descriptor before the outcome that names the region goes into the
//!   ring, and the outcome says how many it has sent since the last one. The parent keeps them until JavaScript has decoded the
//!   outcome, or the outcome is discarded. What a dead worker has sent is still in its socket, and in its ring.
//!
//! Both go over the *line* of the worker, which is a socket where the system has such, and which the worker makes when it first needs one. It sends the parent's end over the
//! control socket, and waits until the parent has it. The control socket itself is not fit for it: when the parent reads from a
//! control socket that was full, the system kills the worker (`kill_at_end_of` in `sys/linux/connection.rs`).
//!
//! Nothing counts the processes that have a region: the system frees the memory when the last mapping and the last descriptor are
//! gone, however their processes ended.
//!
//! **Trust.** An id is a random number of 53 bits that a process cannot guess. What a worker sends is checked before it is mapped: that
//! it has the length, cannot be shortened, and has all its pages ([`RegionFile::receive`]). A worker cannot replace a known region.

pub(crate) mod message;
mod table;

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::sys::{self, OwnedFd, RegionFile, SharedMemory};

pub use table::{Mapped, pin, unmap, unmap_at, unpin};
pub(crate) use table::{close_dropped, find};

/// So much is left to the rest of the program.
const SPARE_BYTES: u64 = 4 * 1024 * 1024;

/// Tells a region apart from all others on this machine. Below 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(pub u64);

impl RegionId {
    /// Of this many bits, so that every language has a number for it.
    pub const BITS: u32 = 53;

    /// A new one. It is random, so that no process can guess the regions of another.
    pub fn random() -> Self {
        Self(RandomState::new().build_hasher().finish() >> (u64::BITS - Self::BITS))
    }
}

impl fmt::Display for RegionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why there is no region.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// There is not enough memory.
    #[error(
        "{bytes} bytes of shared memory do not fit: this process can take {available} bytes more"
    )]
    NoMemory {
        /// What was asked for.
        bytes: u64,
        /// What is left, of the system or of a control group.
        available: u64,
    },
    /// The system refuses it.
    #[error("the system refuses {bytes} bytes of shared memory: {error}")]
    System {
        /// What was asked for.
        bytes: u64,
        /// Why.
        error: io::Error,
    },
    /// The parent cannot have it.
    #[error("shared memory cannot be passed to the parent: {0}")]
    Unpassed(#[source] io::Error),
    /// Every process that it was asked of has let go of it.
    #[error("the shared memory is gone: every process that had it has let go of it")]
    Gone,
}

/// A region that this process knows. When the last one is dropped, its descriptor is closed soon.
pub struct Region {
    id: RegionId,
    /// Until it is dropped.
    file: Option<RegionFile>,
}

impl Region {
    /// Its id.
    pub fn id(&self) -> RegionId {
        self.id
    }

    fn file(&self) -> io::Result<&RegionFile> {
        self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn map(&self) -> io::Result<SharedMemory> {
        self.file()?.map()
    }

    /// What [`adopt`] takes, in another process: its length and its descriptor.
    pub(crate) fn pass(
        &self,
        send: impl FnOnce(u64, sys::BorrowedFd<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let file = self.file()?;
        send(file.size() as u64, file.to_pass()?)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Region({})", self.id)
    }
}

/// Makes a region of `bytes`, with `content` at its front and zeros after it, and maps it.
///
/// # Errors
///
/// [`RegionError::NoMemory`] and [`RegionError::System`]. Nothing was taken then.
pub fn create(id: RegionId, bytes: usize, content: &[u8]) -> Result<Mapped, RegionError> {
    close_dropped();
    let wanted = bytes as u64;
    // Before the pages are taken: the system might end a process to make room.
    if let Some(available) = sys::available_memory(Path::new("/"))
        && wanted.saturating_add(SPARE_BYTES) > available
    {
        return Err(RegionError::NoMemory { bytes: wanted, available });
    }
    let refused = |error| RegionError::System { bytes: wanted, error };
    let file = RegionFile::create(bytes, content).map_err(refused)?;
    table::map(table::add(id, file)).map_err(refused)
}

/// Maps a region of `bytes` if this process knows it.
///
/// # Errors
///
/// [`RegionError::Gone`] if it does not, or the region has another length; [`RegionError::System`].
pub fn open(id: RegionId, bytes: usize) -> Result<Mapped, RegionError> {
    let region = find(id).ok_or(RegionError::Gone)?;
    if region.file().map_or(0, RegionFile::size) != bytes {
        return Err(RegionError::Gone);
    }
    table::map(region).map_err(|error| RegionError::System { bytes: bytes as u64, error })
}

/// Takes over what another process has passed. `None` if it is not what it should be.
pub(crate) fn adopt(id: RegionId, bytes: u64, fd: OwnedFd) -> Option<Arc<Region>> {
    let file = RegionFile::receive(fd, usize::try_from(bytes).ok()?).ok()?;
    match find(id) {
        Some(known) => known.file().is_ok_and(|it| it.is_same(&file)).then_some(known),
        None => Some(table::add(id, file)),
    }
}

/// The address and the length of mapped memory.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The first byte.
    pub start: NonNull<u8>,
    /// In bytes.
    pub len: usize,
}
