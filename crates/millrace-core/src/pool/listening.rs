//! The submitter's own event loop as a listener.
//!
//! A loop that waits for workers hears them itself, so that no thread stands between a worker's bell and whoever waits for
//! its result; a thread in between costs each round trip a wake-up. A worker finds in its flag which of its two bells to
//! ring (see [`doorbell`]). Each worker has bells of its own: what it does to them concerns nobody else.
//!
//! A loop may be busy with something else, perhaps for seconds, and nothing tells so. A worker that is out of work and was
//! not heard for some milliseconds therefore rings for the waiting thread as well, which then listens until the loop
//! is about to sleep the next time.
//!
//! [`doorbell`]: crate::doorbell

use std::time::Duration;

use super::Pool;
use crate::sync::atomic::Ordering;
use crate::sys::Poller;

impl Pool {
    /// Readable when a worker has rung for the loop.
    pub fn loop_ears(&self) -> &Poller {
        &self.shared.loop_ears
    }

    /// The loop is about to sleep, and listens from now on if there is something to hear.
    pub fn loop_sleeps(&self) {
        if !self.shared.has_hands.load(Ordering::Relaxed) {
            return;
        }
        self.shared.loop_listens.store(true, Ordering::Relaxed);
        for post in &self.shared.posts {
            post.listen_by_loop();
        }
    }

    /// Workers have rung for the loop: takes in what they sent, who rang first comes first. `true` when records wait to be
    /// collected.
    pub fn loop_hears(&self) -> bool {
        let mut rung = Vec::new();
        // A poller that fails has nothing to say; the flags still tell who rang.
        drop(self.shared.loop_ears.wait(&mut rung, Some(Duration::ZERO)));
        let rung: Vec<usize> = rung.into_iter().map(|worker| worker as usize).collect();
        for worker in &rung {
            self.shared.posts[*worker].silence_loop_bell();
        }
        self.take_in(rung)
    }

    /// The loop has slept and is awake, for whatever reason. As [`Self::loop_hears`].
    pub fn loop_wakes(&self) -> bool {
        self.take_in(Vec::new())
    }

    fn take_in(&self, first: Vec<usize>) -> bool {
        let shared = &*self.shared;
        // A ring may be on its way from a worker that is not among the first.
        let others = if shared.loop_listens.swap(false, Ordering::Relaxed) {
            0..shared.posts.len()
        } else {
            0..0
        };
        if first.is_empty() && others.is_empty() {
            return false;
        }
        for worker in first.into_iter().chain(others) {
            let post = &shared.posts[worker];
            if post.has_rung() {
                post.take_in_by_loop(shared);
                shared.pump(worker);
            }
        }
        shared.outcomes.has_records()
    }
}
