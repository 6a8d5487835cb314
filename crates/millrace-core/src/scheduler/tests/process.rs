//! A model of a worker process: it reads its frames in order, begins chunks and tasks on the claim words, and reports.
//! What it has not read or not sent goes down with it.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::words::{Answer, Words};
use crate::channel::claim::NUMBER_MASK;
use crate::scheduler::{Chunk, ChunkFlags, ChunkSeq, DefinitionId, Outgoing, Settled, WorkerId};

/// How a task ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    pub(super) is_error: bool,
    pub(super) elapsed_us: u32,
    /// Its worker then wants to be replaced.
    pub(super) is_full: bool,
}

/// It returns, after a microsecond.
pub(super) const FINE: Ending = Ending { is_error: false, elapsed_us: 1, is_full: false };
/// It throws, after a microsecond.
pub(super) const THROWS: Ending = Ending { is_error: true, ..FINE };
/// It returns, and its worker wants to be replaced.
pub(super) const FILLS: Ending = Ending { is_full: true, ..FINE };

/// What a process did in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// There was nothing to do.
    Rest,
    /// It read, finished or sent something.
    Moved,
    /// A task runs now.
    Began { call_id: u32, chunk: u32, index: u32 },
}

#[derive(Debug)]
struct Running {
    seq: u32,
    first_task: u32,
    next: u32,
    chunk: Chunk,
    is_on_task: bool,
}

/// A worker process.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, they make no state together"
)]
pub(super) struct Process {
    worker_id: u32,
    pub(super) words: Arc<Words>,
    /// Milliseconds, as the system's clock shows them.
    pub(super) now_ms: u32,
    /// Chunks of which it was told that they are not wanted any more.
    pub(super) told: Vec<u32>,
    pub(super) is_ready: bool,
    pub(super) has_left: bool,
    pub(super) is_halted: bool,
    is_retired: bool,
    /// Tasks it has begun since its start.
    pub(super) begun: u32,
    /// Functions that it has loaded for no task.
    pub(super) loaded: u32,
    /// The lowest of those of the calls it has worked for.
    lifespan: u32,
    inbox: VecDeque<Outgoing>,
    /// The setup that its next chunk needs.
    pub(super) setup: Option<DefinitionId>,
    pub(super) known: HashSet<DefinitionId>,
    running: Option<Running>,
    batch: Vec<Settled>,
    batch_call: u32,
    /// Sent, and not delivered to the parent yet.
    pub(super) sent: VecDeque<Settled>,
}

impl Process {
    pub(super) fn new(worker_id: u32) -> Self {
        Self {
            worker_id,
            words: Arc::new(Words::new()),
            now_ms: 0,
            told: Vec::new(),
            is_ready: false,
            has_left: false,
            is_halted: false,
            is_retired: false,
            begun: 0,
            loaded: 0,
            lifespan: u32::MAX,
            inbox: VecDeque::new(),
            setup: None,
            known: HashSet::new(),
            running: None,
            batch: Vec::new(),
            batch_call: 0,
            sent: VecDeque::new(),
        }
    }

    pub(super) fn receive(&mut self, frame: Outgoing) {
        assert!(self.is_ready, "a frame for a worker that is not ready");
        if let Outgoing::Cancel { seq, .. } = frame {
            self.told.push(seq.0);
            return;
        }
        let is_leaving = self.inbox.iter().any(|waiting| matches!(waiting, Outgoing::Leave));
        assert!(!is_leaving || matches!(frame, Outgoing::Forget(_)), "work behind Leave");
        self.inbox.push_back(frame);
    }

    /// Does the next thing. A task that is running ends as `ending` says.
    pub(super) fn step(&mut self, ending: Ending) -> Step {
        if self.has_left || self.is_halted {
            return Step::Rest;
        }
        match &self.running {
            Some(Running { is_on_task: true, .. }) => self.finish(ending),
            Some(_) => self.begin(),
            None if !self.inbox.is_empty() => self.read(),
            None if self.batch.is_empty() => Step::Rest,
            None => self.flush(),
        }
    }

    /// Sends the results that wait.
    pub(super) fn flush(&mut self) -> Step {
        self.sent.extend(self.batch.drain(..));
        Step::Moved
    }

    fn read(&mut self) -> Step {
        match self.inbox.pop_front() {
            Some(Outgoing::Define(definition)) => {
                assert!(self.known.insert(definition.id), "defined twice");
            }
            Some(Outgoing::Forget(id)) => {
                assert!(self.known.remove(&id), "forgot what it did not know");
            }
            Some(Outgoing::Leave) => {
                self.flush();
                self.has_left = true;
            }
            Some(Outgoing::Chunk { .. }) if self.is_retired => {}
            Some(Outgoing::Chunk { seq, first_task, chunk }) => self.take(seq.0, first_task, chunk),
            Some(Outgoing::Setup(setup)) => self.setup = setup,
            Some(Outgoing::Cancel { .. }) | None => {}
        }
        Step::Moved
    }

    fn take(&mut self, seq: u32, first_task: u32, chunk: Chunk) {
        assert!(
            (1..=NUMBER_MASK).contains(&seq) && first_task <= NUMBER_MASK,
            "a number out of range"
        );
        if !self.words.begin_chunk(seq) {
            return;
        }
        assert!(self.known.contains(&chunk.definition.id), "a chunk came before its function");
        let setup = chunk.setup.as_ref().map(|setup| setup.id);
        assert!(chunk.is_own_load() || setup == self.setup, "a chunk came before its setup");
        assert!(
            chunk.only.is_none_or(|only| only == WorkerId(self.worker_id)),
            "a chunk came to another worker than its own"
        );
        assert!(chunk.from < chunk.count, "a chunk came without tasks");
        if chunk.call_id.0 != self.batch_call || chunk.flags.has(ChunkFlags::EACH) {
            self.flush();
        }
        self.batch_call = chunk.call_id.0;
        self.running =
            Some(Running { seq, first_task, next: chunk.from, chunk, is_on_task: false });
    }

    fn begin(&mut self) -> Step {
        let Some(running) = &mut self.running else { return Step::Rest };
        if running.chunk.flags.has(ChunkFlags::TIMED) {
            self.words.note_begin(self.now_ms);
        }
        let task = running.first_task.wrapping_add(running.next - running.chunk.from);
        let answer = if running.next == running.chunk.from {
            self.words.begin_first_task(running.seq, task)
        } else {
            self.words.begin_task(task)
        };
        match answer {
            Answer::Begun => {
                running.is_on_task = true;
                // To load a function is no task.
                *(if running.chunk.is_load() { &mut self.loaded } else { &mut self.begun }) += 1;
                self.lifespan = self.lifespan.min(running.chunk.lifespan.unwrap_or(u32::MAX));
                assert!(self.begun <= self.lifespan, "it has lived too long");
                Step::Began {
                    call_id: running.chunk.call_id.0,
                    chunk: running.chunk.id,
                    index: running.next,
                }
            }
            Answer::StopChunk => {
                let (seq, first) = (running.seq, running.next);
                let (is_last, is_dropped) = (true, true);
                match self.batch.last_mut() {
                    // Results that wait are sent with it.
                    Some(before) if before.seq == ChunkSeq(seq) && !before.is_error => {
                        (before.is_last, before.is_dropped) = (is_last, is_dropped);
                    }
                    _ => self.batch.push(Settled {
                        seq: ChunkSeq(seq),
                        first,
                        count: 0,
                        is_error: false,
                        is_last,
                        is_dropped,
                        is_retiring: false,
                        is_setup_failure: false,
                        elapsed_us: 0,
                    }),
                }
                self.running = None;
                Step::Moved
            }
            Answer::StopWorker => {
                self.is_halted = true;
                Step::Moved
            }
        }
    }

    fn finish(&mut self, Ending { is_error, elapsed_us, is_full }: Ending) -> Step {
        let Some(running) = &mut self.running else { return Step::Rest };
        let (seq, first, flags) = (running.seq, running.next, running.chunk.flags);
        running.next += 1;
        running.is_on_task = false;
        let is_dropped = is_error && flags.has(ChunkFlags::FAIL_FAST);
        let is_last = is_dropped || running.next == running.chunk.count;
        if is_last {
            self.running = None;
        }
        match self.batch.last_mut() {
            Some(before) if before.seq == ChunkSeq(seq) && !before.is_error && !is_error => {
                before.count += 1;
                before.is_last = is_last;
                before.elapsed_us += elapsed_us;
                before.is_retiring |= is_full;
            }
            _ => self.batch.push(Settled {
                seq: ChunkSeq(seq),
                first,
                count: 1,
                is_error,
                is_last,
                is_dropped,
                is_retiring: is_full,
                is_setup_failure: false,
                elapsed_us,
            }),
        }
        if is_full {
            self.is_retired = true;
            if let Some(running) = self.running.take() {
                let first = running.next;
                self.batch.push(Settled {
                    seq: ChunkSeq(seq),
                    first,
                    count: 0,
                    is_error: false,
                    is_last: true,
                    is_dropped: true,
                    is_retiring: false,
                    is_setup_failure: false,
                    elapsed_us,
                });
            }
            self.flush();
        }
        if flags.has(ChunkFlags::EACH) {
            self.flush();
        }
        Step::Moved
    }
}
