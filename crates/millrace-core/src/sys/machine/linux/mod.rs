//! Linux: affinity masks, and what `/proc` and the control groups tell.

mod affinity;
mod cgroup;
mod command_line;
mod kernel_log;
mod memory;
mod usage;

pub use affinity::{affinity_of, set_affinity_of_current_thread};
pub use cgroup::control_groups;
pub use command_line::command_line;
pub use kernel_log::was_killed_for_memory;
pub use memory::available_memory;
pub(in crate::sys) use usage::peak_memory;
pub use usage::resident_bytes;
