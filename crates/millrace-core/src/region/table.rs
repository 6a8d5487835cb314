//! The regions of this process, and where they are mapped.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, Weak};

use super::{Place, Region, RegionId};
use crate::lock::lock;
use crate::sys::{RegionFile, SharedMemory};

/// By their ids. A region is here as long as somebody has it.
static KNOWN: Mutex<BTreeMap<RegionId, Weak<Region>>> = Mutex::new(BTreeMap::new());

/// By their addresses.
static MAPPINGS: Mutex<Mappings> = Mutex::new(Mappings { last: 0, by_start: BTreeMap::new() });

/// Regions that stay without a mapping.
static PINNED: Mutex<Vec<Arc<Region>>> = Mutex::new(Vec::new());

/// Files of regions that nobody has any more. To close one may free gigabytes, which takes long, and the last owner may hold a lock.
static DROPPED: Mutex<Vec<RegionFile>> = Mutex::new(Vec::new());

struct Mappings {
    last: u64,
    by_start: BTreeMap<usize, Mapping>,
}

struct Mapping {
    number: u64,
    _memory: SharedMemory,
    /// What is mapped can be passed on.
    _region: Arc<Region>,
}

/// One mapping of a region. It stays until [`unmap`] or [`unmap_at`].
#[derive(Debug, Clone, Copy)]
pub struct Mapped {
    /// Where it is.
    pub place: Place,
    /// No other mapping of this process ever has it.
    pub number: u64,
}

/// The region of an id, if this process knows it.
pub(crate) fn find(id: RegionId) -> Option<Arc<Region>> {
    lock(&KNOWN).get(&id).and_then(Weak::upgrade)
}

/// Adds a region. If the id was added meanwhile, it is that one.
pub(super) fn add(id: RegionId, file: RegionFile) -> Arc<Region> {
    let mut known = lock(&KNOWN);
    if let Some(region) = known.get(&id).and_then(Weak::upgrade)
        && region.file().is_ok_and(|it| it.is_same(&file))
    {
        return region;
    }
    let region = Arc::new(Region { id, file: Some(file) });
    known.insert(id, Arc::downgrade(&region));
    region
}

/// Maps a region, which stays known as long as it is mapped.
pub(super) fn map(region: Arc<Region>) -> io::Result<Mapped> {
    let memory = region.map()?;
    let place = Place { start: memory.as_ptr(), len: memory.size() };
    let mut mappings = lock(&MAPPINGS);
    mappings.last += 1;
    let number = mappings.last;
    let mapping = Mapping { number, _memory: memory, _region: region };
    mappings.by_start.insert(place.start.addr().get(), mapping);
    Ok(Mapped { place, number })
}

/// Ends a mapping, unless it has ended. Nothing may use its memory any more.
pub fn unmap(mapped: Mapped) {
    remove(mapped.place.start.addr().get(), Some(mapped.number));
}

/// Ends the mapping that begins at an address, if there is one. Nothing may use its memory any more.
pub fn unmap_at(start: *const u8) {
    remove(start.addr(), None);
}

fn remove(start: usize, number: Option<u64>) {
    let mut mappings = lock(&MAPPINGS);
    // The address may be that of a later mapping by now.
    let is_it = |it: &Mapping| number.is_none_or(|number| it.number == number);
    let mapping = if mappings.by_start.get(&start).is_some_and(is_it) {
        mappings.by_start.remove(&start)
    } else {
        None
    };
    drop(mappings);
    // Without the lock, because it takes long.
    drop(mapping);
    close_dropped();
}

/// Lets a region stay that this process knows, until [`unpin`] was called as often.
pub fn pin(id: RegionId) {
    let region = find(id);
    lock(&PINNED).extend(region);
}

/// Undoes [`pin`].
pub fn unpin(id: RegionId) {
    let mut pinned = lock(&PINNED);
    let at = pinned.iter().position(|region| region.id() == id);
    let region = at.map(|at| pinned.swap_remove(at));
    drop(pinned);
    drop(region);
    close_dropped();
}

/// Closes the files of regions that nobody has any more.
pub(crate) fn close_dropped() {
    let files = std::mem::take(&mut *lock(&DROPPED));
    drop(files);
}

impl Drop for Region {
    fn drop(&mut self) {
        let mut known = lock(&KNOWN);
        // Another one may have got the id since.
        if known.get(&self.id).is_some_and(|region| region.strong_count() == 0) {
            known.remove(&self.id);
        }
        drop(known);
        lock(&DROPPED).extend(self.file.take());
    }
}
