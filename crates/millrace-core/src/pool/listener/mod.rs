//! Who listens now: the pool's waiting thread, or the submitter's own event loop.
//!
//! A worker notifies the parent when it has published something and nobody is reading its ring. It has two bells: bell 1 wakes the waiting
//! thread ([`waiter`]), bell 2 wakes the event loop ([`event_loop`]). One word of its status block, `PARENT_ASLEEP`, says
//! which bell to notify. The word is a [`doorbell`](crate::channel::doorbell) and has five values:
//!
//! | value | meaning |
//! |---|---|
//! | 0 | somebody reads the ring, or a notification is on its way; the worker notifies nobody |
//! | 1 | the waiting thread listens |
//! | 2 | the event loop listens |
//! | 3 | the event loop looks at this word before it sleeps; the worker takes it to 0 and notifies nobody |
//! | 4 | as 1, but results of an unfinished chunk notify nobody, until they fill half of the ring ([`patience`]) |
//!
//! # The protocol
//!
//! 1. The spawner sets the word to 1 before the worker exists. The waiting thread listens first.
//! 2. When the event loop is about to sleep, it first takes each 4 away ([`patience`]). If a task is in flight, it changes each 1 to a 2 with one compare-and-exchange
//!    ([`Pool::before_loop_sleeps`](super::Pool::before_loop_sleeps)). From then on no thread stands between the worker's bell and the code
//!    that waits for the result. A thread in between would cost each round trip one more wake-up. Before it does so, it may look for
//!    a short time ([`spin`]): each 1 or 2 becomes a 3, and then a 2, or it has become a 0 and the loop does not sleep.
//! 3. The worker publishes, swaps the word to 0, and notifies the bell whose number it found.
//! 4. The reader clears that bell, sets the word to 0, and takes in everything that is in the ring ([`inbound`]). Then it
//!    writes its own number into the word and looks at the ring once more, so that no wake-up is lost. Only one reader holds
//!    the lock of a worker's inbound half.
//! 5. The event loop never waits for that lock. If the waiting thread holds it, the loop notifies bell 1, and the thread looks
//!    again.
//! 6. When the loop wakes up for any other reason, it takes in what it has been notified of since
//!    ([`Pool::after_loop_wakes`](super::Pool::after_loop_wakes)).
//!
//! Nothing tells the pool that the event loop is busy with other JavaScript, perhaps for seconds. So a worker that has run out
//! of work, or is blocked on a full ring, and was not read for 5 ms notifies bell 1 as well. The waiting thread then reads its
//! ring and writes a 4. It stays the listener until the loop is about to sleep again.
//!
//! A reader takes in a limited number of frames and bytes before other workers get their turn. If it stops before the end, it
//! notifies bell 1 itself.
//!
//! Deaths, control sockets, output and deadlines always belong to the waiting thread.

mod common_bells;
mod event_loop;
mod inbound;
mod patience;
mod run;
mod spin;
mod waiter;

pub(super) use common_bells::CommonBells;
pub(super) use inbound::Inbound;
pub(super) use patience::Patience;
pub(super) use spin::LoopSpin;
pub(super) use waiter::{WAKE, Waiter};

use super::record_queue::Wake;

/// Who reads, and listens to the worker afterwards: the number of its bell in the worker's flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listener {
    /// The pool's waiting thread.
    Thread = 1,
    /// The submitter's event loop, which collects what it took in.
    Loop = 2,
}

impl Listener {
    fn wake(self) -> Wake {
        match self {
            Self::Thread => Wake::Yes,
            Self::Loop => Wake::No,
        }
    }
}
