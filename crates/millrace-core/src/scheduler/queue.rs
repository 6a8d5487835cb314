//! The task queue: urgent chunks first, then the chunks of each call in turn.

use std::collections::{HashMap, VecDeque};

use super::chunk::Chunk;

/// Chunks that wait here, not at a worker.
#[derive(Debug)]
pub(super) struct Queue {
    urgent: VecDeque<Chunk>,
    /// Chunks that only one worker may run, by worker.
    ordered: Vec<VecDeque<Chunk>>,
    /// Chunks of each call that has some.
    jobs: HashMap<u32, VecDeque<Chunk>>,
    /// The calls in `jobs`, next one first.
    turns: VecDeque<u32>,
    shared_count: usize,
}

impl Queue {
    pub(super) fn new(worker_count: u32) -> Self {
        Self {
            urgent: VecDeque::new(),
            ordered: (0..worker_count).map(|_| VecDeque::new()).collect(),
            jobs: HashMap::new(),
            turns: VecDeque::new(),
            shared_count: 0,
        }
    }

    pub(super) fn push(&mut self, chunk: Chunk) {
        self.lane(&chunk).push_back(chunk);
    }

    /// Puts a chunk back that a worker had: before all others of its kind.
    pub(super) fn push_front(&mut self, chunk: Chunk) {
        self.lane(&chunk).push_front(chunk);
    }

    fn lane(&mut self, chunk: &Chunk) -> &mut VecDeque<Chunk> {
        if let Some(worker) = chunk.only {
            return &mut self.ordered[worker as usize];
        }
        self.shared_count += 1;
        if chunk.is_urgent() {
            return &mut self.urgent;
        }
        self.jobs.entry(chunk.job).or_insert_with(|| {
            self.turns.push_back(chunk.job);
            VecDeque::new()
        })
    }

    /// The chunk that [`Self::pop`] would give to `worker`.
    pub(super) fn peek(&self, worker: u32) -> Option<&Chunk> {
        self.urgent.front().or_else(|| self.ordered[worker as usize].front()).or_else(|| {
            self.turns.front().and_then(|job| self.jobs.get(job)).and_then(VecDeque::front)
        })
    }

    pub(super) fn pop(&mut self, worker: u32) -> Option<Chunk> {
        if let Some(chunk) = self.urgent.pop_front() {
            self.shared_count -= 1;
            return Some(chunk);
        }
        if let Some(chunk) = self.ordered[worker as usize].pop_front() {
            return Some(chunk);
        }
        let job = self.turns.pop_front()?;
        let chunks = self.jobs.get_mut(&job)?;
        let chunk = chunks.pop_front();
        if chunks.is_empty() {
            self.jobs.remove(&job);
        } else {
            self.turns.push_back(job);
        }
        self.shared_count -= 1;
        chunk
    }

    /// Removes all chunks of a call; how many tasks they held.
    pub(super) fn remove_job(&mut self, job: u32) -> u64 {
        let mut tasks = 0;
        let mut keep = |chunk: &Chunk| {
            let is_kept = chunk.job != job;
            tasks += if is_kept { 0 } else { u64::from(chunk.unsettled()) };
            is_kept
        };
        let urgent_before = self.urgent.len();
        self.urgent.retain(&mut keep);
        self.shared_count -= urgent_before - self.urgent.len();
        for lane in &mut self.ordered {
            lane.retain(&mut keep);
        }
        if let Some(chunks) = self.jobs.remove(&job) {
            self.shared_count -= chunks.len();
            tasks += chunks.iter().map(|chunk| u64::from(chunk.unsettled())).sum::<u64>();
            self.turns.retain(|turn| *turn != job);
        }
        tasks
    }

    /// Removes the chunks that only `worker` may run.
    pub(super) fn take_ordered(&mut self, worker: u32) -> Vec<Chunk> {
        self.ordered[worker as usize].drain(..).collect()
    }

    /// Empties the queue.
    pub(super) fn take_all(&mut self) -> Vec<Chunk> {
        self.shared_count = 0;
        self.turns.clear();
        let jobs = self.jobs.drain().flat_map(|(_, chunks)| chunks);
        self.urgent
            .drain(..)
            .chain(self.ordered.iter_mut().flat_map(|lane| lane.drain(..)))
            .chain(jobs)
            .collect()
    }

    pub(super) fn has_urgent(&self) -> bool {
        !self.urgent.is_empty()
    }

    pub(super) fn urgent_count(&self) -> usize {
        self.urgent.len()
    }

    /// Chunks that any worker may run.
    pub(super) fn shared_count(&self) -> usize {
        self.shared_count
    }

    /// Chunks that only `worker` may run.
    pub(super) fn ordered_count(&self, worker: u32) -> usize {
        self.ordered[worker as usize].len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shared_count == 0 && self.ordered.iter().all(VecDeque::is_empty)
    }
}
