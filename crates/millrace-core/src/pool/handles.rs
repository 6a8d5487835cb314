//! The handles of all worker ids. More of them can be made while others are in use.

use std::ops::Index;
use std::sync::OnceLock;

use super::worker_handle::WorkerHandle;

/// The handles that the pool was made with, and after them groups of 1, 2, 4, ... handles, which are made when they are needed. A handle
/// stays where it is, so threads use it without a lock on the list, and the usual ones are found by one comparison.
#[derive(Debug)]
pub(super) struct Handles {
    first: Box<[WorkerHandle]>,
    groups: [OnceLock<Box<[WorkerHandle]>>; GROUPS],
}

const GROUPS: usize = u32::BITS as usize;

impl Handles {
    pub(super) fn new(count: u32) -> Self {
        Self { first: make(count as usize), groups: [const { OnceLock::new() }; GROUPS] }
    }

    /// Makes handles for workers `0..count`.
    pub(super) fn grow(&self, count: u32) {
        if let Some(last) = (count as usize).checked_sub(self.first.len() + 1) {
            for group in 0..=place(last).0 {
                self.groups[group].get_or_init(|| make(1 << group));
            }
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        let groups = self.groups.iter().take_while(|group| group.get().is_some());
        self.first.len() + (1 << groups.count()) - 1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &WorkerHandle> {
        let groups = self.groups.iter().map_while(OnceLock::get);
        self.first.iter().chain(groups.flat_map(|group| group.iter()))
    }
}

impl Index<usize> for Handles {
    type Output = WorkerHandle;

    fn index(&self, index: usize) -> &WorkerHandle {
        let Some(later) = index.checked_sub(self.first.len()) else { return &self.first[index] };
        let (group, at) = place(later);
        let handles = self.groups[group].get();
        &handles.expect("a worker has a handle before it is started")[at]
    }
}

/// The group of a later handle, and its place there.
fn place(later: usize) -> (usize, usize) {
    let group = (later + 1).ilog2() as usize;
    (group, later + 1 - (1 << group))
}

fn make(count: usize) -> Box<[WorkerHandle]> {
    (0..count).map(|_| WorkerHandle::default()).collect()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn handles_stay_where_they_are_when_there_are_more() {
        let handles = Handles::new(3);
        let addresses = |handles: &Handles| -> Vec<_> {
            (0..handles.len()).map(|index| std::ptr::from_ref(&handles[index])).collect()
        };
        let mut before = addresses(&handles);
        assert_eq!(before.len(), 3);
        for count in [2, 4, 5, 9, 3, 100] {
            handles.grow(count);
            assert!(handles.len() >= count as usize);
            let now = addresses(&handles);
            assert_eq!(now[..before.len()], before);
            assert!(handles.iter().map(std::ptr::from_ref).eq(now.iter().copied()));
            before = now;
        }
    }
}
