//! The parent's side of the blocks for large values; [`channel::blocks`](crate::channel::blocks) explains them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::channel::blocks::returns::{self, ReadWord, Returns};
use crate::channel::blocks::{Extent, KEPT_UNITS, SPACE_BYTES, SPACE_UNITS, Space, UNIT_BYTES};
use crate::channel::segment::{Segment, word};
use crate::lock::lock;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sys::{BlockMemory, BlockReader, OwnedFd};

use super::{Chunk, Pool, Shared, SubmitError};

/// As many units are given back to the system at a time: 16 MiB.
const TURN_UNITS: u32 = 256;

/// The memory with large arguments of a pool.
pub(super) struct Arguments {
    memory: BlockMemory,
    /// Workers get it. It can only read.
    reader: BlockReader,
    space: Mutex<Space>,
    /// Blocks that were filled for chunks that are not submitted yet.
    unclaimed: Mutex<HashMap<u32, Block>>,
    /// A block was freed whose pages are to go back to the system.
    has_excess: AtomicBool,
}

impl Arguments {
    /// `None` where the system has no such memory.
    pub(super) fn new() -> Option<Arc<Self>> {
        let (memory, reader) = BlockMemory::writable(SPACE_BYTES).ok()?;
        Some(Arc::new(Self {
            memory,
            reader,
            space: Mutex::new(Space::new(SPACE_UNITS)),
            unclaimed: Mutex::default(),
            has_excess: AtomicBool::new(false),
        }))
    }

    pub(super) fn reader(&self) -> &BlockReader {
        &self.reader
    }

    /// Copies `bytes` into a block, which waits for its chunk. `None` if there is no room.
    pub(super) fn put(self: &Arc<Self>, bytes: &[u8]) -> Option<u32> {
        let (extent, is_cold) = {
            let mut space = lock(&self.space);
            let extent = space.take(bytes.len())?;
            (extent, space.touch(extent))
        };
        let block = Block { owner: Arc::clone(self), extent };
        // Without the lock: it takes long, and whoever settles a chunk takes the lock.
        if is_cold && self.memory.reserve(extent.bytes()).is_err() {
            return None;
        }
        if !self.memory.write(extent.bytes().start, bytes) {
            return None;
        }
        lock(&self.unclaimed).insert(extent.start, block);
        Some(extent.start)
    }

    /// The blocks of a chunk. `None` if one of them is not there.
    pub(super) fn claim(&self, blocks: &[[u8; 4]]) -> Option<Vec<Block>> {
        let mut unclaimed = lock(&self.unclaimed);
        blocks.iter().map(|start| unclaimed.remove(&u32::from_le_bytes(*start))).collect()
    }

    /// Whether there are free pages that are not worth keeping.
    pub(super) fn has_excess(&self) -> bool {
        self.has_excess.load(Ordering::Relaxed)
    }

    /// Gives such pages back to the system, some at a time. Returns `true` if there may be more.
    pub(super) fn give_back_excess(&self) -> bool {
        if !self.has_excess.swap(false, Ordering::SeqCst) {
            return false;
        }
        let has_more = self.give_back(KEPT_UNITS, TURN_UNITS);
        self.has_excess.fetch_or(has_more, Ordering::SeqCst);
        has_more
    }

    /// Whether no block is in use.
    pub(super) fn is_unused(&self) -> bool {
        lock(&self.space).is_unused()
    }

    /// Gives the pages of free blocks from a unit on back to the system, of about so many units. Returns `true` if that is not all.
    pub(super) fn give_back(&self, from: u32, units: u32) -> bool {
        let (warm, has_more) = lock(&self.space).take_warm(from, units);
        for extent in &warm {
            self.memory.discard(extent.bytes());
        }
        let mut space = lock(&self.space);
        for extent in warm {
            space.free_cold(extent);
        }
        has_more
    }
}

impl fmt::Debug for Arguments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Arguments").field("memory", &self.memory).finish_non_exhaustive()
    }
}

/// A block with an argument. It is free when this is dropped.
#[derive(Debug)]
pub(super) struct Block {
    owner: Arc<Arguments>,
    extent: Extent,
}

impl Drop for Block {
    fn drop(&mut self) {
        // It may be dropped under the scheduler's lock, so the pages are given back later.
        lock(&self.owner.space).free(self.extent);
        if self.extent.bytes().end > KEPT_UNITS as usize * UNIT_BYTES {
            self.owner.has_excess.store(true, Ordering::SeqCst);
        }
    }
}

/// The memory with large results of one worker process.
#[derive(Debug)]
pub(super) struct ResultMemory {
    memory: BlockMemory,
    segment: Segment,
    /// Tells it apart from those of other processes; never 0, and 24 bits.
    source: u32,
}

/// Numbers of sources have this many bits.
const SOURCE_BITS: u32 = 24;

/// The blocks with results of one worker process.
pub(super) type Results = Returns<ResultMemory>;
/// The blocks of one outcome.
pub(super) type Lease = returns::Lease<ResultMemory>;

impl ReadWord for ResultMemory {
    fn word(&self) -> &AtomicU32 {
        self.segment.word(word::BLOCKS_READ)
    }
}

/// Memory for the results of a new worker, and the descriptor for the worker. `None` where the system has no such memory.
///
/// `count` counts the processes of the pool so far.
pub(super) fn results(segment: &Segment, count: &AtomicU32) -> Option<(Arc<Results>, OwnedFd)> {
    let (memory, writer) = BlockMemory::readable(SPACE_BYTES).ok()?;
    // More processes than there are numbers never have results that wait at once.
    let source = count.fetch_add(1, Ordering::Relaxed) % ((1 << SOURCE_BITS) - 1) + 1;
    let memory = ResultMemory { memory, segment: segment.clone(), source };
    Some((Arc::new(Returns::new(memory)), writer))
}

impl Lease {
    /// The number of the process whose blocks they are.
    pub(super) fn source(&self) -> u32 {
        self.returns().owner().source
    }
}

/// Fills `into` from the block at a place. Returns `false` if it would end outside of the memory.
pub(super) fn read(results: &Results, place: u32, into: &mut [u8]) -> bool {
    results.owner().memory.read(place as usize * UNIT_BYTES, into)
}

impl Pool {
    /// Copies `bytes` into a block for a chunk that will be submitted. Returns the place of the block, for the payload and for
    /// [`Chunk::blocks`]. `None` if there is no room, or the system has no such memory.
    pub fn put_block(&self, bytes: &[u8]) -> Option<u32> {
        self.shared.arguments()?.put(bytes)
    }

    /// Drops blocks of chunks that will not be submitted, by their places as 32-bit words.
    pub fn drop_blocks(&self, places: &[[u8; 4]]) {
        if let Some(arguments) = self.shared.arguments() {
            for place in places {
                drop(arguments.claim(&[*place]));
            }
            if arguments.has_excess() {
                self.shared.wake_waiter();
            }
        }
    }

    /// Fills `into` from a block of an outcome that was collected last. `source` is [`Outcome::block_source`]. Returns `false` if
    /// the place is outside of the memory, or the outcome has no blocks.
    pub fn read_block(&self, source: u32, place: u32, into: &mut [u8]) -> bool {
        self.shared.records.read_block(source, place, into)
    }

    /// Gives the memory of blocks that are not in use back to the system. The next large arguments cost more. Returns `false` if
    /// some are in use.
    pub fn give_back_blocks(&self) -> bool {
        let Some(Some(arguments)) = self.shared.arguments.get() else { return true };
        arguments.give_back(0, u32::MAX);
        arguments.is_unused()
    }
}

impl Shared {
    /// Whether there are pages of large arguments that are not worth keeping.
    pub(super) fn has_excess(&self) -> bool {
        self.arguments
            .get()
            .and_then(Option::as_ref)
            .is_some_and(|arguments| arguments.has_excess())
    }

    /// Gives pages of large arguments back that are not worth keeping. It takes long, so only the waiting thread does it.
    pub(super) fn give_back_excess(&self) {
        if let Some(Some(arguments)) = self.arguments.get()
            && arguments.give_back_excess()
        {
            self.wake_waiter();
        }
    }

    /// The memory with large arguments, if the system has it.
    pub(super) fn arguments(&self) -> Option<&Arc<Arguments>> {
        self.arguments.get_or_init(Arguments::new).as_ref()
    }

    /// The blocks of a chunk, if it has any.
    pub(super) fn claim(&self, chunk: &Chunk<'_>) -> Result<Option<Arc<Vec<Block>>>, SubmitError> {
        if chunk.blocks.is_empty() {
            return Ok(None);
        }
        let claimed = self.arguments().and_then(|arguments| arguments.claim(chunk.blocks));
        let (call_id, chunk) = (chunk.call_id, chunk.id);
        claimed
            .map(|blocks| Some(Arc::new(blocks)))
            .ok_or(SubmitError::NoSuchBlock { call_id, chunk })
    }
}
