//! What the machine has.

use std::collections::HashMap;

use millrace_core::{cpu, host, layout};
use napi_derive::napi;

use crate::error::to_napi;
use crate::wire;

/// Logical CPUs of the system, blind to affinity.
#[napi(catch_unwind)]
pub fn cpu_count() -> u32 {
    cpu::cpu_count() as u32
}

/// The CPU ids that this process may use.
#[napi(catch_unwind)]
pub fn available_cpus() -> Vec<u32> {
    cpu::available_cpus()
}

/// CPUs this process may use, cut to the control group's quota.
#[napi(catch_unwind)]
pub fn default_jobs() -> u32 {
    cpu::default_jobs() as u32
}

/// The numbers that TypeScript has a second time, by their names there: a spec compares them.
#[napi(catch_unwind)]
pub fn layout() -> HashMap<String, u32> {
    let entries = layout::entries().chain(wire::LAYOUT.iter().copied());
    entries.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Path of the addon's own file.
///
/// # Errors
///
/// When the system does not tell.
#[napi(catch_unwind)]
pub fn library_path() -> napi::Result<String> {
    host::library_path().map(|path| path.to_string_lossy().into_owned()).map_err(to_napi)
}
