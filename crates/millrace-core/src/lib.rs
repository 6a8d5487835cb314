//! The engine of millrace: a pool of worker processes that are handed tasks through shared memory.
//!
//! [`pool`] is the parent's side, [`endpoint`] the worker's, [`channel`] what lies between them. [`scheduler`] decides, [`sys`] is the only door to the
//! system. Nothing here knows what a task or a result means: they are bytes.
#![deny(missing_docs, unsafe_code)]

pub mod channel;
pub mod cpu;
pub mod endpoint;
pub mod layout;
mod lock;
pub mod pool;
pub mod scheduler;
pub mod sync;
pub mod sys;
