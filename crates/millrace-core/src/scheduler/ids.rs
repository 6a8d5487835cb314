//! Ids, each with a type of its own, so that a call cannot be mistaken for a function.

use std::fmt;

/// A call, by the number that its submitter gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// A definition, by the number that its submitter gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DefinitionId(pub u32);

/// A worker, counted from 0. When its process has ended, the next one has the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct WorkerId(pub u32);

impl WorkerId {
    /// All ids, the lowest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> + Clone {
        (0..=u32::MAX).map(Self)
    }

    /// The next higher id. There is no worker of the highest number.
    pub(crate) fn after(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Its place in a list of all workers.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A chunk that was sent to a worker, by its number within the worker's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ChunkSeq(pub u32);

impl fmt::Display for WorkerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Display for DefinitionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
