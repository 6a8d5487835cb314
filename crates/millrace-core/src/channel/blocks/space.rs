//! Who has which part of a memory for blocks. It touches no memory itself.

use std::collections::BTreeMap;
use std::ops::Range;

use super::UNIT_BYTES;

/// Consecutive units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first one.
    pub start: u32,
    /// How many, at least one.
    pub units: u32,
}

impl Extent {
    fn end(self) -> u32 {
        self.start + self.units
    }

    /// Where its bytes are.
    pub fn bytes(self) -> Range<usize> {
        self.start as usize * UNIT_BYTES..self.end() as usize * UNIT_BYTES
    }
}

/// The free parts of a memory, and which of its units have pages.
///
/// A request gets the first part that is long enough. So the front of the memory is used again and again while its pages are warm.
#[derive(Debug)]
pub struct Space {
    /// Free parts by their start, never adjacent to each other.
    free: BTreeMap<u32, u32>,
    units: usize,
    /// One bit for each unit that may have pages.
    touched: Box<[u64]>,
}

impl Space {
    /// `units` free units without pages.
    pub fn new(units: u32) -> Self {
        Self {
            free: BTreeMap::from([(0, units)]),
            units: units as usize,
            touched: vec![0; units.div_ceil(64) as usize].into(),
        }
    }

    /// Takes room for `bytes`, which are at least one. `None`: no part is long enough.
    pub fn take(&mut self, bytes: usize) -> Option<Extent> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).ok()?.max(1);
        let (&start, &length) = self.free.iter().find(|(_, length)| **length >= units)?;
        self.free.remove(&start);
        if length > units {
            self.free.insert(start + units, length - units);
        }
        Some(Extent { start, units })
    }

    /// Whether a unit of the extent has no pages yet. From now on all have.
    pub fn touch(&mut self, extent: Extent) -> bool {
        let mut is_cold = false;
        for unit in extent.start..extent.end() {
            let (word, bit) = (&mut self.touched[unit as usize / 64], 1 << (unit % 64));
            is_cold |= *word & bit == 0;
            *word |= bit;
        }
        is_cold
    }

    /// Whether everything is free.
    pub fn is_unused(&self) -> bool {
        let units: u32 = self.free.values().sum();
        units as usize == self.units
    }

    /// Frees what [`take`](Self::take) has returned.
    pub fn free(&mut self, extent: Extent) {
        let Extent { mut start, mut units } = extent;
        if let Some(after) = self.free.remove(&extent.end()) {
            units += after;
        }
        if let Some((&before, &length)) = self.free.range(..start).next_back()
            && before + length == start
        {
            self.free.remove(&before);
            start = before;
            units += length;
        }
        self.free.insert(start, units);
    }

    /// Takes up to `most` free units from `from` on that have pages. Give their pages back, and then free them by
    /// [`free_cold`](Self::free_cold). Whether there are more comes with them.
    pub fn take_warm(&mut self, from: u32, most: u32) -> (Vec<Extent>, bool) {
        let mut warm: Vec<Extent> = Vec::new();
        let mut left = most;
        'parts: for (&start, &length) in &self.free {
            for unit in start.max(from)..start + length {
                if left == 0 {
                    break 'parts;
                }
                if self.touched[unit as usize / 64] & (1 << (unit % 64)) == 0 {
                    continue;
                }
                left -= 1;
                match warm.last_mut() {
                    Some(last) if last.end() == unit => last.units += 1,
                    _ => warm.push(Extent { start: unit, units: 1 }),
                }
            }
        }
        for extent in &warm {
            self.remove(*extent);
        }
        (warm, left == 0)
    }

    /// Frees an extent whose pages were given back.
    pub fn free_cold(&mut self, extent: Extent) {
        for unit in extent.start..extent.end() {
            self.touched[unit as usize / 64] &= !(1 << (unit % 64));
        }
        self.free(extent);
    }

    /// Takes a free extent out of the part that has it.
    fn remove(&mut self, extent: Extent) {
        let Some((&start, &length)) = self.free.range(..=extent.start).next_back() else { return };
        self.free.remove(&start);
        if start < extent.start {
            self.free.insert(start, extent.start - start);
        }
        if extent.end() < start + length {
            self.free.insert(extent.end(), start + length - extent.end());
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
