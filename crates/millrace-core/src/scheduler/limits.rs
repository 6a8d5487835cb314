//! Time limits of running tasks, and the time that running tasks of a cancelled call have to end.
//!
//! A worker writes to a word of its own when it begins a task that has a limit. The parent looks at the word when the task may be
//! late for the first time, and not before. So it looks once per limit while tasks are in time, and never if no task has a limit.
//!
//! A worker that has to load the function first writes when it began to load, and then when the task began. Loading has a limit
//! of its own, the time that a worker may take to start, whether or not the task has one.
//!
//! The parent trusts the word only so far: a task is late at the latest when the parent has seen the worker on it for the sum of
//! both limits.

use std::time::Duration;

use super::ids::WorkerId;
use super::worker::{Late, Worker};
use super::{Began, Claims, ExitReason, Scheduler};

/// The shortest time between two looks at a worker.
const GRAIN: Duration = Duration::from_millis(10);

impl Scheduler {
    /// The workers on which a task may be late at `now`. The caller handles what they have sent before it calls
    /// [`Self::expire_limits`].
    pub fn overdue(&self, now: Duration) -> Vec<WorkerId> {
        let mut due = self.workers.due(now);
        due.retain(|worker_id| self.workers[worker_id.index()].is_look_due(now));
        due
    }

    /// Condemns those of `workers` whose task is late, or has outlived its call for too long. Their deaths settle the tasks.
    pub fn expire_limits(&mut self, workers: &[WorkerId]) {
        for worker_id in workers.iter().copied() {
            let mut worker = self.workers.at(worker_id);
            let reason = worker
                .is_look_due(self.now)
                .then(|| worker.look(self.now, self.start_timeout))
                .flatten();
            drop(worker);
            if let Some(reason) = reason {
                self.kill(worker_id, reason);
            }
        }
    }
}

impl Worker {
    fn is_look_due(&self, now: Duration) -> bool {
        self.look_at.is_some_and(|at| at <= now)
    }

    /// A chunk was sent at `now`: its tasks cannot be late before their limit has passed.
    pub(super) fn look_after(&mut self, now: Duration, limit: Duration) {
        self.look_by(first_look(now, limit));
    }

    /// Something may have to be done about a task at that time.
    pub(super) fn look_by(&mut self, at: Duration) {
        self.look_at = Some(self.look_at.map_or(at, |before| before.min(at)));
    }

    /// Looks for a task that has to be killed, and notes when to look again. Returns why the worker was condemned, if it was.
    fn look(&mut self, now: Duration, load_limit: Option<Duration>) -> Option<ExitReason> {
        self.look_at = None;
        let claims = self.claims.clone().filter(|_| !self.is_dying)?;
        if self.outstays(now, claims.as_ref()) {
            return Some(ExitReason::Aborted);
        }
        let task = claims.current_task();
        let due = self.due(task, now, claims.as_ref(), load_limit);
        if due.is_none_or(|due| due.at > now) {
            let ends = self.in_flight.iter().filter_map(|sent| sent.kill_at);
            let running = due.map(|due| due.look_at);
            let waiting = self.first_look_at_waiting(task, now, load_limit);
            self.look_at = ends.chain(running).chain(waiting).min();
            return None;
        }
        if claims.condemn(task, task).is_none() {
            self.look_at = Some(now + GRAIN);
            return None;
        }
        self.late = Some(Late { task, loading: due.and_then(|due| due.loading) });
        Some(ExitReason::Timeout)
    }

    /// Whether it was condemned for a task of a cancelled call whose grace period is over.
    fn outstays(&mut self, now: Duration, claims: &dyn Claims) -> bool {
        let mut is_condemned = false;
        for place in 0..self.in_flight.len() {
            if self.in_flight[place].kill_at.is_some_and(|at| at <= now) {
                self.in_flight.change(place, |sent| sent.kill_at = None);
                let sent = &self.in_flight[place];
                // If it is elsewhere, it has left the chunk, or drops it.
                is_condemned |= claims.condemn(sent.first_task, sent.last_task()).is_some();
            }
        }
        is_condemned
    }

    /// When `task`, which was begun last, is late. `None` if it has no limit or is over.
    fn due(
        &mut self,
        task: u32,
        now: Duration,
        claims: &dyn Claims,
        load_limit: Option<Duration>,
    ) -> Option<Due> {
        let began = began(claims, now);
        let sent = self.in_flight.iter().find(|sent| sent.is_open(task))?;
        let loading = load_limit.filter(|_| began.is_loading);
        let limit = loading.or(sent.chunk.limit)?;
        let seen = self.watched.filter(|(watched, _)| *watched == task);
        let (_, seen_at) = *self.watched.insert(seen.unwrap_or((task, now)));
        let other = if loading.is_none() { load_limit.unwrap_or_default() } else { Duration::ZERO };
        let due = began.at.max(sent.sent_at).saturating_add(limit);
        let at = due.min(seen_at.saturating_add(limit).saturating_add(other));
        // A task that is still loading may begin at any time.
        let begins = sent.chunk.limit.filter(|_| loading.is_some());
        let look_at = begins.map_or(at, |limit| at.min(first_look(now, limit)));
        Some(Due { at, look_at, loading })
    }

    /// When a task in flight other than `task` may be late for the first time: none of them has begun.
    fn first_look_at_waiting(
        &self,
        task: u32,
        now: Duration,
        load_limit: Option<Duration>,
    ) -> Option<Duration> {
        let waiting = self.in_flight.iter().filter(|sent| !sent.is_open(task));
        let limits = waiting.filter_map(|sent| {
            sent.chunk.limit.or_else(|| load_limit.filter(|_| sent.brings_function))
        });
        limits.min().map(|limit| first_look(now, limit))
    }
}

/// When a task that begins at `now`, at the earliest, may be late.
fn first_look(now: Duration, limit: Duration) -> Duration {
    now.saturating_add(limit.max(GRAIN))
}

/// When a task is late.
#[derive(Debug, Clone, Copy)]
struct Due {
    at: Duration,
    /// When to look again if it is not late yet.
    look_at: Duration,
    /// The limit of loading the function, if that is the one.
    loading: Option<Duration>,
}

/// What the worker has noted last.
struct Noted {
    at: Duration,
    is_loading: bool,
}

fn began(claims: &dyn Claims, now: Duration) -> Noted {
    let Began { ms, is_loading } = claims.began();
    let age = (now.as_millis() as u32).wrapping_sub(ms).cast_signed();
    // A time in the future is not trusted.
    let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
    Noted { at: now.saturating_sub(age), is_loading }
}
