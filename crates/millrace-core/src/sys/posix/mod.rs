//! What every POSIX system has: pipes, `poll`, stream sockets, shared memory objects, `waitid`. On macOS a kqueue tells of deaths.
//!
//! It costs more than Linux's own module. A bell has two descriptors. A listener has one pipe for all workers, so it looks at each
//! of them when it is notified. And without a kqueue a thread waits for each worker.

mod bell;
mod connection;
mod death;
#[cfg(target_os = "macos")]
mod kqueue;
mod memory;
mod parent;
mod poller;
mod streams;

pub use bell::Bell;
pub(super) use connection::{Inbox, SOCKET_TYPE, connection, kill_at_end_of, send, try_recv};
pub(super) use death::Death;
pub(super) use memory::{check, file_of};
pub use parent::{own_pidfd, wait_until_gone};
pub use poller::Poller;
pub(super) use streams::{before_hiding, reopen};

/// All workers notify a listener by one bell, so it looks at each of them.
pub const ONE_BELL_FOR_ALL: bool = true;
