//! The engine of millrace: a pool of worker processes that run tasks, which travel through shared memory.
//!
//! [`pool`] is the parent's side, [`endpoint`] the worker's, and [`channel`] lies between them. [`scheduler`] decides, and [`sys`]
//! is the only door to the system. Nothing here knows what a task or a result means: they are bytes.
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
//! Both ends of a channel, here in the memory of one process:
//!
//! ```
//! use std::sync::Arc;
//!
//! use millrace_core::channel::frame::{self, Assembler, ToWorker};
//! use millrace_core::channel::memory::HeapMemory;
//! use millrace_core::channel::segment::{SEGMENT_BYTES, Segment};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let segment = Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES)))?;
//! segment.format();
//! let (mut to_worker, _) = segment.parent_ends();
//! let (_, mut from_parent) = segment.worker_ends();
//!
//! let function = b"(x) => x * 2";
//! let header = frame::header(ToWorker::Define, [7, 0, 0, 0, 0, 0], function.len())?;
//! to_worker.push(&header)?;
//! to_worker.push(function)?;
//! to_worker.push(frame::padding(function.len()))?;
//! to_worker.publish();
//!
//! let mut frames = Assembler::<ToWorker>::default();
//! let received = frames.poll(&mut from_parent)?.ok_or("nothing has arrived")?;
//! assert_eq!(received.kind, ToWorker::Define);
//! assert_eq!(received.fields[0], 7);
//! assert_eq!(*received.payload, *function);
//! # Ok(())
//! # }
//! ```
//!
//! A pool. Its processes and threads start with the first chunk. The program of these workers does not exist, so their task is lost:
//!
//! ```
//! use std::sync::mpsc;
//!
//! use millrace_core::pool::{Chunk, Pool, PoolConfig, Record};
//! use millrace_core::scheduler::{CallId, DefinitionId, Loss};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !millrace_core::sys::SUPPORTED { return Ok(()); }
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

pub mod channel;
pub mod cpu;
pub mod endpoint;
pub mod layout;
mod lock;
pub mod pool;
pub mod scheduler;
pub mod sync;
pub mod sys;
