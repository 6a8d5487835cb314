//! Claim words as a model worker and the scheduler share them. A lock stands for each compare-and-exchange.

use std::sync::{Mutex, MutexGuard};

use crate::channel::claim::NUMBER_MASK;
use crate::scheduler::{Began, ChunkSeq, Claims};

/// As many as in a worker's segment.
const SLOTS: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Offered,
    Begun,
    Revoked,
    Cancelled,
}

#[derive(Debug)]
struct State {
    slots: Vec<Option<(u32, Slot)>>,
    task: u32,
    began: Began,
    is_condemned: bool,
    is_skipped: bool,
}

impl State {
    fn slot(&mut self, seq: u32) -> &mut Option<(u32, Slot)> {
        &mut self.slots[seq as usize % SLOTS]
    }

    fn advance(&mut self, seq: u32, from: Slot, to: Slot) -> bool {
        let slot = self.slot(seq);
        let has_moved = *slot == Some((seq, from));
        if has_moved {
            *slot = Some((seq, to));
        }
        has_moved
    }

    fn is_on(&self, first: u32, last: u32) -> bool {
        (self.task.wrapping_sub(first) & NUMBER_MASK) <= (last.wrapping_sub(first) & NUMBER_MASK)
    }
}

/// Whether a worker may begin a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It has begun.
    Begun,
    /// The rest of the chunk is not wanted.
    StopChunk,
    /// The process begins nothing more.
    StopWorker,
}

/// The claim words of one process.
#[derive(Debug)]
pub(super) struct Words(Mutex<State>);

impl Words {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            slots: vec![None; SLOTS],
            task: 0,
            began: Began::default(),
            is_condemned: false,
            is_skipped: false,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder panics")
    }

    /// Worker: `false` when the parent has taken the chunk back.
    pub(super) fn begin_chunk(&self, seq: u32) -> bool {
        self.state().advance(seq, Slot::Offered, Slot::Begun)
    }

    /// Worker: goes on to a chunk's first task. A wish to skip was meant for the chunk before.
    pub(super) fn begin_first_task(&self, seq: u32, task: u32) -> Answer {
        let answer = match self.begin_task(task) {
            Answer::StopChunk => self.begin_task(task),
            other => other,
        };
        let is_wanted = *self.state().slot(seq) == Some((seq, Slot::Begun));
        if answer == Answer::Begun && !is_wanted { Answer::StopChunk } else { answer }
    }

    /// Worker: notes when a task that has a limit begins.
    pub(super) fn note_begin(&self, now_ms: u32) {
        self.state().began = Began { ms: now_ms, ..Began::default() };
    }

    /// Worker: notes that it loads the function of the task that it goes on to.
    pub(super) fn note_loading(&self, now_ms: u32) {
        self.state().began = Began { ms: now_ms, is_loading: true, is_setting_up: false };
    }

    /// Worker: notes that it sets itself up for the task that it goes on to.
    pub(super) fn note_setup(&self, now_ms: u32) {
        self.state().began = Began { ms: now_ms, is_loading: false, is_setting_up: true };
    }

    /// Worker: goes on to the next task of a chunk.
    pub(super) fn begin_task(&self, task: u32) -> Answer {
        let mut state = self.state();
        if state.is_condemned {
            return Answer::StopWorker;
        }
        if std::mem::take(&mut state.is_skipped) {
            return Answer::StopChunk;
        }
        state.task = task & NUMBER_MASK;
        Answer::Begun
    }
}

impl Claims for Words {
    fn offer(&self, seq: ChunkSeq) {
        *self.state().slot(seq.0) = Some((seq.0, Slot::Offered));
    }

    fn revoke(&self, seq: ChunkSeq) -> bool {
        self.state().advance(seq.0, Slot::Offered, Slot::Revoked)
    }

    fn has_begun(&self, seq: ChunkSeq) -> bool {
        let slot = *self.state().slot(seq.0);
        slot == Some((seq.0, Slot::Begun)) || slot == Some((seq.0, Slot::Cancelled))
    }

    fn cancel(&self, seq: ChunkSeq) {
        self.state().advance(seq.0, Slot::Begun, Slot::Cancelled);
    }

    fn current_task(&self) -> u32 {
        self.state().task
    }

    fn began(&self) -> Began {
        self.state().began
    }

    fn condemn(&self, first: u32, last: u32) -> Option<u32> {
        let mut state = self.state();
        let is_on = state.is_on(first, last);
        state.is_condemned |= is_on;
        is_on.then_some(state.task)
    }

    fn skip(&self, first: u32, last: u32) -> Option<u32> {
        let mut state = self.state();
        let is_on = state.is_on(first, last);
        state.is_skipped |= is_on;
        is_on.then_some(state.task)
    }
}
