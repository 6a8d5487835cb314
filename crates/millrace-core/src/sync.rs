//! The one door to atomics: `std` in builds, `loom` under `--cfg loom`, where a checker tries every order of events.

#[cfg(loom)]
pub(crate) use loom::sync::atomic;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic;
