//! The channel between the parent and one worker: shared memory with a ring of bytes each way.
//!
//! - [`memory`] and [`segment`]: the shared memory and what lies where in it.
//! - [`ring`]: bytes one way. [`frame`]: messages in these bytes.
//! - [`blocks`]: places for large values beside the rings.
//! - [`doorbell`]: sleeping and waking, without a lost wake-up.
//! - [`claim`]: who owns a task or a chunk, decided by one compare-and-exchange.
//!
//! Both ends use the same code. Neither trusts what the other has written.

pub mod blocks;
pub mod claim;
pub mod doorbell;
pub mod frame;
pub mod memory;
pub mod ring;
pub mod segment;
