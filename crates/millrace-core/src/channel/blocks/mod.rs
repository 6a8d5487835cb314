//! Blocks: places for large values in memory beside the rings, so that their bytes are copied in once and copied out once. A message
//! in a ring refers to a block by the number of its first unit.
//!
//! There are two kinds of such memory, and each has one writer, which alone decides what lies where ([`Space`]):
//!
//! - **Arguments**: one memory per pool. The parent writes it before it knows which worker will run the chunk. Workers have a descriptor
//!   and a mapping that can only read. A block belongs to its chunk, and is free when the chunk is: when all of its tasks are
//!   settled, wherever they ran. No worker gives anything back, so none can be in the way by dying.
//! - **Results**: one memory per worker process, which that process writes and the parent can only read. The worker numbers the
//!   blocks as it fills them, and each outcome says how many there were up to its end. When the parent has read an outcome it
//!   stores up to where everything is read in [`word::BLOCKS_READ`](super::segment::word::BLOCKS_READ): see [`returns`].
//!   The process and its memory end together.
//!
//! Nobody waits for a block. A value that finds no room travels in its message, as small values do.
//!
//! **What is trusted.** The parent reads a worker's block with bounds that it has checked, into memory of its own, and decodes only
//! that. A worker that changes a block meanwhile garbles its own result.

pub mod returns;
mod space;

pub use space::{Extent, Space};

/// Blocks begin at multiples of this many bytes: a multiple of every page size.
pub const UNIT_BYTES: usize = 64 * 1024;
/// The most bytes that blocks of arguments, or of one worker's results, may have together.
pub const SPACE_BYTES: usize = 512 * 1024 * 1024;
/// Pages of free blocks up to here are kept for the next values. Above it they go back to the system at once.
pub const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// [`SPACE_BYTES`] in units.
pub const SPACE_UNITS: u32 = (SPACE_BYTES / UNIT_BYTES) as u32;
/// [`KEPT_BYTES`] in units.
pub const KEPT_UNITS: u32 = (KEPT_BYTES / UNIT_BYTES) as u32;
