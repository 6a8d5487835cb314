//! The Node-API binding of `millrace-core`: it converts, and holds no logic, no loop and no lock.
//!
//! All of it is private to `src-ts/binding.ts`, which validates what it passes, because Node-API coerces numbers silently. No
//! panic reaches JavaScript: each export catches them.
#![expect(clippy::needless_pass_by_value, reason = "Node-API hands arguments over by value")]
#![expect(clippy::cast_precision_loss, reason = "counts and sizes stay far below 2^53")]

mod cpu;
mod endpoint;
mod error;
#[cfg(unix)]
mod event_loop;
mod heap_limit;
#[cfg(unix)]
mod libuv;
#[cfg(unix)]
mod loop_watcher;
#[cfg(not(unix))]
mod no_event_loop;
mod pool;
mod region;
mod status;
mod symbols;
mod wire;

#[cfg(not(unix))]
use no_event_loop::{event_loop, loop_watcher};

pub use cpu::{
    available_cpus, command_line, cpu_count, default_jobs, layout, library_path,
    make_room_for_descriptors,
};
pub use endpoint::{
    RawWorkerEndpoint, RawWorkerIdentity, init_worker, send_start_error, worker_identity,
};
pub use pool::{RawPool, RawPoolOptions, RawStats, RawWorker};
pub use region::{
    create_region, fetch_region, fresh_region_id, open_region, pass_region, pin_region,
    regions_per_outcome, release_region, unpin_region,
};
