//! The operating system: the only place of system calls.
//!
//! What a system must provide:
//!
//! - [`SharedMemory`]: anonymous pages two processes map, of a length nobody can change afterwards.
//! - [`Bell`]: wakes a sleeping side in another process; notifying never blocks.
//! - [`Poller`]: one thread waits for many bells, deaths and sockets, and a deadline; it costs nothing while nothing happens.
//! - [`Control`]: carries the first message and its descriptors, reports the end of the other side, and carries a start error.
//! - [`launch`] and [`Child`]: start a process pinned from its first instruction, learn of its death, and kill it together
//!   with everything it left in its process group.
//!
//! Every descriptor made here is close-on-exec: only `launch` hands one over, as descriptor 3.
//! Linux has it all. Elsewhere, and with `--cfg millrace_no_pools`, the same names exist and every constructor fails with [`std::io::ErrorKind::Unsupported`].

#[cfg_attr(
    not(all(target_os = "linux", not(millrace_no_pools))),
    expect(dead_code, reason = "nothing is started there")
)]
mod types;

#[cfg(all(target_os = "linux", not(millrace_no_pools)))]
mod linux;
#[cfg(all(target_os = "linux", not(millrace_no_pools)))]
use linux as system;
#[cfg(not(all(target_os = "linux", not(millrace_no_pools))))]
#[cfg_attr(
    feature = "testing",
    expect(missing_docs, clippy::missing_errors_doc, reason = "documented in sys/linux")
)]
mod unsupported;
#[cfg(not(all(target_os = "linux", not(millrace_no_pools))))]
use unsupported as system;

#[cfg(feature = "testing")]
pub use system::set_affinity_of_current_thread;
pub use system::{
    Bell, Child, Control, Pipe, Poller, SUPPORTED, SharedMemory, affinity_of, control_groups,
    is_self_inflicted, keep_streams_at_exit, kill_own_group, launch, library_path, look_up,
    monotonic_ms, online_cpu_count, own_pidfd, resident_bytes, set_worker_signals, wait_until_gone,
    was_killed_for_memory, with_signals_blocked,
};
#[cfg(feature = "testing")]
pub use types::{CONTROL_FD, MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX};
pub use types::{ControlGroup, Exit, Launch, Received};

#[cfg(unix)]
pub use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
#[cfg(not(unix))]
pub use unsupported::{AsFd, BorrowedFd, OwnedFd};
