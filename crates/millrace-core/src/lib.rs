//! The engine of millrace: a pool of worker processes that are handed tasks through shared memory.
//!
//! [`pool`] is the parent's side, [`seat`] the worker's. [`scheduler`] decides, [`sys`] is the only door to the
//! system. Nothing here knows what a task or a result means: they are bytes.
#![deny(missing_docs, unsafe_code)]

pub mod claim;
pub mod cpu;
pub mod doorbell;
pub mod frame;
pub mod layout;
pub mod lifeline;
mod lock;
pub mod pool;
pub mod ring;
pub mod scheduler;
pub mod seat;
pub mod segment;
pub mod sync;
pub mod sys;
