//! The submitter's own event loop as a listener. [The protocol](super) says when it listens.

use std::time::Duration;

use super::common_bells::COMMON;
use crate::lock::lock;
use crate::pool::failing::lost;
use crate::pool::{Pool, Shared};
use crate::scheduler::WorkerId;
use crate::sync::atomic::Ordering;
use crate::sys::BorrowedFd;

impl Pool {
    /// The descriptor that the loop watches. It is readable when a worker has notified the loop.
    pub fn loop_descriptor(&self) -> BorrowedFd<'_> {
        self.shared.loop_descriptor()
    }

    /// The loop goes round: what was gathered is submitted.
    pub fn on_loop_turn(&self) {
        let _ = self.shared.guard(|| self.shared.submit_gathered());
        self.shared.burst.end();
    }

    /// The loop is about to sleep and has nothing else to do: looks for a short time whether a worker publishes something (see
    /// [`spin`](crate::spin)). `true`: a worker has. The loop must not sleep then, and calls [`Self::after_loop_wakes`]. `None`: the
    /// pool has not looked, and the loop has lost no time.
    pub fn spin_before_loop_sleeps(&self) -> Option<bool> {
        if !self.shared.has_work_in_flight.load(Ordering::Relaxed) {
            return None;
        }
        self.shared.guard(|| self.shared.spin()).ok().flatten()
    }

    /// The loop is about to sleep. From now on it listens if something is in flight. An idle pool costs it nothing.
    pub fn before_loop_sleeps(&self) {
        let _ = self.shared.guard(|| self.shared.sleep_impatiently());
        if !self.shared.has_open.load(Ordering::Relaxed) {
            return;
        }
        // A panic has failed the pool, which is reported as its end.
        let _ = self.shared.guard(|| self.shared.before_sleep());
    }

    /// Workers have notified the loop. Handles what they sent, in the order of their notifications. Returns `true` if records
    /// wait to be collected.
    pub fn on_loop_notified(&self) -> bool {
        self.shared.patience.loop_wakes();
        self.shared.guard(|| self.shared.read_notified_by_loop()).unwrap_or(true)
    }

    /// The loop has woken up, for whatever reason. As [`Self::on_loop_notified`].
    pub fn after_loop_wakes(&self) -> bool {
        self.shared.patience.loop_wakes();
        self.shared.guard(|| self.shared.take_in_by_loop(&[])).unwrap_or(true)
    }

    /// Whether the pool has failed: its end is on its way, and nothing is read any more.
    pub fn has_failed(&self) -> bool {
        self.shared.has_failed()
    }
}

impl Shared {
    fn before_sleep(&self) {
        // This is the only moment to notice it. A thread that sleeps in a poller goes on sleeping when the poller's
        // descriptor is closed. Nobody notices a bell that was notified and then closed at once, together with its twin.
        if !self.loop_poller.is_open() {
            return self.fail(&lost("the event loop's poller"));
        }
        if !self.wake.is_open() {
            return self.fail(&lost("the waiting thread's bell"));
        }
        if self.poller.get().is_some_and(|poller| !poller.is_open()) {
            return self.fail(&lost("the waiting thread's poller"));
        }
        if self.has_work_in_flight.load(Ordering::Relaxed) {
            self.listen_by_loop();
        }
    }

    /// It hands over those workers at which something is in flight. The others have nothing to tell that is urgent.
    fn listen_by_loop(&self) {
        self.loop_listens.store(true, Ordering::Relaxed);
        let listened = self.list_busy();
        for worker_id in &listened {
            self.handles[worker_id.index()].listen_by_loop();
        }
        lock(&self.loop_spin).listened = listened;
    }

    /// The workers at which something is in flight, in the memory of the last list.
    pub(super) fn list_busy(&self) -> Vec<WorkerId> {
        let mut busy = std::mem::take(&mut lock(&self.loop_spin).listened);
        busy.clear();
        self.scheduler().list_busy(&mut busy);
        busy
    }

    fn read_notified_by_loop(&self) -> bool {
        let mut notified = Vec::new();
        if self.loop_poller.wait(&mut notified, Some(Duration::ZERO)).is_err() {
            self.fail(&lost("the event loop's poller"));
        }
        if let Some(common) = self.common_bells.as_ref().filter(|_| notified.contains(&COMMON)) {
            if !common.to_loop.clear() {
                self.fail(&lost("the event loop's bell"));
            }
            let all: Vec<WorkerId> = WorkerId::all().take(self.handles.len()).collect();
            return self.take_in_by_loop(&all);
        }
        let notified: Vec<WorkerId> =
            notified.into_iter().map(|token| WorkerId(token as u32)).collect();
        for worker_id in &notified {
            if !self.handles[worker_id.index()].clear_loop_bell() {
                self.fail(&lost(&format!("the bell of worker {worker_id}")));
            }
        }
        self.take_in_by_loop(&notified)
    }

    fn take_in_by_loop(&self, first: &[WorkerId]) -> bool {
        // A notification may be on its way from a worker that is not among the first.
        let has_listened = self.loop_listens.swap(false, Ordering::Relaxed);
        if first.is_empty() && !has_listened {
            return false;
        }
        let others = if has_listened {
            std::mem::take(&mut lock(&self.loop_spin).listened)
        } else {
            Vec::new()
        };
        for worker_id in first.iter().chain(&others).copied() {
            let handle = &self.handles[worker_id.index()];
            if handle.has_notified() {
                handle.take_in_by_loop(self);
                self.pump(worker_id);
            }
        }
        if has_listened {
            // The next list uses its memory.
            lock(&self.loop_spin).listened = others;
        }
        self.records.has_records()
    }
}
