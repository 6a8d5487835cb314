//! The handshake that lets a side sleep without missing what the other one publishes, and rings only when it sleeps.
//!
//! Each side has a flag word that says "I sleep". The bell itself (an eventfd, a condition variable) is somebody else's.
//!
//! | sleeper | waker |
//! |---|---|
//! | silence the bell | publish (move a ring's counter) |
//! | [`arm`](Doorbell::arm): flag = 1, fence | [`should_ring`](Doorbell::should_ring): fence, flag is 1? then take it to 0 |
//! | look again at the condition; sleep only if nothing is there | ring the bell if that succeeded |
//! | [`disarm`](Doorbell::disarm) | |
//!
//! **No wake-up is lost** (Dekker's argument). Each side writes its own word, passes a sequentially consistent fence, then
//! reads the other's word. The two fences have one order. If the sleeper's is first, the waker reads the flag as 1 and
//! rings. If the waker's is first, the sleeper's second look sees what was published and it does not sleep. Release and
//! acquire alone allow both to read the old value: that is the one reason for `SeqCst` in this crate. JavaScript's `Atomics`
//! are sequentially consistent operations and may stand on either side in place of a relaxed access and its fence.
//!
//! **Rings are spare, never short.** A flag taken to 0 is always followed by a ring, and the bell stays rung until it is
//! silenced; so a sleeper that woke for another reason in between finds at worst a ring with nothing behind it. It must
//! silence the bell *before* it arms: silencing later could swallow the ring that answers this very arming. If the waker
//! dies between taking the flag and ringing, its death is what wakes the sleeper.
//!
//! The flag is changed by swaps alone. Stores would do for the sleeper, since nothing can come between the two halves of
//! the waker's swap; but loom does not know that of a store, and reports a wake-up lost that no machine loses.

use crate::sync::atomic::{AtomicU32, Ordering, fence};

/// The flag of one sleeping side; a view of a word that both processes share.
#[derive(Clone, Copy, Debug)]
pub struct Doorbell<'a> {
    flag: &'a AtomicU32,
}

impl<'a> Doorbell<'a> {
    /// Views `flag`: 1 while its owner sleeps or is about to, else 0.
    pub const fn new(flag: &'a AtomicU32) -> Self {
        Self { flag }
    }

    /// Sleeper: announces the sleep. The caller then looks again at what it waits for, and sleeps only if that is absent.
    pub fn arm(self) {
        self.flag.swap(1, Ordering::Relaxed);
        // SeqCst pairs with the fence in `should_ring`; see the argument above.
        fence(Ordering::SeqCst);
    }

    /// Sleeper: is awake again, so that nobody rings needlessly.
    pub fn disarm(self) {
        self.flag.swap(0, Ordering::Relaxed);
    }

    /// Waker: to be asked after publishing; `true` obliges the caller to ring the bell. One of several askers gets it.
    #[must_use = "the flag is taken: whoever gets `true` must ring"]
    pub fn should_ring(self) -> bool {
        // SeqCst pairs with the fence in `arm`; it also keeps the publication before the look at the flag.
        fence(Ordering::SeqCst);
        // Looking before taking leaves the line shared while the other side is awake, the usual case.
        self.flag.load(Ordering::Relaxed) == 1 && self.flag.swap(0, Ordering::Relaxed) == 1
    }
}
