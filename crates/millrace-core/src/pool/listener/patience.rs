//! The waiting thread is patient while the event loop is awake.
//!
//! While JavaScript runs, nobody waits for the results of a chunk that goes on: the submitter collects them when its loop comes round. If each
//! of them woke the waiting thread, a lazy call of short tasks would spend a third of the parent's CPU time in it. So the thread arms a worker's
//! flag with [`PATIENT`]. The worker then notifies it only of the end of a chunk, which makes room for the next one, of whatever else is no
//! result, and when its ring is half full.
//!
//! Before the loop sleeps it ends the patience with each such worker, and reads what has come meanwhile. Two orders are possible:
//!
//! - The thread arms the flag first. Then the loop finds the worker in the list, because the thread adds it before it arms.
//! - The loop says first that it sleeps. Then the thread sees that after it has armed, and listens without patience.
//!
//! A program that asks for counts while its loop is awake ends the patience too, so that it sees them grow.
//!
//! Where no event loop watches the workers, nobody ever says that it is awake, and there is no patience.

use std::collections::BTreeSet;
use std::mem;
use std::sync::Mutex;

use super::Listener;
use crate::channel::doorbell::{Doorbell, PATIENT};
use crate::lock::lock;
use crate::pool::Shared;
use crate::pool::failing::lost;
use crate::scheduler::WorkerId;
use crate::sync::atomic::{AtomicBool, Ordering, fence};

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
        lock(&self.patience.workers).insert(worker_id);
        // It passes a fence, which pairs with that in `sleep_impatiently`.
        asleep.arm_for(PATIENT);
        if !self.patience.is_possible() {
            // Either of the two may be the one that changes the flag, and both look at the ring afterwards.
            asleep.hand_over(PATIENT, Listener::Thread as u32);
            fence(Ordering::SeqCst);
        }
    }

    /// The event loop is about to sleep. From now on each result wakes somebody.
    pub(super) fn sleep_impatiently(&self) {
        self.patience.loop_is_awake.store(false, Ordering::Relaxed);
        // SeqCst pairs with the fence in `Doorbell::arm_for`: the thread sees that the loop sleeps, or the loop sees the worker in the list.
        fence(Ordering::SeqCst);
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
