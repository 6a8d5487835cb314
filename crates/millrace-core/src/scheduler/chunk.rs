//! Tasks that travel together, and the function they call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::ids::{CallId, DefinitionId, WorkerId};
use crate::channel::frame::chunk_flag;
use crate::sync::atomic::{AtomicBool, Ordering};

/// A function as a worker receives it: opaque bytes, sent to each worker once.
#[derive(Debug)]
pub struct Definition {
    /// Unique within the pool.
    pub id: DefinitionId,
    /// What the worker makes the function from.
    pub bytes: Box<[u8]>,
    /// What it makes workers do before their first task, if it is a setup and no function.
    pub setup: Option<Setup>,
    /// What the bytes need to be readable. It is dropped with the definition.
    #[expect(dead_code, reason = "it only has to live as long as the definition")]
    attachment: Option<Attachment>,
    /// The submitter has dropped it, but chunks may still need it. It is only touched under the scheduler's lock.
    is_forgotten: AtomicBool,
    /// A worker has failed to set itself up with it. It is only touched under the scheduler's lock.
    has_failed: AtomicBool,
}

/// How workers set themselves up for the tasks of calls that name this setup, and what they do when they leave.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The functions that it refers to. A worker has them before the setup.
    pub needs: Vec<Arc<Definition>>,
    /// How long it may take in a worker. None: no limit.
    pub limit: Option<Duration>,
    /// How long a worker that leaves may take for what the setup makes it do then. None: there is nothing to do.
    pub exit_limit: Option<Duration>,
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Definition {}

impl Definition {
    /// The function `id`, made from `bytes`.
    pub fn new(id: DefinitionId, bytes: Box<[u8]>) -> Self {
        let [is_forgotten, has_failed] = [AtomicBool::new(false), AtomicBool::new(false)];
        Self { id, bytes, setup: None, attachment: None, is_forgotten, has_failed }
    }

    /// The setup `id`.
    pub fn of_setup(id: DefinitionId, bytes: Box<[u8]>, setup: Setup) -> Self {
        Self { setup: Some(setup), ..Self::new(id, bytes) }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Returns whether it had failed before.
    pub(super) fn fail(&self) -> bool {
        self.has_failed.swap(true, Ordering::Relaxed)
    }

    /// The same with something that lives as long as it.
    #[must_use]
    pub fn with(self, attachment: Option<Attachment>) -> Self {
        Self { attachment, ..self }
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.is_forgotten.load(Ordering::Relaxed)
    }

    pub(super) fn forget(&self) {
        self.is_forgotten.store(true, Ordering::Relaxed);
    }
}

/// How a chunk is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChunkFlags(pub u32);

impl ChunkFlags {
    /// Each result is in shared memory before the next task begins.
    pub const EACH: u32 = chunk_flag::EACH;
    /// The first failure ends the chunk.
    pub const FAIL_FAST: u32 = chunk_flag::FAIL_FAST;
    /// An item is the list of arguments.
    pub const SPREAD: u32 = chunk_flag::SPREAD;
    /// Goes ahead of chunks without this flag that no worker has begun, except for one turn in eight.
    pub const URGENT: u32 = chunk_flag::URGENT;
    /// Tasks have a limit, so the worker notes when each one begins.
    pub const TIMED: u32 = chunk_flag::TIMED;

    /// Each worker that gets it loads the function, and runs nothing. It has one task, which is in no count.
    pub const LOAD: u32 = chunk_flag::LOAD;

    /// Whether `flag` is set.
    pub fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
}

/// How many urgent chunks in a row may pass one that waits.
pub(super) const PASSED_OVER_MAX: u32 = 7;

/// A turn of a call that is not urgent, kept so that it can be restored. The queue explains the fields.
#[derive(Debug, Clone, Copy, Default)]
pub struct Turn {
    pub(super) ticket: u64,
    pub(super) credit: usize,
    pub(super) passed_over: u32,
}

/// Something that lives as long as its chunk. Dropping it must be quick, since that happens under the scheduler's lock.
pub type Attachment = Arc<dyn fmt::Debug + Send + Sync>;

/// Tasks of one call, encoded together. A worker runs them in order.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The call they belong to.
    pub call_id: CallId,
    /// The chunk within the call.
    pub id: u32,
    /// The index after its last task. The payload may hold more tasks.
    pub count: u32,
    /// The first task that is not settled. A chunk that outlived its worker goes on from here.
    pub from: u32,
    /// See [`ChunkFlags`].
    pub flags: ChunkFlags,
    /// The only worker that may run it, if any.
    pub only: Option<WorkerId>,
    /// How long each of its tasks may take from its beginning until its result is here, if limited. Then the flags have
    /// [`ChunkFlags::EACH`] and [`ChunkFlags::TIMED`].
    pub limit: Option<Duration>,
    /// How often each of its tasks may run again after the death of its worker or a timeout. If it may, the flags have
    /// [`ChunkFlags::EACH`].
    pub retries: u32,
    /// How many workers died when they received it, before any of its tasks began.
    pub receivers_lost: u32,
    /// How many tasks a worker process may have run since its start, once it has run those of this call.
    pub lifespan: Option<u32>,
    /// It is a part of a chunk whose other tasks are elsewhere.
    pub is_piece: bool,
    /// The turn in which it left the queue last.
    pub turn: Turn,
    /// The function.
    pub definition: Arc<Definition>,
    /// What its worker does before, once.
    pub setup: Option<Arc<Definition>>,
    /// The encoded items.
    pub payload: Arc<[u8]>,
    /// What the payload needs to be readable. It is dropped with the chunk.
    #[cfg_attr(
        not(feature = "testing"),
        expect(dead_code, reason = "it only has to live as long as the chunk")
    )]
    pub attachment: Option<Attachment>,
}

impl Chunk {
    /// A chunk of `count` tasks that any worker may run, without limits. All of them are open.
    pub fn new(
        call_id: CallId,
        id: u32,
        count: u32,
        definition: Arc<Definition>,
        payload: Arc<[u8]>,
    ) -> Self {
        Self {
            call_id,
            id,
            count,
            from: 0,
            flags: ChunkFlags::default(),
            only: None,
            limit: None,
            retries: 0,
            receivers_lost: 0,
            lifespan: None,
            is_piece: false,
            turn: Turn::default(),
            definition,
            setup: None,
            payload,
            attachment: None,
        }
    }

    /// Whether a worker has failed to set itself up for it.
    pub(super) fn has_failed_setup(&self) -> bool {
        self.setup.as_ref().is_some_and(|setup| setup.has_failed())
    }

    /// How long its worker may take to set itself up for it, if that is limited.
    pub(super) fn setup_limit(&self) -> Option<Duration> {
        self.setup.as_ref()?.setup.as_ref()?.limit
    }

    /// Tasks still open.
    pub fn unsettled(&self) -> u32 {
        self.count - self.from
    }

    /// How many of its open tasks are in the counts.
    pub(super) fn open_tasks(&self) -> u64 {
        if self.is_load() { 0 } else { u64::from(self.unsettled()) }
    }

    /// Whether it only loads its function.
    pub(super) fn is_load(&self) -> bool {
        self.flags.has(ChunkFlags::LOAD)
    }

    /// Whether a worker loads a function by it that no call asks for.
    pub(super) fn is_own_load(&self) -> bool {
        self.is_load() && self.call_id == CallId(0)
    }

    /// A chunk by which a worker loads a function. It belongs to no call.
    pub(super) fn load(definition: Arc<Definition>) -> Self {
        let flags = ChunkFlags(ChunkFlags::LOAD | ChunkFlags::EACH);
        Self { flags, ..Self::new(CallId(0), 0, 1, definition, Arc::default()) }
    }

    /// Keeps the first `tasks` open tasks, at least one. Returns the others, if there are any.
    pub(super) fn split_off(&mut self, tasks: u32) -> Option<Self> {
        if tasks >= self.unsettled() {
            return None;
        }
        self.is_piece = true;
        let rest = Self { from: self.from + tasks, ..self.clone() };
        self.count = rest.from;
        Some(rest)
    }

    pub(super) fn is_urgent(&self) -> bool {
        self.flags.has(ChunkFlags::URGENT)
    }

    /// Whether an urgent chunk that comes now may pass it while it has not begun.
    pub(super) fn gives_way(&self) -> bool {
        !self.is_urgent() && self.turn.passed_over < PASSED_OVER_MAX
    }
}
