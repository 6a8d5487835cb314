//! The only way out if the pool itself cannot go on: one of its threads has panicked, or other code of the process has closed one
//! of its descriptors.
//!
//! A record gives the reason, the workers are killed, and the end of the pool is reported as always.

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

/// How long to wait for killed processes.
const BOUND: Duration = Duration::from_millis(900);

/// The reason of a failure because a descriptor is gone.
pub(super) fn lost(what: &str) -> String {
    format!(
        "the descriptor of {what} is not the pool's any more: other code of this process has closed it"
    )
}

impl Shared {
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::SeqCst)
    }

    /// Ends the pool for `reason`. Only the first reason counts. It never blocks, and may be called with a handle's locks
    /// held.
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

    /// The scheduler. If a thread has panicked under its lock, its state is unknown: a scheduler that has ended replaces it.
    pub(super) fn scheduler(&self) -> MutexGuard<'_, Scheduler> {
        self.scheduler.lock().unwrap_or_else(|poisoned| {
            let mut scheduler = poisoned.into_inner();
            *scheduler = Scheduler::failed(self.handles.len() as u32, self.started_at.elapsed());
            self.scheduler.clear_poison();
            scheduler
        })
    }

    /// Wakes the waiting thread.
    pub(super) fn wake_waiter(&self) {
        if self.wake.try_notify() {
            return;
        }
        self.fail(&lost("the waiting thread's bell"));
        // The thread sleeps in the poller, which can watch another bell as well. If the poller is gone too, nobody can
        // wake the thread.
        if let (Some(poller), Ok(bell)) = (self.poller.get(), Bell::new()) {
            bell.notify();
            let bell = self.second_wake.get_or_init(|| bell);
            let _ = poller.add(bell.as_fd(), super::listener::WAKE);
        }
    }

    /// Kills all workers, waits for their ends, and reports the end of the pool.
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
                let resident_bytes = process.killed_with().unwrap_or(0);
                let (code, signal) = (exit.code, exit.signal);
                let death = Death { code, signal, resident_bytes, ..Death::default() };
                // The waiting thread may have been faster. Nothing is started any more, so it is still the same
                // worker.
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
