//! Windows: sections, events, job objects.
//!
//! A bell is an event that stays set until it is cleared. The parent starts a worker suspended, puts it into the job of its pool
//! and into one of its own, which end with their last handles, and copies handles into it before its first instruction. No process inherits anything but its standard streams
//! and one section, by a list of handles. No object has a name but the pipes of outputs, which have one client each.

mod affinity;
mod bell;
mod block_memory;
mod child;
mod command_line;
mod control;
mod family;
mod handle;
mod job;
mod launch;
mod line;
mod memory;
mod module;
mod parent;
mod pipe;
mod poller;
mod process;
mod region;
mod slots;
mod startup;

#[cfg(feature = "testing")]
pub use affinity::set_affinity_of_current_thread;
pub use affinity::{affinity_of, online_cpu_count};
pub use bell::Bell;
pub use block_memory::{BlockMemory, BlockReader, give_back_freed_memory};
pub use child::Child;
pub use control::Control;
pub use family::Family;
pub use handle::{AsFd, BorrowedFd, OwnedFd};
pub use launch::launch;
pub use line::Line;
pub use memory::SharedMemory;
pub use module::{library_path, look_up, make_room_for_descriptors};
pub use parent::{own_pidfd, wait_until_gone};
pub use pipe::Pipe;
pub use poller::Poller;
pub use process::{
    available_memory, command_line, control_groups, descriptor_limit, is_self_inflicted,
    keep_streams_at_exit, kill_own_group, monotonic_ms, resident_bytes, set_worker_signals,
    was_killed_for_memory, with_signals_blocked,
};
pub use region::RegionFile;

/// All workers notify a listener by one bell: a thread waits for at most 64 objects by itself.
pub const ONE_BELL_FOR_ALL: bool = true;
