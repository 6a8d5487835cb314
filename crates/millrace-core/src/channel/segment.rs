//! The memory that the pool shares with one worker: a status block of words, then one ring of bytes in each direction.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8192 | status block: 2048 words of 32 bits, native order, their indices in [`word`]; the worker's JavaScript sees it as an `Int32Array(2048)` |
//! | 8192..270336 | ring to the worker |
//! | 270336..532480 | ring to the parent |
//!
//! The parent formats it before the worker exists. Nothing in it is trusted afterwards: words are read once, then checked.

#![expect(unsafe_code, reason = "views memory that another process writes too")]

use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use super::claim::{Chunks, Claim, SLOTS};
use super::doorbell::Doorbell;
use super::memory::Memory;
use super::ring::{Consumer, Producer, RingMemory};
use crate::sync::atomic::{AtomicU32, Ordering};

/// Indices of the words of the status block. Words written by different sides keep 64 bytes apart, a line of the cache.
pub mod word {
    /// Says that this is a formatted segment.
    pub const MAGIC: usize = 0;
    /// The layout's version.
    pub const VERSION: usize = 1;
    /// The claim word; see [`Claim`](crate::channel::claim::Claim).
    pub const TASK: usize = 16;
    /// When the worker began its last task that has a limit, with [`LOADING_BIT`](super::LOADING_BIT) to load its function, or with
    /// [`SETUP_BIT`](super::SETUP_BIT) to set itself up: milliseconds of the system's monotonic clock, modulo 2^32, rounded up to a
    /// multiple of 4. Written before the
    /// claim word, so that a task seen there has its time here, or a later one.
    pub const TASK_BEGAN: usize = 17;
    /// [`Doorbell`](crate::channel::doorbell::Doorbell) of the worker, waiting for bytes.
    pub const WORKER_ASLEEP: usize = 32;
    /// Doorbell of the parent, waiting for bytes.
    pub const PARENT_ASLEEP: usize = 48;
    /// Bytes published to the worker, modulo 2^32; stored by the parent.
    pub const TO_WORKER_HEAD: usize = 64;
    /// Bytes that the worker released, modulo 2^32.
    pub const TO_WORKER_TAIL: usize = 80;
    /// Doorbell of the parent, waiting for space in the ring to the worker.
    pub const PARENT_WANTS_SPACE: usize = 96;
    /// Bytes published to the parent, modulo 2^32; stored by the worker.
    pub const TO_PARENT_HEAD: usize = 112;
    /// Bytes that the parent released, modulo 2^32.
    pub const TO_PARENT_TAIL: usize = 128;
    /// Doorbell of the worker, waiting for space in the ring to the parent.
    pub const WORKER_WANTS_SPACE: usize = 144;
    /// MiB of the memory limit that the worker's program has come close to. 0: none. Flags stand above it: see
    /// `MEMORY_WATCHED`.
    pub const MEMORY_LIMIT: usize = 160;
    /// The worker's resident memory when it measured that last, in KiB; 0: never.
    pub const RESIDENT: usize = 161;
    /// How many looks the worker takes between two `sched_yield` before it sleeps, 0 for none; stored by the parent. See
    /// [`spin`](crate::spin).
    pub const LOOKS_PER_YIELD: usize = 176;
    /// The last of the worker's blocks up to which the parent has read all, modulo 2^32; stored by the parent. See
    /// [`blocks`](crate::channel::blocks).
    pub const BLOCKS_READ: usize = 192;
    /// The first of the chunk slots; see [`Chunks`](crate::channel::claim::Chunks).
    pub const CHUNK_SLOTS: usize = 1024;
}

/// The part of [`word::MEMORY_LIMIT`] that is the limit.
const MEMORY_LIMIT_MASK: u32 = (1 << 30) - 1;
/// The worker says when its program's memory is used up.
const MEMORY_WATCHED: u32 = 1 << 30;
/// The memory of the worker's program is used up.
const OUT_OF_MEMORY: u32 = 1 << 31;

/// Words in the status block.
pub const STATUS_WORDS: usize = 2048;
const _: () = {
    assert!(STATUS_WORDS - word::CHUNK_SLOTS == SLOTS);
    assert!(word::BLOCKS_READ < word::CHUNK_SLOTS);
};
/// Size of the status block, at the start of the segment.
pub const STATUS_BYTES: usize = STATUS_WORDS * 4;
/// Size of each ring.
pub const RING_BYTES: usize = 256 * 1024;
/// Size of the whole segment.
pub const SEGMENT_BYTES: usize = STATUS_BYTES + 2 * RING_BYTES;
/// The bit of [`word::TASK_BEGAN`] that says that the function of the task is being loaded.
pub const LOADING_BIT: u32 = 1;
/// The bit of [`word::TASK_BEGAN`] that says that the worker sets itself up for the task.
pub const SETUP_BIT: u32 = 2;
/// What [`word::MAGIC`] holds.
pub const MAGIC: u32 = u32::from_le_bytes(*b"mill");
/// What [`word::VERSION`] holds.
pub const VERSION: u32 = 1;

/// Why memory is refused as a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// There is less of it than [`SEGMENT_BYTES`].
    #[error("{bytes} bytes are too few for a segment of {SEGMENT_BYTES}")]
    TooSmall {
        /// Size of the memory.
        bytes: usize,
    },
    /// It does not start at a multiple of 8.
    #[error("a segment must start at a multiple of 8 bytes")]
    Misaligned,
    /// It was not formatted, or no longer is.
    #[error("not a segment: its first word is {found:#x}")]
    NotFormatted {
        /// The word in the place of the magic one.
        found: u32,
    },
    /// It was formatted by another version of this library.
    #[error("the segment has layout {found}, not {VERSION}")]
    OtherVersion {
        /// The version it has.
        found: u32,
    },
}

/// A view of one segment, cheap to clone; it keeps the memory alive.
#[derive(Clone)]
pub struct Segment {
    base: NonNull<u8>,
    _owner: Arc<dyn Memory>,
    /// Loom's atomics are larger than a word, so under loom the status block is beside the memory, one per `new`.
    #[cfg(loom)]
    words: Arc<Vec<AtomicU32>>,
}

// SAFETY: the memory belongs to `_owner`, which any thread may share; it is only touched by atomics and copies of bytes.
unsafe impl Send for Segment {}
// SAFETY: as above.
unsafe impl Sync for Segment {}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Segment {
    /// Views the memory of `owner`, which neither reads nor writes it; see [`format`](Self::format) and [`check`](Self::check).
    ///
    /// # Errors
    /// If the memory is too small, or does not start at a multiple of 8.
    pub fn new(owner: Arc<dyn Memory>) -> Result<Self, SegmentError> {
        let (base, bytes) = (owner.as_ptr(), owner.size());
        if bytes < SEGMENT_BYTES {
            return Err(SegmentError::TooSmall { bytes });
        }
        if !base.cast::<u64>().is_aligned() {
            return Err(SegmentError::Misaligned);
        }
        Ok(Self {
            base,
            _owner: owner,
            #[cfg(loom)]
            words: Arc::new((0..STATUS_WORDS).map(|_| AtomicU32::new(0)).collect()),
        })
    }

    /// Parent: makes it an empty segment. The rings' bytes stay untouched, so that their pages cost nothing yet.
    pub fn format(&self) {
        for word in &self.words()[word::VERSION..] {
            word.store(0, Ordering::Relaxed);
        }
        self.word(word::VERSION).store(VERSION, Ordering::Relaxed);
        // Release pairs with the Acquire in `check`.
        self.word(word::MAGIC).store(MAGIC, Ordering::Release);
    }

    /// Worker: makes sure that it was formatted by this version.
    ///
    /// # Errors
    /// When it was not.
    pub fn check(&self) -> Result<(), SegmentError> {
        // Acquire pairs with the Release in `format`.
        match self.word(word::MAGIC).load(Ordering::Acquire) {
            MAGIC => {}
            found => return Err(SegmentError::NotFormatted { found }),
        }
        match self.word(word::VERSION).load(Ordering::Relaxed) {
            VERSION => Ok(()),
            found => Err(SegmentError::OtherVersion { found }),
        }
    }

    /// The word at `index` of the status block.
    ///
    /// # Panics
    /// When `index` is not below [`STATUS_WORDS`].
    pub fn word(&self, index: usize) -> &AtomicU32 {
        &self.words()[index]
    }

    /// Worker: notes that its program has come close to a limit of its memory, in bytes. Safe at any moment.
    pub fn note_memory_limit(&self, bytes: usize) {
        let mebibytes = u32::try_from(bytes >> 20).unwrap_or(u32::MAX).clamp(1, MEMORY_LIMIT_MASK);
        let word = self.word(word::MEMORY_LIMIT);
        let flags = word.load(Ordering::Relaxed) & !MEMORY_LIMIT_MASK;
        word.store(flags | mebibytes, Ordering::Relaxed);
    }

    /// Worker: announces that it will report when its program's memory is used up. Until then, being close to the limit means
    /// nothing.
    pub fn watch_memory(&self) {
        self.word(word::MEMORY_LIMIT).fetch_or(MEMORY_WATCHED, Ordering::Relaxed);
    }

    /// Worker: its program's memory is used up, and the process will end. Safe at any moment.
    pub fn note_out_of_memory(&self) {
        self.word(word::MEMORY_LIMIT).fetch_or(OUT_OF_MEMORY, Ordering::Relaxed);
    }

    /// Parent: the limit in MiB, or 0 for an unknown one, where the memory of a dead worker's program was used up.
    pub fn out_of_memory(&self) -> Option<u32> {
        let word = self.word(word::MEMORY_LIMIT).load(Ordering::Relaxed);
        let limit = word & MEMORY_LIMIT_MASK;
        let is_watched = word & MEMORY_WATCHED != 0;
        (word & OUT_OF_MEMORY != 0 || (!is_watched && limit > 0)).then_some(limit)
    }

    /// The worker's resident memory in bytes, when it measured that last; 0: never.
    pub fn resident_bytes(&self) -> u64 {
        u64::from(self.word(word::RESIDENT).load(Ordering::Relaxed)) * 1024
    }

    /// The claim word.
    pub fn claim(&self) -> Claim<'_> {
        Claim::new(self.word(word::TASK))
    }

    /// The chunk slots.
    pub fn chunks(&self) -> Chunks<'_> {
        Chunks::new(&self.words()[word::CHUNK_SLOTS..])
    }

    /// The doorbell at `index` of the status block, for instance [`word::WORKER_ASLEEP`].
    pub fn doorbell(&self, index: usize) -> Doorbell<'_> {
        Doorbell::new(self.word(index))
    }

    /// Whether the worker has published bytes that the parent has not read. To be asked while nobody reads.
    pub fn has_bytes_to_parent(&self) -> bool {
        // Acquire: whoever reads the ring because of this finds the bytes.
        let head = self.word(word::TO_PARENT_HEAD).load(Ordering::Acquire);
        head != self.word(word::TO_PARENT_TAIL).load(Ordering::Relaxed)
    }

    /// Parent: its ends of the rings of a formatted segment. To be called once: a second pair garbles what the first sends.
    pub fn parent_ends(&self) -> (SegmentProducer, SegmentConsumer) {
        (Producer::new(self.to_worker(), 0), Consumer::new(self.to_parent(), 0))
    }

    /// Worker: its ends of the rings of a formatted segment. To be called once: a second pair garbles what the first sends.
    pub fn worker_ends(&self) -> (SegmentProducer, SegmentConsumer) {
        (Producer::new(self.to_parent(), 0), Consumer::new(self.to_worker(), 0))
    }

    /// The ring to the worker.
    pub fn to_worker(&self) -> SegmentRing {
        self.ring(STATUS_BYTES, word::TO_WORKER_HEAD, word::TO_WORKER_TAIL)
    }

    /// The ring to the parent.
    pub fn to_parent(&self) -> SegmentRing {
        self.ring(STATUS_BYTES + RING_BYTES, word::TO_PARENT_HEAD, word::TO_PARENT_TAIL)
    }

    fn ring(&self, at: usize, head: usize, tail: usize) -> SegmentRing {
        SegmentRing { segment: self.clone(), at, head, tail }
    }

    #[cfg(loom)]
    fn words(&self) -> &[AtomicU32] {
        &self.words
    }

    #[cfg(not(loom))]
    fn words(&self) -> &[AtomicU32] {
        // SAFETY: `new` checked that this many words are there and aligned, the owner keeps them alive and initialised, and
        // by the contract of `Memory` everybody else uses them as atomics, too.
        unsafe { NonNull::slice_from_raw_parts(self.base.cast(), STATUS_WORDS).as_ref() }
    }
}

/// The writing end of a ring of a segment.
pub type SegmentProducer = Producer<SegmentRing>;
/// The reading end of a ring of a segment.
pub type SegmentConsumer = Consumer<SegmentRing>;

/// One of the two rings of a segment.
///
/// Bytes are copied through raw pointers, since a worker that misbehaves may write while the parent reads. Such a copy may be
/// torn. The decoder works on the copy alone, and has to cope with it.
#[derive(Clone, Debug)]
pub struct SegmentRing {
    segment: Segment,
    at: usize,
    head: usize,
    tail: usize,
}

impl SegmentRing {
    /// The address of byte `at` of the ring, after which `count` bytes are inside the ring.
    fn place(&self, at: usize, count: usize) -> *mut u8 {
        assert!(
            at <= RING_BYTES && count <= RING_BYTES - at,
            "{count} bytes at {at} cross the end of the ring"
        );
        // SAFETY: the ring starts inside the segment, whose size `Segment::new` checked, and `at` is inside the ring.
        unsafe { self.segment.base.add(self.at + at) }.as_ptr()
    }
}

impl RingMemory for SegmentRing {
    fn capacity(&self) -> u32 {
        RING_BYTES as u32
    }

    fn head(&self) -> &AtomicU32 {
        self.segment.word(self.head)
    }

    fn tail(&self) -> &AtomicU32 {
        self.segment.word(self.tail)
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        let place = self.place(at, bytes.len());
        // SAFETY: `place` has room for the bytes, which are elsewhere: no slice of Rust's lies in a segment.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
    }

    fn append(&self, at: usize, count: usize, into: &mut Vec<u8>) {
        let place = self.place(at, count);
        into.reserve(count);
        let spare = into.spare_capacity_mut().as_mut_ptr().cast();
        // SAFETY: `reserve` made room for the bytes, and a vector does not lie in a segment.
        unsafe { ptr::copy_nonoverlapping(place, spare, count) };
        // SAFETY: these bytes were written just now, inside the capacity.
        unsafe { into.set_len(into.len() + count) };
    }
}
