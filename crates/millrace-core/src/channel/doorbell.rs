//! The handshake that lets a side sleep without missing what the other one publishes, and notifies only when it sleeps.
//!
//! Each side has a flag word that says "I sleep". The bell itself (an eventfd, a condition variable) is somebody else's.
//!
//! | sleeper | waker |
//! |---|---|
//! | clear the bell | publish (move a ring's counter) |
//! | [`arm`](Doorbell::arm): flag = 1, fence | [`should_notify`](Doorbell::should_notify): fence, flag is 1? then take it to 0 |
//! | look again at the condition; sleep only if nothing is there | notify the bell if that succeeded |
//! | [`disarm`](Doorbell::disarm) | |
//!
//! **No wake-up is lost** (Dekker's argument). Each side writes its own word, passes a sequentially consistent fence, then
//! reads the other's word. The two fences have one order. If the sleeper's is first, the waker reads the flag as 1 and
//! notifies. If the waker's is first, the sleeper's second look sees what was published and it does not sleep. Release and
//! acquire alone allow both to read the old value: that is the one reason for `SeqCst` in this crate. JavaScript's `Atomics`
//! are sequentially consistent operations and may stand on either side in place of a relaxed access and its fence.
//!
//! **A notification may be superfluous, but never missing.** A flag taken to 0 is always followed by a notification, and the bell
//! keeps it until the bell is cleared. So a sleeper that woke for another reason in between finds at worst a notification with
//! nothing behind it. It must clear the bell *before* it arms: clearing later could lose the notification that answers this very
//! arming. If the waker dies between taking the flag and notifying, its death is what wakes the sleeper.
//!
//! **Two bells for one sleeper.** A sleeper that can be woken in two ways says in its flag which bell it waits for: 1 or 2.
//! Going over from one to the other is one compare-and-exchange on an armed flag ([`hand_over`](Doorbell::hand_over)):
//! whoever publishes takes either number and notifies that bell, so nothing has to be looked at again. In the same way a sleeper can say
//! that it spins ([`SPINNING`]): it looks at the flag itself until that is taken, and whoever takes it notifies nobody. It has to
//! go over to a bell before it sleeps.
//!
//! **What can wait wakes nobody.** A sleeper whose news are not urgent says [`PATIENT`]. Whoever publishes something that can wait leaves that
//! flag as it is, and the sleeper's own event loop looks at the condition before it sleeps ([`end_patience`](Doorbell::end_patience)). The same
//! argument holds for that: it changes the flag, passes a fence and looks, and whoever publishes passes a fence and reads the flag.
//!
//! The flag is changed by swaps alone. Stores would do for the sleeper, since nothing can come between the two halves of
//! the waker's swap; but loom does not know that of a store, and reports a wake-up lost that no machine loses.

use crate::sync::atomic::{AtomicU32, Ordering, fence};

/// The number of no bell: the sleeper looks at its flag until that is taken.
pub const SPINNING: u32 = 3;
/// As 1, but what can wait does not take the flag.
pub const PATIENT: u32 = 4;

/// The flag of one sleeping side; a view of a word that both processes share.
#[derive(Clone, Copy, Debug)]
pub struct Doorbell<'a> {
    flag: &'a AtomicU32,
}

impl<'a> Doorbell<'a> {
    /// Views `flag`: 0 while its owner is awake, else the number of the bell it waits for.
    pub const fn new(flag: &'a AtomicU32) -> Self {
        Self { flag }
    }

    /// Sleeper: announces the sleep. The caller then looks again at what it waits for, and sleeps only if that is absent.
    pub fn arm(self) {
        self.arm_for(1);
    }

    /// Sleeper: as [`arm`](Self::arm), and waits for bell `bell`, which is not 0.
    pub fn arm_for(self, bell: u32) {
        self.flag.swap(bell, Ordering::Relaxed);
        // SeqCst pairs with the fence in `should_notify`; see the argument above.
        fence(Ordering::SeqCst);
    }

    /// Sleeper: is awake again, so that nobody notifies it needlessly.
    pub fn disarm(self) {
        self.flag.swap(0, Ordering::Relaxed);
    }

    /// Waker: to be asked after publishing; `true` obliges the caller to notify the bell. One of several askers gets it.
    #[must_use = "the flag is taken: whoever gets `true` must notify"]
    pub fn should_notify(self) -> bool {
        self.bell_to_notify() != 0
    }

    /// Waker: as [`should_notify`](Self::should_notify), for a sleeper with two bells: the number of the one to notify, or 0. A sleeper
    /// that spins is notified by the look at the flag itself.
    #[must_use = "the flag is taken: whoever gets a number must notify"]
    pub fn bell_to_notify(self) -> u32 {
        self.bell_to_notify_if(|| true)
    }

    /// Waker: as [`bell_to_notify`](Self::bell_to_notify). A sleeper that is [`PATIENT`] is notified if what was published `is_urgent`.
    #[must_use = "the flag is taken: whoever gets a number must notify"]
    pub fn bell_to_notify_if(self, is_urgent: impl FnOnce() -> bool) -> u32 {
        // SeqCst pairs with the fences in `arm` and `end_patience`; it also keeps the publication before the look at the flag.
        fence(Ordering::SeqCst);
        // Looking before taking leaves the line shared while the other side is awake, the usual case.
        match self.flag.load(Ordering::Relaxed) {
            0 => return 0,
            PATIENT if !is_urgent() => return 0,
            _ => {}
        }
        match self.flag.swap(0, Ordering::Relaxed) {
            SPINNING => 0,
            PATIENT => 1,
            bell => bell,
        }
    }

    /// Sleeper: waits for bell `to` from now on, not for bell `from`. `false` when it did not sleep at `from`.
    pub fn hand_over(self, from: u32, to: u32) -> bool {
        // Relaxed: it publishes nothing. Whoever armed the flag has looked at the condition since.
        self.flag.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Sleeper: is [`PATIENT`] from now on, and says so by `note`, for those who call [`end_patience`](Self::end_patience). If patience is not
    /// possible any more, the sleeper waits for bell 1. It must look at the condition once more afterwards, as with [`arm_for`](Self::arm_for).
    pub fn arm_patiently(self, note: impl FnOnce(), is_possible: impl FnOnce() -> bool) {
        // Armed before it is noted: whoever finds the note must find the flag as well, because it takes the note away.
        self.arm_for(PATIENT);
        note();
        if !is_possible() {
            // Either of the two may be the one that changes the flag, and both look at the condition afterwards.
            self.hand_over(PATIENT, 1);
            fence(Ordering::SeqCst);
        }
    }

    /// Sleeper: is not [`PATIENT`] any more, and waits for bell 1. If it was, `is_there` tells whether what it waits for was published
    /// meanwhile. `true`: it was, and the flag is taken, so the caller must notify.
    #[must_use = "the flag is taken: whoever gets `true` must notify"]
    pub fn end_patience(self, is_there: impl FnOnce() -> bool) -> bool {
        if !self.hand_over(PATIENT, 1) {
            return false;
        }
        // SeqCst pairs with the fence in `bell_to_notify_if`: whoever left the flag alone has published before the look here.
        fence(Ordering::SeqCst);
        is_there() && self.hand_over(1, 0)
    }

    /// Sleeper: whether the flag was taken: a notification has come or is about to.
    pub fn is_taken(self) -> bool {
        self.flag.load(Ordering::Relaxed) == 0
    }
}
