//! What became of every task, as its submitter sees it.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::scheduler::{CallId, Chunk, Loss, Settled, Stats, Verdict};

/// How a task was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Open,
    Completed,
    Failed,
    /// The chunk ended before it.
    Dropped,
    Lost,
    Cancelled,
}

#[derive(Debug)]
struct Task {
    has_begun: bool,
    /// Attempts that have failed, and how many may.
    attempts: u32,
    retries: u32,
    began_at: Duration,
    fate: Fate,
}

/// All tasks that were submitted, by call, chunk and index.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    tasks: BTreeMap<(u32, u32, u32), Task>,
    cancelled_calls: HashSet<u32>,
    is_terminated: bool,
    /// Workers may say what is not so.
    pub(super) has_liars: bool,
    discarded_ok: u64,
    discarded_error: u64,
    pub(super) losses: Vec<Loss>,
}

impl Ledger {
    pub(super) fn submit(&mut self, chunk: &Chunk) {
        let fate = if self.is_terminated { Fate::Cancelled } else { Fate::Open };
        for index in chunk.from..chunk.count {
            let task = Task {
                has_begun: false,
                attempts: 0,
                retries: chunk.retries,
                began_at: Duration::ZERO,
                fate,
            };
            assert!(
                self.tasks.insert((chunk.call_id.0, chunk.id, index), task).is_none(),
                "submitted twice"
            );
        }
    }

    pub(super) fn has_task(&self, task: (u32, u32, u32)) -> bool {
        self.tasks.contains_key(&task)
    }

    pub(super) fn begin(&mut self, call_id: u32, chunk: u32, index: u32, now: Duration) {
        let task = self.tasks.get_mut(&(call_id, chunk, index)).expect("a task that was submitted");
        // A misbehaving worker may give back what it has run: its own task runs again, as it could have run it twice itself.
        assert!(!task.has_begun || self.has_liars, "task {call_id}.{chunk}[{index}] began twice");
        let is_due = task.fate == Fate::Open || self.is_terminated || self.has_liars;
        assert!(is_due, "task {call_id}.{chunk}[{index}] began when it was {:?}", task.fate);
        task.has_begun = true;
        task.began_at = now;
    }

    /// The task may begin once more.
    pub(super) fn retry(&mut self, call_id: u32, chunk: u32, index: u32) {
        let task = self.tasks.get_mut(&(call_id, chunk, index)).expect("a task that was submitted");
        // It may not have begun: a worker that is recalled, and dies when it is about to begin the task, is held to have.
        assert_eq!(task.fate, Fate::Open, "tried again though it was settled");
        task.has_begun = false;
        task.attempts += 1;
        assert!(task.attempts <= task.retries, "tried again too often");
    }

    pub(super) fn report(&mut self, verdict: Verdict, settled: &Settled, chunk: &Chunk) {
        if chunk.is_load() {
            return;
        }
        let Verdict::Report { call_id: CallId(call_id), chunk: id, is_last } = verdict else {
            assert!(
                settled.count == 0 || self.cancelled_calls.contains(&chunk.call_id.0),
                "discarded what is waited for"
            );
            if settled.is_setup_failure {
                return;
            }
            let discarded =
                if settled.is_error { &mut self.discarded_error } else { &mut self.discarded_ok };
            *discarded += u64::from(settled.count);
            return;
        };
        assert_eq!((call_id, id), (chunk.call_id.0, chunk.id), "reported as another chunk");
        let end = settled.first + settled.count;
        let fate = if settled.is_error { Fate::Failed } else { Fate::Completed };
        for index in settled.first..end {
            let has_begun =
                self.tasks.get(&(call_id, id, index)).is_some_and(|task| task.has_begun);
            assert!(
                has_begun || self.has_liars,
                "task {call_id}.{id}[{index}] was reported and never began"
            );
            self.settle((call_id, id, index), fate);
        }
        if settled.is_dropped && is_last {
            (end..chunk.count).for_each(|index| self.settle((call_id, id, index), Fate::Dropped));
        }
    }

    pub(super) fn lose(
        &mut self,
        (call_id, chunk): (u32, u32),
        first: u32,
        count: u32,
        loss: Loss,
        now: Duration,
    ) {
        assert!(count > 0, "lost nothing");
        if let Loss::TimedOut { index, limit, .. } = loss {
            assert_eq!((first, count), (index, 1), "a late task takes others with it");
            let task = &self.tasks[&(call_id, chunk, index)];
            assert!(task.has_begun || self.has_liars, "late before it began");
            assert!(now >= task.began_at + limit, "failed before its time");
        }
        (first..first + count).for_each(|index| self.settle((call_id, chunk, index), Fate::Lost));
        self.losses.push(loss);
    }

    fn settle(&mut self, key: (u32, u32, u32), fate: Fate) {
        let task = self.tasks.get_mut(&key).expect("a task that was submitted");
        assert_eq!(task.fate, Fate::Open, "task {key:?} settled again, as {fate:?}");
        task.fate = fate;
    }

    pub(super) fn cancel(&mut self, call_id: u32) {
        self.cancelled_calls.insert(call_id);
        self.cancel_where(|key| key.0 == call_id);
    }

    /// A worker could not set itself up for the call: the task that it had begun has failed, the others are cancelled.
    pub(super) fn fail_setup(&mut self, call_id: u32) {
        let begun = self
            .tasks
            .iter_mut()
            .find(|(key, task)| key.0 == call_id && task.has_begun && task.fate == Fate::Open);
        if let Some((_, task)) = begun {
            task.fate = Fate::Lost;
        }
        self.cancel(call_id);
    }

    pub(super) fn terminate(&mut self) {
        self.is_terminated = true;
        self.cancel_where(|_| true);
    }

    /// From here on what is submitted counts as cancelled.
    pub(super) fn close(&mut self) {
        assert_eq!(self.count(Fate::Open), 0, "closed with open tasks");
        self.is_terminated = true;
    }

    fn cancel_where(&mut self, wanted: impl Fn(&(u32, u32, u32)) -> bool) {
        for (_, task) in
            self.tasks.iter_mut().filter(|(key, task)| wanted(key) && task.fate == Fate::Open)
        {
            task.fate = Fate::Cancelled;
        }
    }

    /// Whether an outcome may come that the scheduler does not wait for.
    pub(super) fn may_be_wrong(&self) -> bool {
        self.has_liars || self.is_terminated
    }

    pub(super) fn count(&self, fate: Fate) -> u64 {
        self.tasks.values().filter(|task| task.fate == fate).count() as u64
    }

    /// The fates of a chunk's tasks.
    pub(super) fn fates(&self, call_id: u32, chunk: u32) -> Vec<Fate> {
        self.tasks
            .range((call_id, chunk, 0)..=(call_id, chunk, u32::MAX))
            .map(|(_, task)| task.fate)
            .collect()
    }

    /// `discarding`: tasks of cancelled calls that are still at workers.
    pub(super) fn check(&self, stats: Stats, discarding: u64) {
        let settled = stats.completed + stats.failed + stats.cancelled;
        assert_eq!(stats.submitted, self.tasks.len() as u64);
        assert_eq!(stats.submitted, settled + stats.running + stats.queued, "{stats:?}");
        assert_eq!(stats.running + stats.queued, self.count(Fate::Open) + discarding, "{stats:?}");
        assert_eq!(stats.completed, self.count(Fate::Completed) + self.discarded_ok, "{stats:?}");
        let failed = self.count(Fate::Failed) + self.count(Fate::Lost) + self.discarded_error;
        assert_eq!(stats.failed, failed, "{stats:?}");
    }
}
