//! The Node-API binding of `millrace-core`: it converts, and holds no logic, no loop and no lock.
//!
//! Everything here is raw and private to `src-ts/binding.ts`, which validates what it passes: Node-API coerces numbers
//! silently. No panic crosses: each export catches them.
#![expect(clippy::needless_pass_by_value, reason = "Node-API hands arguments over by value")]
#![expect(clippy::cast_precision_loss, reason = "counts and sizes stay far below 2^53")]

mod cpu;
mod error;
mod event_loop;
mod heap_limit;
mod libuv;
mod pool;
mod pool_ear;
mod seat;
mod status;

pub use cpu::{available_cpus, cpu_count, default_jobs, library_path};
pub use pool::{RawPool, RawPoolOptions, RawStats, RawWorker};
pub use seat::{RawMark, RawSeat, hold_lifeline, send_start_error, worker_mark};
