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

use super::flight::InFlight;
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
        if due.is_none_or(|due| due.at.is_none_or(|at| at > now)) {
            let ends = self.in_flight.iter().filter_map(|sent| sent.kill_at);
            let running = due.and_then(|due| due.look_at);
            let waiting = self.first_look_at_waiting(task, now, load_limit);
            self.look_at = ends.chain(running).chain(waiting).min();
            return None;
        }
        if claims.condemn(task, task).is_none() {
            self.look_at = Some(now + GRAIN);
            return None;
        }
        let [loading, setting_up] = [|due: &Due| due.loading, |due: &Due| due.setting_up];
        self.late = Some(Late {
            task,
            loading: due.as_ref().and_then(loading),
            setting_up: due.as_ref().and_then(setting_up),
        });
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
        if began.is_setting_up && sent.chunk.setup.is_some() {
            return Some(setup_due(sent, began.at, now, load_limit));
        }
        let loading = load_limit.filter(|_| began.is_loading);
        let limit = loading.or(sent.chunk.limit)?;
        // It may have been seen on the task while it set itself up.
        let setting_up = sent.chunk.setup_limit().filter(|_| !self.has_set_up(&sent.chunk));
        let is_trusted = !self.has_set_up(&sent.chunk) && setting_up.is_none();
        let seen = self.watched.filter(|(watched, _)| *watched == task);
        let (_, seen_at) = *self.watched.insert(seen.unwrap_or((task, now)));
        let other = if loading.is_none() { load_limit.unwrap_or_default() } else { Duration::ZERO };
        let due = began.at.max(sent.sent_at).saturating_add(limit);
        let seen_for = limit.saturating_add(other).saturating_add(setting_up.unwrap_or_default());
        let at = if is_trusted { due } else { due.min(seen_at.saturating_add(seen_for)) };
        // A task that is still loading may begin at any time.
        let begins = sent.chunk.limit.filter(|_| loading.is_some());
        let look_at = begins.map_or(at, |limit| at.min(first_look(now, limit)));
        Some(Due { at: Some(at), look_at: Some(look_at), loading, setting_up: None })
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
            let loading = load_limit.filter(|_| sent.brings_function);
            let setting_up = sent.chunk.setup_limit().filter(|_| !self.has_set_up(&sent.chunk));
            [sent.chunk.limit.or(loading), setting_up].into_iter().flatten().min()
        });
        limits.min().map(|limit| first_look(now, limit))
    }
}

/// When a task is late whose worker sets itself up for it, since `began`. Without a limit of that, it is never late. What follows may begin at any time.
fn setup_due(sent: &InFlight, began: Duration, now: Duration, load_limit: Option<Duration>) -> Due {
    let setting_up = sent.chunk.setup_limit();
    let at = setting_up.map(|limit| began.max(sent.sent_at).saturating_add(limit));
    let limits = [sent.chunk.limit, load_limit.filter(|_| sent.brings_function)];
    let next = limits.into_iter().flatten().min().map(|limit| first_look(now, limit));
    let look_at = [at, next].into_iter().flatten().min();
    Due { at, look_at, loading: None, setting_up }
}

/// When a task that begins at `now`, at the earliest, may be late.
fn first_look(now: Duration, limit: Duration) -> Duration {
    now.saturating_add(limit.max(GRAIN))
}

/// When a task is late.
#[derive(Debug, Clone, Copy)]
struct Due {
    /// `None`: never, as long as the worker sets itself up.
    at: Option<Duration>,
    /// When to look again if it is not late yet.
    look_at: Option<Duration>,
    /// The limit of loading the function, if that is the one.
    loading: Option<Duration>,
    /// The limit of the setup, if that is the one.
    setting_up: Option<Duration>,
}

/// What the worker has noted last.
struct Noted {
    at: Duration,
    is_loading: bool,
    is_setting_up: bool,
}

fn began(claims: &dyn Claims, now: Duration) -> Noted {
    let Began { ms, is_loading, is_setting_up } = claims.began();
    let age = (now.as_millis() as u32).wrapping_sub(ms).cast_signed();
    // A time in the future is not trusted.
    let age = Duration::from_millis(u64::try_from(age).unwrap_or(0));
    Noted { at: now.saturating_sub(age), is_loading, is_setting_up }
}
