//! What the machine has.

use std::collections::HashMap;

use millrace_core::{cpu, host, layout};
use napi_derive::napi;

use crate::error::to_napi;
use crate::wire;

/// The number of logical CPUs of the system, regardless of affinity.
#[napi(catch_unwind)]
pub fn cpu_count() -> u32 {
    cpu::cpu_count() as u32
}

/// The CPU ids that this process may use.
#[napi(catch_unwind)]
pub fn available_cpus() -> Vec<u32> {
    cpu::available_cpus()
}

/// The number of CPUs that this process may use, limited by the control group's quota.
#[napi(catch_unwind)]
pub fn default_jobs() -> u32 {
    cpu::default_jobs() as u32
}

/// The numbers that TypeScript has a copy of, by their names there. A spec compares them.
#[napi(catch_unwind)]
pub fn layout() -> HashMap<String, u32> {
    let entries = layout::entries().chain(wire::LAYOUT.iter().copied());
    entries.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Prepares this process for its first pool, without waiting.
#[napi(catch_unwind)]
pub fn make_room_for_descriptors() {
    host::make_room_for_descriptors();
}

/// The words that this process was started with, the program first. Empty if the system does not say.
#[napi(catch_unwind)]
pub fn command_line() -> Vec<String> {
    host::command_line()
}

/// Path of the addon's own file.
///
/// # Errors
///
/// If the system does not say.
#[napi(catch_unwind)]
pub fn library_path() -> napi::Result<String> {
    host::library_path().map(|path| path.to_string_lossy().into_owned()).map_err(to_napi)
}
