//! The only source of atomics: `std` in builds, and `loom` under `--cfg loom`, which checks every order of events.

#[cfg(loom)]
pub(crate) use loom::sync::atomic;
#[cfg(not(loom))]
pub(crate) use std::sync::atomic;
