//! The worker's side of the blocks for large values; [`channel::blocks`](crate::channel::blocks) explains them.

use crate::channel::blocks::returns::Lent;
use crate::channel::blocks::{KEPT_BYTES, KEPT_UNITS, SPACE_BYTES, SPACE_UNITS, Space, UNIT_BYTES};
use crate::channel::segment::{Segment, word};
use crate::sys::{self, BlockMemory, OwnedFd};

/// The memories of a worker. Either may be missing.
#[derive(Debug, Default)]
pub(super) struct WorkerBlocks {
    arguments: Option<BlockMemory>,
    results: Option<Results>,
}

#[derive(Debug)]
struct Results {
    memory: BlockMemory,
    space: Space,
    lent: Lent,
}

impl WorkerBlocks {
    /// Maps what the parent has sent.
    ///
    /// # Errors
    ///
    /// If the memory of the arguments cannot be mapped. Results have another way.
    pub(super) fn attach(
        arguments: Option<OwnedFd>,
        results: Option<OwnedFd>,
    ) -> std::io::Result<Self> {
        let arguments =
            arguments.map(|fd| BlockMemory::attach(fd, SPACE_BYTES, false)).transpose()?;
        let results = results.and_then(|fd| BlockMemory::attach(fd, SPACE_BYTES, true).ok());
        let results = results.map(|memory| Results {
            memory,
            space: Space::new(SPACE_UNITS),
            lent: Lent::default(),
        });
        Ok(Self { arguments, results })
    }

    /// Copies a part of a result into a block. `None` if there is no room.
    pub(super) fn put(&mut self, segment: &Segment, bytes: &[u8]) -> Option<u32> {
        let Results { memory, space, lent } = self.results.as_mut()?;
        let mut has_excess = false;
        lent.reclaim(segment.word(word::BLOCKS_READ), |extent| {
            has_excess |= extent.bytes().end > KEPT_BYTES;
            space.free(extent);
        });
        if has_excess {
            give_back(memory, space, KEPT_UNITS);
        }
        let extent = space.take(bytes.len())?;
        let is_cold = space.touch(extent);
        if is_cold && memory.reserve(extent.bytes()).is_err()
            || !memory.write(extent.bytes().start, bytes)
        {
            space.free(extent);
            return None;
        }
        lent.push(extent);
        Some(extent.start)
    }

    /// Fills `into` with an argument. Returns `false` if there is none.
    pub(super) fn read(&self, start: u32, into: &mut [u8]) -> bool {
        let Some(memory) = &self.arguments else { return false };
        let at = start as usize * UNIT_BYTES;
        let is_there = memory.read(at, into);
        let end = at + into.len().next_multiple_of(UNIT_BYTES);
        if is_there && end > KEPT_BYTES {
            // The parent will not keep these pages. Until then they are not to count for this process.
            memory.detach(at..end);
        }
        is_there
    }

    /// Gives pages back to the system, also those of buffers that were freed. Returns `false` if the parent has not read all blocks yet.
    pub(super) fn give_back(&mut self, segment: &Segment) -> bool {
        sys::give_back_freed_memory();
        let Some(Results { memory, space, lent }) = self.results.as_mut() else { return true };
        lent.reclaim(segment.word(word::BLOCKS_READ), |extent| space.free(extent));
        give_back(memory, space, 0);
        lent.is_empty()
    }
}

fn give_back(memory: &BlockMemory, space: &mut Space, from: u32) {
    let (warm, _has_more) = space.take_warm(from, u32::MAX);
    for extent in warm {
        memory.discard(extent.bytes());
        space.free_cold(extent);
    }
}
