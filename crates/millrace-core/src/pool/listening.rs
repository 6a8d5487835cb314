//! The submitter's own event loop as a listener.
//!
//! A loop that is about to sleep hears the workers itself, so that no thread stands between a worker's bell and whoever
//! waits for its result; a thread in between costs each round trip a wake-up. While the loop is awake, and may be busy
//! with anything, the waiting thread hears them. A worker finds in its flag which bell to ring (see [`doorbell`]).
//!
//! [`doorbell`]: crate::doorbell

use super::Pool;
use super::outcomes::Notice;
use super::post::Post;
use crate::sync::atomic::Ordering;
use crate::sys::{self, Bell};

const THREAD_BELL: u32 = 1;
const LOOP_BELL: u32 = 2;

impl Pool {
    /// The bell that workers ring while the loop sleeps.
    pub fn loop_bell(&self) -> &Bell {
        &self.shared.loop_bell
    }

    /// The loop is about to sleep. [`Self::loop_wakes`] has to follow on the same thread.
    pub fn loop_sleeps(&self) {
        let is_worth_it = self.shared.has_hands.load(Ordering::Relaxed);
        self.shared.loop_listens.store(is_worth_it, Ordering::Relaxed);
        if is_worth_it {
            for post in &self.shared.posts {
                let _taken = post.change_bell(THREAD_BELL, LOOP_BELL);
            }
        }
    }

    /// The loop is awake, and takes in what the workers have rung for. `true` when records wait to be collected.
    pub fn loop_wakes(&self) -> bool {
        let shared = &*self.shared;
        if !shared.loop_listens.swap(false, Ordering::Relaxed) {
            return false;
        }
        let now = sys::monotonic_micros();
        let mut rung: Vec<(u32, &Post)> = Vec::new();
        for post in &shared.posts {
            if let Some(rang_at) = post.change_bell(LOOP_BELL, THREAD_BELL) {
                rung.push((now.wrapping_sub(rang_at), post));
            }
        }
        // One bell for all of them does not tell who was first.
        rung.sort_by_key(|(ago, _)| std::cmp::Reverse(*ago));
        for (_, post) in rung {
            post.take_in(shared, Notice::Spare);
            post.pump();
        }
        shared.outcomes.has_records()
    }
}
