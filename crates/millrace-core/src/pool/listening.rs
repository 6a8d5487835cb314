//! The submitter's own event loop as a listener.
//!
//! A loop that is about to sleep hears the workers itself, so that no thread stands between a worker's bell and whoever
//! waits for its result; a thread in between costs each round trip a wake-up. While the loop is awake, and may be busy
//! with anything, the waiting thread hears them. A worker finds in its flag which of its two bells to ring (see
//! [`doorbell`]). Each worker has bells of its own: what it does to them concerns nobody else.
//!
//! [`doorbell`]: crate::doorbell

use std::time::Duration;

use super::Pool;
use super::outcomes::Notice;
use crate::sync::atomic::Ordering;
use crate::sys::Poller;

const THREAD_BELL: u32 = 1;
const LOOP_BELL: u32 = 2;

impl Pool {
    /// Readable when a worker has rung for the loop.
    pub fn loop_ears(&self) -> &Poller {
        &self.shared.loop_ears
    }

    /// The loop is about to sleep. [`Self::loop_wakes`] has to follow on the same thread.
    pub fn loop_sleeps(&self) {
        let is_worth_it = self.shared.has_hands.load(Ordering::Relaxed);
        self.shared.loop_listens.store(is_worth_it, Ordering::Relaxed);
        if is_worth_it {
            for post in &self.shared.posts {
                post.change_bell(THREAD_BELL, LOOP_BELL);
            }
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
        self.take_over(rung)
    }

    /// The loop is awake, for whatever reason. As [`Self::loop_hears`].
    pub fn loop_wakes(&self) -> bool {
        self.take_over(Vec::new())
    }

    /// The waiting thread hears the workers again; what was sent to the loop is taken in, `first` first.
    fn take_over(&self, first: Vec<usize>) -> bool {
        let shared = &*self.shared;
        if !shared.loop_listens.swap(false, Ordering::Relaxed) {
            return false;
        }
        let mut has_sent: Vec<bool> =
            shared.posts.iter().map(|post| post.change_bell(LOOP_BELL, THREAD_BELL)).collect();
        for worker in first.into_iter().chain(0..shared.posts.len()) {
            if std::mem::take(&mut has_sent[worker]) {
                shared.posts[worker].take_in(shared, Notice::Spare);
                shared.posts[worker].pump();
            }
        }
        shared.outcomes.has_records()
    }
}
