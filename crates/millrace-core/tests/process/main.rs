//! Real processes, sockets and memory. Linux only.
#![cfg(all(target_os = "linux", not(loom)))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod launching;
mod lifeline;
mod primitives;
mod reaping;
#[cfg(millrace_system = "linux")]
mod refused;
mod regions;
mod support;
