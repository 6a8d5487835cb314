//! What a submitter collects.

use std::time::Duration;

use crate::scheduler::{CallId, DefinitionId, Loss, Report, SetupFailure, WorkerExit, WorkerId};

/// News for the submitter. It borrows from [`Records`](super::Records).
#[derive(Debug, Clone, Copy)]
pub enum Record<'r> {
    /// Tasks have ended, as their worker says.
    Outcome(Outcome<'r>),
    /// Tasks `first..first + count` of a chunk are lost. No outcome of them will come.
    Lost {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
        /// The first of them.
        first: u32,
        /// How many.
        count: u32,
        /// Why.
        loss: &'r Loss,
    },
    /// An attempt at a task has failed, and there will be another one.
    Retried {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
        /// The task.
        index: u32,
        /// Why.
        loss: &'r Loss,
    },
    /// A worker could not set itself up. The tasks of all calls that name this setup are gone, and nothing more is said of them.
    SetupFailed {
        /// The setup.
        setup: DefinitionId,
        /// The worker.
        worker_id: WorkerId,
        /// Its process.
        pid: u32,
        /// How.
        how: SetupFailed<'r>,
    },
    /// A worker that leaves has done a part of what its setups make it do then.
    ExitResult {
        /// The worker.
        worker_id: WorkerId,
        /// Its process.
        pid: u32,
        /// It has failed, and the payload is the error.
        is_error: bool,
        /// The result, in the worker's own encoding.
        payload: &'r [u8],
    },
    /// A worker is ready.
    Started {
        /// The worker.
        worker_id: WorkerId,
        /// Its process.
        pid: u32,
    },
    /// The process of a worker has ended and was reaped.
    Exited(WorkerExit),
    /// A worker has written to its standard output (0) or standard error (1).
    ///
    /// [`Pool::release_output`](super::Pool::release_output) makes room for more.
    Output {
        /// The worker.
        worker_id: WorkerId,
        /// Its process.
        pid: u32,
        /// 0 or 1.
        stream: usize,
        /// What it has written.
        bytes: &'r [u8],
    },
    /// An error outside of any task is about to end a worker.
    Fault {
        /// The worker.
        worker_id: WorkerId,
        /// Its process.
        pid: u32,
        /// The error, in the worker's own encoding.
        payload: &'r [u8],
    },
    /// The pool cannot go on. All that is open is lost, and the end follows.
    Failed {
        /// Why.
        reason: &'r str,
    },
    /// The workers that had to leave for a resize have ended.
    Resized {
        /// The number that [`Pool::resize`](super::Pool::resize) was given.
        number: u32,
    },
    /// The pool has ended. Nothing comes after it but [`Exited`](Self::Exited) of processes that the system kept longer.
    Closed,
}

/// How a worker has failed to set itself up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupFailed<'r> {
    /// It says why, in its own encoding.
    Threw(&'r [u8]),
    /// It did not live to say so.
    Ended(SetupFailure),
}

/// Tasks `first..first + count` of a chunk, as their worker has settled them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome<'r> {
    /// The call.
    pub call_id: CallId,
    /// The chunk within the call.
    pub chunk: u32,
    /// The first of them.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// The one task failed, and the payload is its error.
    pub is_error: bool,
    /// Nothing more comes of the chunk, even if tasks of it were not run.
    pub is_last: bool,
    /// Each result is a message of its own. The payload has for each its length in 4 bytes, little endian, and its bytes, up to a multiple of 4.
    pub is_joined: bool,
    /// The time that the tasks took together.
    pub elapsed: Duration,
    /// The results, in the worker's own encoding.
    pub payload: &'r [u8],
    /// Where [`Pool::read_block`](super::Pool::read_block) finds the blocks that the payload refers to, in 24 bits; 0: it has none.
    pub block_source: u32,
}

impl<'r> From<&'r Report> for Record<'r> {
    fn from(report: &'r Report) -> Self {
        match *report {
            Report::Lost { call_id, chunk, first, count, ref loss } => {
                Self::Lost { call_id, chunk, first, count, loss }
            }
            Report::Retried { call_id, chunk, index, ref loss } => {
                Self::Retried { call_id, chunk, index, loss }
            }
            Report::SetupFailed { setup, worker_id, pid, failure } => {
                Self::SetupFailed { setup, worker_id, pid, how: SetupFailed::Ended(failure) }
            }
            Report::Started { worker_id, pid } => Self::Started { worker_id, pid },
            Report::Exited(exit) => Self::Exited(exit),
            Report::Resized { number } => Self::Resized { number },
            Report::Closed => Self::Closed,
        }
    }
}
