//! A queue whose entries belong to calls. The cost of removing a call depends only on the number of its own entries, because tens
//! of thousands of calls may end one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::CallId;

/// Entries in order, each of one call.
#[derive(Debug)]
pub(super) struct CallQueue<T> {
    /// By place; a place is not used again while anything waits.
    entries: BTreeMap<i64, (CallId, T)>,
    /// The places of each call.
    places: BTreeSet<(CallId, i64)>,
}

impl<T> CallQueue<T> {
    pub(super) const fn new() -> Self {
        Self { entries: BTreeMap::new(), places: BTreeSet::new() }
    }

    pub(super) fn push_back(&mut self, call_id: CallId, entry: T) {
        let place = self.entries.last_key_value().map_or(0, |(last, _)| last + 1);
        self.insert(place, call_id, entry);
    }

    pub(super) fn push_front(&mut self, call_id: CallId, entry: T) {
        let place = self.entries.first_key_value().map_or(0, |(first, _)| first - 1);
        self.insert(place, call_id, entry);
    }

    fn insert(&mut self, place: i64, call_id: CallId, entry: T) {
        self.entries.insert(place, (call_id, entry));
        self.places.insert((call_id, place));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values().map(|(_, entry)| entry)
    }

    pub(super) fn front(&self) -> Option<&T> {
        self.entries.first_key_value().map(|(_, (_, entry))| entry)
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        let (place, (call_id, entry)) = self.entries.pop_first()?;
        self.places.remove(&(call_id, place));
        Some(entry)
    }

    /// Removes the entries of a call, in order.
    pub(super) fn remove_call(&mut self, call_id: CallId) -> Vec<T> {
        let places: Vec<_> =
            self.places.range((call_id, i64::MIN)..=(call_id, i64::MAX)).copied().collect();
        let taken = places.into_iter().filter_map(|place| {
            self.places.remove(&place);
            self.entries.remove(&place.1).map(|(_, entry)| entry)
        });
        taken.collect()
    }

    /// Removes all entries, in order.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.places.clear();
        std::mem::take(&mut self.entries).into_values().map(|(_, entry)| entry)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
