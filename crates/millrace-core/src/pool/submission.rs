//! Chunks as a submitter hands them over, and the check that they pass.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use crate::channel::frame::MAX_PAYLOAD;
use crate::scheduler::{self, Attachment, CallId, ChunkFlags, Definition, DefinitionId, WorkerId};

/// Tasks of one call that are encoded together. One worker runs them in their order.
///
/// It borrows its payload. The pool copies that once, when it accepts the chunk.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// The call.
    pub call_id: CallId,
    /// The chunk within the call.
    pub id: u32,
    /// The function, which [`Pool::define`](super::Pool::define) has made known.
    pub definition: DefinitionId,
    /// Tasks in the payload, at least 1.
    pub count: u32,
    /// The encoded items.
    pub payload: &'a [u8],
    /// The places of the blocks that the payload refers to, as little-endian words. They are kept until the chunk is settled.
    pub blocks: &'a [[u8; 4]],
    /// The ids of the regions that the payload refers to, as little-endian words. They are kept until the chunk is settled.
    pub regions: &'a [[u8; 8]],
    /// How it is to be treated.
    pub flags: ChunkFlags,
    /// The only worker that may run it. None: any worker.
    pub only: Option<WorkerId>,
    /// How long each task may run. None: no limit.
    pub limit: Option<Duration>,
    /// How often each task may run again when its worker died or it was late.
    pub retries: u32,
    /// What its worker does before, once, which [`Pool::define_setup`](super::Pool::define_setup) has made known. All chunks of a call
    /// have the same.
    pub setup: Option<DefinitionId>,
    /// How many tasks a worker process may run before it is replaced, for workers that run the chunk. None: no limit.
    pub lifespan: Option<NonZero<u32>>,
}

impl<'a> Chunk<'a> {
    /// Chunk `id` of a call: `count` tasks in `payload`, which any worker may run, once and without a limit.
    pub fn new(
        call_id: CallId,
        id: u32,
        definition: DefinitionId,
        count: u32,
        payload: &'a [u8],
    ) -> Self {
        Self {
            call_id,
            id,
            definition,
            count,
            payload,
            blocks: &[],
            regions: &[],
            flags: ChunkFlags::default(),
            only: None,
            limit: None,
            retries: 0,
            setup: None,
            lifespan: None,
        }
    }
}

/// Why nothing was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// A payload over the limit of a message.
    #[error("chunk {chunk} of call {call_id} has {bytes} bytes, the limit is {MAX_PAYLOAD}")]
    TooLarge {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
        /// Its payload.
        bytes: usize,
    },
    /// A chunk without tasks.
    #[error("chunk {chunk} of call {call_id} has no tasks")]
    NoTasks {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
    },
    /// A chunk for a worker that the pool does not have.
    #[error(
        "chunk {chunk} of call {call_id} is for worker {worker_id}, but the pool has {worker_count} workers"
    )]
    NoSuchWorker {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
        /// Its worker.
        worker_id: WorkerId,
        /// Workers of the pool.
        worker_count: u32,
    },
    /// A block that was never filled, or belongs to another chunk.
    #[error("chunk {chunk} of call {call_id} refers to a block that is not there")]
    NoSuchBlock {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
    },
    /// A region that this process does not have any more.
    #[error(
        "chunk {chunk} of call {call_id} refers to shared memory that this process has let go of"
    )]
    NoSuchRegion {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
    },
    /// A definition that was never made, or forgotten.
    #[error("chunk {chunk} of call {call_id} needs definition {definition}, which is not known")]
    Undefined {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
        /// The definition.
        definition: DefinitionId,
    },
}

/// Why a setup was not made known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// It does not fit into a message.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// It needs a function that was never made known, or was forgotten.
    #[error("the setup needs definition {0}, which is not known")]
    Undefined(DefinitionId),
}

/// What does not fit into one message to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} has {bytes} bytes, the limit is {MAX_PAYLOAD}")]
pub struct TooLarge {
    /// The definition, or the reason of a cancellation.
    pub what: &'static str,
    /// Its size.
    pub bytes: usize,
}

/// Checks what is to be the payload of a message.
pub(super) fn check_size(what: &'static str, bytes: usize) -> Result<(), TooLarge> {
    if bytes > MAX_PAYLOAD { Err(TooLarge { what, bytes }) } else { Ok(()) }
}

impl Chunk<'_> {
    /// Checks the chunk.
    ///
    /// # Errors
    ///
    /// All of [`SubmitError`], but [`SubmitError::Undefined`], [`SubmitError::NoSuchBlock`] and [`SubmitError::NoSuchRegion`].
    pub(super) fn check(&self, worker_count: u32) -> Result<(), SubmitError> {
        let (call_id, chunk, bytes) = (self.call_id, self.id, self.payload.len());
        if bytes > MAX_PAYLOAD {
            return Err(SubmitError::TooLarge { call_id, chunk, bytes });
        }
        if self.count == 0 {
            return Err(SubmitError::NoTasks { call_id, chunk });
        }
        match self.only {
            Some(worker_id) if worker_id.0 >= worker_count => {
                Err(SubmitError::NoSuchWorker { call_id, chunk, worker_id, worker_count })
            }
            _ => Ok(()),
        }
    }

    /// The chunk as the scheduler keeps it, with a payload of its own.
    pub(super) fn to_owned(
        self,
        definition: Arc<Definition>,
        setup: Option<Arc<Definition>>,
        attachment: Option<Attachment>,
    ) -> scheduler::Chunk {
        let timed = if self.limit.is_some() { ChunkFlags::TIMED } else { 0 };
        let sends_each = self.limit.is_some() || self.retries > 0;
        let each = if sends_each { ChunkFlags::EACH } else { 0 };
        let (call_id, id, count) = (self.call_id, self.id, self.count);
        scheduler::Chunk {
            flags: ChunkFlags(self.flags.0 | timed | each),
            only: self.only,
            limit: self.limit,
            retries: self.retries,
            setup,
            lifespan: self.lifespan.map(NonZero::get),
            attachment,
            ..scheduler::Chunk::new(call_id, id, count, definition, self.payload.into())
        }
    }
}
