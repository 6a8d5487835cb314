//! What a system tells of itself and of its processes, and which CPUs a thread may use.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as own;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "macos")]
use macos as own;

pub(super) use own::peak_memory;
pub use own::{
    affinity_of, available_memory, command_line, control_groups, resident_bytes,
    set_affinity_of_current_thread, was_killed_for_memory,
};
