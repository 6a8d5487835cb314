//! The waiting thread is patient while the event loop is awake.
//!
//! While JavaScript runs, nobody waits for the results of an unfinished chunk: the submitter collects them when its loop comes round. If each
//! of them woke the waiting thread, a lazy call of short tasks would spend a third of the parent's CPU time in it. So the thread arms a worker's
//! flag with [`PATIENT`](crate::channel::doorbell::PATIENT). The worker then notifies it in three cases only: a chunk has ended, so there is
//! room for the next one; it sends something other than a result; or its ring is half full.
//!
//! Before the loop sleeps it ends the patience with each worker in the list, and reads what has come meanwhile. The thread arms a flag first and
//! adds the worker to the list afterwards. So two orders are possible:
//!
//! - The loop finds the worker in the list. Then the flag is armed, and the loop changes it.
//! - The loop has emptied the list before. Then the thread sees that the loop sleeps, and listens without patience; or the loop is awake, and
//!   finds the worker before it sleeps.
//!
//! A program that asks for counts while its loop is awake ends the patience too, so that it sees them grow.
//!
//! Where no event loop watches the workers, nobody ever says that it is awake, and there is no patience.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Mutex;

use super::Listener;
use crate::channel::doorbell::Doorbell;
use crate::lock::lock;
use crate::pool::Shared;
use crate::pool::failing::lost;
use crate::scheduler::WorkerId;
use crate::sync::atomic::{AtomicBool, Ordering};

/// With whom the waiting thread is patient.
#[derive(Debug, Default)]
pub(in crate::pool) struct Patience {
    loop_is_awake: AtomicBool,
    /// Since the loop was last about to sleep.
    workers: Mutex<BTreeSet<WorkerId>>,
}

impl Patience {
    /// The event loop is awake, so it will be about to sleep again.
    pub(super) fn loop_wakes(&self) {
        self.loop_is_awake.store(true, Ordering::Relaxed);
    }

    fn is_possible(&self) -> bool {
        self.loop_is_awake.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// The waiting thread listens to a worker from now on, after one more look at its ring.
    pub(super) fn arm_for_thread(&self, worker_id: WorkerId, asleep: Doorbell<'_>) {
        if !self.patience.is_possible() {
            return asleep.arm_for(Listener::Thread as u32);
        }
        let note = || {
            lock(&self.patience.workers).insert(worker_id);
        };
        asleep.arm_patiently(note, || self.patience.is_possible());
    }

    /// The event loop is about to sleep. From now on each result wakes somebody.
    pub(super) fn sleep_impatiently(&self) {
        self.patience.loop_is_awake.store(false, Ordering::Relaxed);
        // The lock of the list makes this visible to a thread that adds a worker after the list was emptied.
        self.end_patience(Listener::Loop);
    }

    /// Somebody asks for counts. What was gathered is submitted, and what workers have sent is read soon.
    pub(in crate::pool) fn catch_up(&self) {
        self.submit_gathered();
        self.end_patience(Listener::Thread);
    }

    /// What has come from workers with which the waiting thread was patient is read by `reader`, as if they had notified it.
    pub(super) fn end_patience(&self, reader: Listener) {
        let workers = mem::take(&mut *lock(&self.patience.workers));
        for worker_id in workers {
            if !self.handles[worker_id.index()].end_patience(reader) {
                self.fail(&lost(&format!("a bell of worker {worker_id}")));
            }
        }
    }
}
