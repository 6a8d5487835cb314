//! The operating system: the only place of system calls.
//!
//! What a system must provide:
//!
//! - [`SharedMemory`]: anonymous pages two processes map, of a length nobody can change afterwards.
//! - [`RegionFile`]: memory that goes from process to process as a descriptor, and whose pages are taken when it is made.
//! - [`BlockMemory`]: the same for large values, which one side writes and the other reads. A system may do without.
//! - [`Bell`]: wakes a sleeping side in another process; notifying never blocks.
//! - [`Poller`]: one thread waits for many bells, deaths and sockets, and a deadline; it costs nothing while nothing happens.
//! - [`Control`]: carries the first message and its descriptors, reports the end of the other side, and carries a start error.
//! - [`Line`]: carries the descriptors of regions between a worker and its parent.
//! - [`Family`], [`launch`] and [`Child`]: start a process pinned from its first instruction, learn of its death, and kill it together
//!   with everything it left in its process group.
//!
//! Every descriptor made here is close-on-exec: only `launch` hands one over, as descriptor 3.
//!
//! `build.rs` says which module provides it, by the value of `millrace_system`:
//!
//! - `"linux"`: `linux/`, with what Linux alone has.
//! - `"posix"`: `posix/`, with what every POSIX system has. macOS has this one. On Linux `--cfg millrace_posix` chooses it, for tests.
//! - `"windows"`: `windows/`. Its objects are handles, which it gives the names of descriptors.
//! - `"none"`: `unsupported.rs`. The same names exist, and every constructor fails with [`std::io::ErrorKind::Unsupported`].
//!   `--cfg millrace_no_pools` chooses it anywhere.
//!
//! `unix/` holds what the first two share, and `machine/` what a system tells of itself, one module for each system.

#[cfg_attr(millrace_system = "none", expect(dead_code, reason = "nothing is started there"))]
mod types;
#[cfg(not(millrace_system = "none"))]
mod waiting;

#[cfg(any(millrace_system = "linux", millrace_system = "posix"))]
mod machine;
#[cfg(any(millrace_system = "linux", millrace_system = "posix"))]
mod unix;

#[cfg(millrace_system = "linux")]
mod linux;
#[cfg(millrace_system = "linux")]
use linux as system;
#[cfg(millrace_system = "posix")]
mod posix;
#[cfg(millrace_system = "posix")]
use posix as system;
#[cfg(millrace_system = "windows")]
mod windows;
#[cfg(millrace_system = "windows")]
use windows as system;
#[cfg(millrace_system = "windows")]
use windows as machine;
#[cfg(millrace_system = "windows")]
use windows as unix;
#[cfg(any(millrace_system = "posix", millrace_system = "none"))]
mod no_block_memory;
#[cfg(millrace_system = "none")]
#[cfg_attr(
    feature = "testing",
    expect(missing_docs, clippy::missing_errors_doc, reason = "documented in sys/unix")
)]
mod unsupported;
#[cfg(millrace_system = "none")]
use unsupported as system;
#[cfg(millrace_system = "none")]
use unsupported as machine;
#[cfg(millrace_system = "none")]
use unsupported as unix;

#[cfg(feature = "testing")]
pub use machine::set_affinity_of_current_thread;
pub use machine::{
    affinity_of, available_memory, command_line, control_groups, resident_bytes,
    was_killed_for_memory,
};
#[cfg(any(millrace_system = "posix", millrace_system = "none"))]
pub use no_block_memory::{BlockMemory, BlockReader, give_back_freed_memory};
pub use system::{Bell, ONE_BELL_FOR_ALL, Poller, own_pidfd, wait_until_gone};
#[cfg(any(millrace_system = "linux", millrace_system = "windows"))]
pub use system::{BlockMemory, BlockReader, give_back_freed_memory};
#[cfg(not(millrace_system = "windows"))]
pub use types::Family;
#[cfg(feature = "testing")]
pub use types::{CONTROL_FD, MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX};
pub use types::{ControlGroup, Exit, Launch, Received};
pub use unix::{
    Child, Control, Line, Pipe, RegionFile, SharedMemory, descriptor_limit, is_self_inflicted,
    keep_streams_at_exit, kill_own_group, launch, library_path, look_up, make_room_for_descriptors,
    monotonic_ms, online_cpu_count, set_worker_signals, with_signals_blocked,
};
#[cfg(millrace_system = "windows")]
pub use windows::Family;

/// Whether pools work on this system.
pub const SUPPORTED: bool = cfg!(not(millrace_system = "none"));

#[cfg(unix)]
pub use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(not(unix))]
pub use system::{AsFd, BorrowedFd, OwnedFd};
