//! The engine of millrace: a pool of worker processes that run tasks, which travel through shared memory.
//!
//! [`Pool`] is the parent's side: it accepts [`Chunk`]s and gives out [`Record`]s. [`endpoint`] is the worker's side. The core does
//! not know what a task or a result means: both are bytes.
//!
//! # Terminology
//!
//! - **Call**: tasks that a submitter waits for together. They travel in *chunks*.
//! - **Chunk**: tasks of one call that are encoded together. One worker runs them in their order.
//! - **Definition**: a function, as a worker receives it. Each worker process receives it once.
//! - **Worker**: a worker id and its current process. When a process has ended, another one replaces it under the same id.
//! - **In flight**: sent to a worker and not settled. *Queued* work waits in the scheduler.
//! - **Outcome**: a worker's report of how tasks ended. **Loss**: how tasks ended that their worker did not report.
//! - **Record**: what a submitter collects: an outcome, a loss, or news of a worker or of the pool.
//! - **Region**: memory that all processes share that know it; see [`region`].
//! - **Segment**: the memory that the pool shares with one worker. It holds the *status block* and two *rings*.
//! - **Frame**: a message in a ring.
//! - **Doorbell**: a word that says whether the other side sleeps. Its *bell* wakes that side.
//! - **Claim word**, **chunk slot**: words that parent and worker change by compare-and-exchange, so that one of them owns a
//!   task or a chunk.
//! - **Thief**, **victim**: an idle worker that takes over chunks, and the worker that had them.
//!
//! # Examples
//!
//! The parent's side. The processes and threads of a pool start with the first chunk. Here the program of the workers does not
//! exist, so the tasks are lost:
//!
//! ```
//! use std::sync::mpsc;
//!
//! use millrace_core::{CallId, Chunk, DefinitionId, Loss, Pool, PoolConfig, Record};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !millrace_core::host::SUPPORTED { return Ok(()); }
//! let config = PoolConfig {
//!     args: vec![c"worker".into(), c"--quick".into()],
//!     ..PoolConfig::new(2, c"/nonexistent/worker")
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
//!
//! The worker's side, in the program that the pool starts. It receives and sends frames, whose numbers [`layout`] lists:
//!
//! ```no_run
//! use std::sync::mpsc;
//!
//! use millrace_core::endpoint::{self, Received, WorkerEndpoint};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! endpoint::init_worker()?;
//! let mut endpoint = WorkerEndpoint::take()?;
//! let (notify, notified) = mpsc::channel();
//! endpoint.listen(Box::new(move || notify.send(()).unwrap_or_default()))?;
//! endpoint.send_ready()?;
//!
//! let mut frames = vec![0; 64 * 1024];
//! loop {
//!     match endpoint.receive(&mut frames, false)? {
//!         Received::Bytes(bytes) => println!("{bytes} bytes of frames"),
//!         Received::NeedsRoom(bytes) => frames.resize(bytes, 0),
//!         Received::Asleep => notified.recv()?,
//!     }
//! }
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
pub mod region;
#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests see it"))]
mod scheduler;
mod spin;
mod sync;
#[cfg_attr(not(feature = "testing"), expect(unreachable_pub, reason = "tests see it"))]
mod sys;
#[cfg(feature = "testing")]
pub mod testing;

pub use pool::{
    Chunk, Notify, Outcome, Pool, PoolConfig, Record, Records, SetupError, SetupFailed, StartError,
    SubmitError, TooLarge,
};
pub use scheduler::{
    CallId, CancelMode, Cause, ChunkFlags, Definition, DefinitionId, ExitReason, Lateness, Loss,
    SetupFailure, Stats, WorkerExit, WorkerId, WorkerSnapshot, WorkerState,
};
