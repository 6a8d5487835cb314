//! Linux: memfd, eventfd, epoll, pidfd, `posix_spawn`. Where memfd or pidfds are refused, by Linux before 5.4 or by a sandbox, there
//! are other ways.

mod affinity;
mod bell;
mod cgroup;
mod child;
mod control;
mod control_message;
mod descriptor;
mod kernel_log;
mod memory;
mod pipe;
mod poller;
mod process;
mod refusal;
mod signals;
mod spawn;
mod spawn_setup;
mod streams;
mod symbols;
mod usage;

pub use affinity::affinity_of;
#[cfg(feature = "testing")]
pub use affinity::set_affinity_of_current_thread;
pub use bell::Bell;
pub use cgroup::control_groups;
pub use child::Child;
pub use control::Control;
pub use kernel_log::was_killed_for_memory;
pub use memory::SharedMemory;
pub use pipe::Pipe;
pub use poller::Poller;
pub use process::{
    kill_own_group, monotonic_ms, online_cpu_count, own_pidfd, resident_bytes, wait_until_gone,
};
pub use signals::{is_self_inflicted, set_worker_signals, with_signals_blocked};
pub use spawn::launch;
pub use streams::keep_streams_at_exit;
pub use symbols::{library_path, look_up};

/// Whether pools work on this system.
pub const SUPPORTED: bool = true;
