//! What a chunk or a definition needs to be readable, and keeps until it is dropped.

use std::sync::Arc;

use super::Shared;
use super::blocks::Block;
use super::submission::{Chunk, SubmitError};
use crate::region::{self, Region, RegionId};
use crate::scheduler::Attachment;
use crate::sync::atomic::{AtomicBool, Ordering};

/// The attachment of a chunk or of a definition.
#[derive(Debug)]
struct Attached {
    _blocks: Option<Arc<Vec<Block>>>,
    _regions: Regions,
}

/// Regions, and the pool's note that some were dropped. They may be dropped under the scheduler's lock, and to close one takes long.
#[derive(Debug)]
struct Regions {
    list: Vec<Arc<Region>>,
    has_dropped: Arc<AtomicBool>,
}

impl Drop for Regions {
    fn drop(&mut self) {
        if !self.list.is_empty() {
            self.list.clear();
            self.has_dropped.store(true, Ordering::SeqCst);
        }
    }
}

impl Shared {
    /// What a chunk refers to, if anything.
    pub(super) fn attach(&self, chunk: &Chunk<'_>) -> Result<Option<Attachment>, SubmitError> {
        if chunk.blocks.is_empty() && chunk.regions.is_empty() {
            return Ok(None);
        }
        let (call_id, id) = (chunk.call_id, chunk.id);
        let blocks = self.claim(chunk)?;
        let ids = chunk.regions.iter().map(|word| RegionId(u64::from_le_bytes(*word)));
        let list: Option<Vec<_>> = ids.map(region::find).collect();
        let list = list.ok_or(SubmitError::NoSuchRegion { call_id, chunk: id })?;
        Ok(Some(self.attachment(blocks, list)))
    }

    /// The regions of a definition that this process still has, if any.
    pub(super) fn attach_regions(&self, ids: &[RegionId]) -> Option<Attachment> {
        let list: Vec<_> = ids.iter().copied().filter_map(region::find).collect();
        (!list.is_empty()).then(|| self.attachment(None, list))
    }

    fn attachment(&self, blocks: Option<Arc<Vec<Block>>>, list: Vec<Arc<Region>>) -> Attachment {
        let has_dropped = Arc::clone(&self.has_dropped_regions);
        Arc::new(Attached { _blocks: blocks, _regions: Regions { list, has_dropped } })
    }

    /// Closes regions that were dropped. It takes long, so only the waiting thread does it.
    pub(super) fn close_dropped_regions(&self) {
        self.has_dropped_regions.store(false, Ordering::SeqCst);
        region::close_dropped();
    }
}

/// The last field of a pool: closes the regions of the fields before it.
#[derive(Debug, Default)]
pub(super) struct CloseAtEnd;

impl Drop for CloseAtEnd {
    fn drop(&mut self) {
        region::close_dropped();
    }
}
