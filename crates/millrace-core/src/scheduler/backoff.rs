//! Pauses between starts while workers die before they settle a task.
//!
//! The first death causes no pause: its worker is replaced at once. From the second death in a row on, each start waits for 50
//! ms, and then twice as long each time, up to half a second. A settled task ends the streak. There is one streak for the whole
//! pool, which a task of any worker ends, and one for each worker id, which only its own tasks end. Without the second one, a
//! worker that dies repeatedly beside good ones would be a crash loop.

use std::time::Duration;

use super::failures::{FailedStarts, FailureStreak, START_FAILURES_MAX};
use super::ids::WorkerId;
use super::worker::{Worker, WorkerState};
use super::workers::Kind;
use super::{Closing, Death, ExitReason, Scheduler};

/// How many workers may be starting at once while starts pause.
const PROBES: usize = 4;

/// The reason, and what the worker has written unless it says the same.
fn with_last_output(reason: String, last: &str) -> String {
    if last.is_empty() || reason.contains(last) {
        return reason;
    }
    format!("{reason}\nits standard error ends with:\n{last}")
}

/// The pool's streak.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    streak: FailureStreak,
    /// It grows with each failure that counts. Processes that were started before a failure belong to the same incident.
    generation: u64,
    failed_starts: FailedStarts,
}

impl Scheduler {
    /// A worker is about to be started.
    pub(super) fn note_start(&mut self, worker_id: WorkerId) {
        self.workers.at(worker_id).generation = self.backoff.generation;
    }

    /// A worker has become ready.
    pub(super) fn note_ready(&mut self, worker_id: WorkerId) {
        self.backoff.failed_starts = FailedStarts::default();
        self.workers.at(worker_id).failed_starts = FailedStarts::default();
    }

    /// A worker has settled a task.
    pub(super) fn note_success(&mut self, worker_id: WorkerId) {
        if self.workers[worker_id.index()].streak.length > 0 {
            self.workers.at(worker_id).streak.reset();
        }
        self.backoff.streak.reset();
    }

    /// A worker that was ready has died, and the parent did not kill it. `worker` is its state before.
    pub(super) fn note_death(&mut self, worker_id: WorkerId, worker: &Worker) {
        self.extend_streaks(worker_id, worker, 1);
    }

    /// A worker has died before it was ready, or could not be started. If the starts of this worker have failed too often,
    /// work that only it may run is rejected. If no other worker is healthy either, all work is rejected.
    pub(super) fn note_failed_start(
        &mut self,
        worker_id: WorkerId,
        worker: &Worker,
        death: &Death,
    ) {
        self.extend_streaks(worker_id, worker, 0);
        let is_kill = death.is_by_outsider && !worker.has_start_timed_out;
        let mut own = worker.failed_starts;
        let is_worth_trying = own.add(is_kill);
        let is_pool_worth_trying = self.backoff.failed_starts.add(is_kill);
        let reject_all = !is_pool_worth_trying && self.workers.of(Kind::AtWork).is_empty();
        if is_worth_trying && !reject_all {
            self.workers.at(worker_id).failed_starts = own;
            return;
        }
        let reason = with_last_output(self.start_error(worker, death), &death.last_output);
        if reject_all {
            self.backoff.failed_starts = FailedStarts::default();
            self.cannot_start(&reason);
        } else {
            self.cannot_start_worker(worker_id, &reason);
        }
    }

    fn start_error(&self, worker: &Worker, death: &Death) -> String {
        if let Some(timeout) = self.start_timeout.filter(|_| worker.has_start_timed_out) {
            return format!("a worker was not ready within {} ms", timeout.as_millis());
        }
        death.reason.clone().unwrap_or_else(|| match (death.code, death.signal) {
            (Some(code), _) => format!("exited with code {code} before it was ready"),
            (None, Some(signal)) => format!("ended by signal {signal} before it was ready"),
            (None, None) => "ended before it was ready".to_owned(),
        })
    }

    /// Kills the worker if it has not become ready in time.
    pub(super) fn expire_start(&mut self, worker_id: WorkerId) {
        let mut worker = self.workers.at(worker_id);
        let is_due = worker.ready_by.take_if(|at| *at <= self.now).is_some();
        if is_due && worker.state == WorkerState::Starting && !worker.is_dying {
            worker.has_start_timed_out = true;
            drop(worker);
            self.kill(worker_id, ExitReason::Timeout);
        }
    }

    fn extend_streaks(&mut self, worker_id: WorkerId, worker: &Worker, free: u32) {
        let mut streak = worker.streak.clone();
        streak.extend(free, self.now);
        self.workers.at(worker_id).streak = streak;
        // Many workers that die of one cause at the same time are one failure.
        if worker.generation == self.backoff.generation {
            self.backoff.generation += 1;
            self.backoff.streak.extend(free, self.now);
        }
    }

    /// How many workers may be started now.
    pub(super) fn starts_allowed(&self) -> usize {
        // After a failed start, start at most as many workers as may still fail. More of them would show nothing new.
        let by_failures = match self.backoff.failed_starts.by_setup {
            0 => usize::MAX,
            // If another worker is healthy, the starts go on one at a time.
            failures => START_FAILURES_MAX.saturating_sub(failures).max(1) as usize,
        };
        let by_streak = if self.backoff.streak.length > 1 { PROBES } else { usize::MAX };
        match by_failures.min(by_streak) {
            usize::MAX => usize::MAX,
            most => most.saturating_sub(self.starting_workers()),
        }
    }

    /// Whether no worker at all may be started now.
    pub(super) fn is_pausing(&self) -> bool {
        self.backoff.streak.not_before > self.now
    }

    /// The end of the pause that the next worker waits for, if one waits. It counts chunks that have begun without anybody
    /// having seen it, so the pause may end for nothing, once.
    pub(super) fn pause_ends(&self) -> Option<Duration> {
        let first_pausing = self.workers.pausing().next();
        let may_start = !matches!(self.closing, Closing::Terminate(_) | Closing::Done);
        if !may_start || !self.is_pausing() && first_pausing.is_none() {
            return None;
        }
        let (startable, ordered) = (self.workers.of(Kind::Startable), self.queue.with_ordered());
        let with_own = startable.count_in_both(ordered);
        let for_others = startable.len() - with_own;
        let shared = (self.queue.shared_count() + self.workers.stealable_count())
            .saturating_sub(self.starting_workers());
        let pool = self.backoff.streak.not_before;
        if self.is_pausing() && (with_own > 0 || shared > 0 && for_others > 0) {
            return Some(pool);
        }
        // A worker that has to wait is the last choice.
        let is_wanted = |worker_id: WorkerId| shared > for_others || ordered.contains(worker_id);
        let next = self.workers.pausing().find(|(_, worker_id)| is_wanted(*worker_id));
        next.map(|(until, _)| until.max(pool))
    }
}
