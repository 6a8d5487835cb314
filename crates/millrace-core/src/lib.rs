//! The engine of millrace: a pool of worker processes that run tasks, which travel through shared memory.
//!
//! [`Pool`] is the parent's side: it accepts [`Chunk`]s and gives out [`Record`]s. [`endpoint`] is the worker's side. Nothing here
//! knows what a task or a result means: they are bytes.
//!
//! # Terminology
//!
//! - **Call**: what a submitter waits for as a whole. Its tasks travel in *chunks*.
//! - **Chunk**: tasks of one call that are encoded together. One worker runs them in their order.
//! - **Definition**: a function as a worker receives it, once for each process.
//! - **Worker**: a worker id and the process that it has at the moment. A process that has ended is replaced.
//! - **In flight**: sent to a worker and not settled. *Queued* work waits in the scheduler.
//! - **Outcome**: how tasks ended, as their worker says. A *loss* is how they ended without the worker's word.
//! - **Record**: what the submitter collects: an outcome, a loss, or news of a worker or of the pool.
//! - **Segment**: the memory that the pool shares with one worker. It holds the *status block* and two *rings*.
//! - **Frame**: a message in a ring.
//! - **Doorbell**: the word that tells whether the other side sleeps. Its *bell* is what wakes that side.
//! - **Claim word**, **chunk slot**: words that parent and worker change by compare-and-exchange, so that one of them owns a
//!   task or a chunk.
//! - **Thief**, **victim**: an idle worker that takes over chunks, and the worker that had them.
//!
//! # Examples
//!
//! A pool. Its processes and threads start with the first chunk. The program of these workers does not exist, so their task is lost:
//!
//! ```
//! use std::sync::mpsc;
//!
//! use millrace_core::{CallId, Chunk, DefinitionId, Loss, Pool, PoolConfig, Record};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !millrace_core::host::SUPPORTED { return Ok(()); }
//! let config = PoolConfig {
//!     worker_count: 2,
//!     cpus: Vec::new(),
//!     program: c"/nonexistent/worker".into(),
//!     args: vec![c"worker".into()],
//!     env: Vec::new(),
//!     cwd: None,
//!     is_quiet: false,
//!     is_piped: false,
//!     idle_timeout: None,
//!     start_timeout: None,
//!     worker_config: Vec::new(),
//! };
//! let (notify, notified) = mpsc::channel();
//! let pool = Pool::new(config, Box::new(move || notify.send(()).unwrap_or_default()))?;
//!
//! let double = DefinitionId(1);
//! pool.define(double, b"(x) => x * 2")?;
//! pool.submit(Chunk::new(CallId(1), 0, double, 3, b"1 2 3"))?;
//! pool.close();
//!
//! let mut has_ended = false;
//! while !has_ended {
//!     notified.recv()?;
//!     let mut records = pool.collect();
//!     while let Some(record) = records.next() {
//!         match record {
//!             Record::Outcome(outcome) => println!("{} results", outcome.count),
//!             Record::Lost { call_id, count, loss: Loss::StartFailed { reason }, .. } => {
//!                 assert_eq!((call_id, count), (CallId(1), 3));
//!                 assert!(reason.contains("No such file"));
//!             }
//!             Record::Closed => has_ended = true,
//!             other => println!("{other:?}"),
//!         }
//!     }
//! }
//! assert_eq!(pool.stats().failed, 3);
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs, unsafe_code)]

#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests see it"))]
mod channel;
pub mod cpu;
pub mod endpoint;
pub mod host;
pub mod layout;
mod lock;
mod pool;
#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests see it"))]
mod scheduler;
mod sync;
#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests see it"))]
mod sys;
#[cfg(feature = "testing")]
pub mod testing;

pub use pool::{
    Chunk, Notify, Outcome, Pool, PoolConfig, Record, Records, StartError, SubmitError, TooLarge,
};
pub use scheduler::{
    CallId, CancelMode, Cause, ChunkFlags, Definition, DefinitionId, Loss, Stats, WorkerId,
    WorkerSnapshot, WorkerState,
};
