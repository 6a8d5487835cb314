//! The one way out when the pool itself cannot go on: a thread of it has panicked, or other code of the process has closed one
//! of its descriptors.
//!
//! Who collects records is told the reason, the workers are killed, and the end is reported as that of any pool.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use super::Shared;
use super::spawner::Request;
use super::worker_handle::WorkerHandle;
use crate::lock::lock;
use crate::scheduler::{Death, Scheduler, WorkerId};
use crate::sync::atomic::Ordering;
use crate::sys::{AsFd, Bell};

/// How long killed processes are waited for.
const BOUND: Duration = Duration::from_millis(900);

/// Why a pool fails whose descriptor is gone.
pub(super) fn lost(what: &str) -> String {
    format!(
        "the descriptor of {what} is not the pool's any more: other code of this process has closed it"
    )
}

impl Shared {
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::SeqCst)
    }

    /// Ends the pool for `reason`; the first one counts. It may be called with a handle's locks held, and never blocks.
    pub(super) fn fail(&self, reason: &str) {
        if self.has_failed.swap(true, Ordering::SeqCst) {
            return;
        }
        self.records.push_failed(reason);
        // A second panic changes nothing: everything open is settled by the record, and the processes are killed below.
        let _ = catch_unwind(AssertUnwindSafe(|| self.drive(Scheduler::fail)));
        let spawner = lock(&self.spawner).take();
        // The spawner waits for the processes. Without one there was no worker, or the pool has ended.
        if spawner.is_none_or(|spawner| spawner.send(Request::End).is_err()) {
            self.drive(Scheduler::abandon);
        }
        self.wake_waiter();
    }

    /// Runs `work`. A panic in it is the end of the pool.
    pub(super) fn guard<R>(&self, work: impl FnOnce() -> R) -> Result<R, Box<dyn Any + Send>> {
        catch_unwind(AssertUnwindSafe(work))
            .inspect_err(|panic| self.fail(&describe(panic.as_ref())))
    }

    /// As [`Self::guard`]; the panic goes on afterwards.
    pub(super) fn guarded<R>(&self, work: impl FnOnce() -> R) -> R {
        self.guard(work).unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// The scheduler. One whose holder has panicked may be in any state: it is replaced by one that has ended.
    pub(super) fn scheduler(&self) -> MutexGuard<'_, Scheduler> {
        self.scheduler.lock().unwrap_or_else(|poisoned| {
            let mut scheduler = poisoned.into_inner();
            *scheduler = Scheduler::failed(self.config.worker_count, self.started_at.elapsed());
            self.scheduler.clear_poison();
            scheduler
        })
    }

    /// Has the waiting thread look around.
    pub(super) fn wake_waiter(&self) {
        if self.wake.try_notify() {
            return;
        }
        self.fail(&lost("the waiting thread's bell"));
        // It sleeps in the poller, which watches another bell as well. Where that is gone too, nobody can wake the thread.
        if let (Some(poller), Ok(bell)) = (self.poller.get(), Bell::new()) {
            bell.notify();
            let bell = self.second_wake.get_or_init(|| bell);
            let _ = poller.add(bell.as_fd(), super::listener::WAKE);
        }
    }

    /// Kills all workers, waits for their ends, and reports that of the pool.
    pub(super) fn end_processes(&self) {
        let processes: Vec<_> =
            WorkerId::all().zip(self.handles.iter().map(WorkerHandle::process)).collect();
        let processes = || {
            processes
                .iter()
                .filter_map(|(worker_id, process)| Some((*worker_id, process.as_ref()?)))
        };
        processes().for_each(|(_, process)| process.kill());
        let until = Instant::now() + BOUND;
        for (worker_id, process) in processes() {
            process.child.is_dead_within(until.saturating_duration_since(Instant::now()));
            if let Some(exit) = process.child.reap() {
                let death = Death { code: exit.code, signal: exit.signal, ..Death::default() };
                // The waiting thread may have been quicker; nothing is started any more, so it is still the same worker.
                self.drive(|scheduler| scheduler.died(worker_id, &death));
            }
        }
        self.handles.iter().for_each(WorkerHandle::disconnect);
        self.drive(Scheduler::abandon);
    }
}

fn describe(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a thread of the pool has panicked: {}", text.unwrap_or("it did not say why"))
}

#[cfg(all(test, target_os = "linux", not(loom)))]
pub(super) mod tests;
