//! Linux: memfd, eventfd, epoll, pidfd. Where memfd or pidfds are refused, by Linux before 5.4 or by a sandbox, there are other
//! ways.

mod bell;
mod block_memory;
mod connection;
mod copying;
mod death;
mod memory;
mod parent;
mod poller;
mod refusal;
mod streams;

pub use bell::Bell;
pub use block_memory::{BlockMemory, BlockReader};
pub(super) use connection::{Inbox, SOCKET_TYPE, connection, kill_at_end_of, send, try_recv};
pub use copying::give_back_freed_memory;
pub(super) use death::Death;
pub(super) use memory::{check, file_of};
pub use parent::{own_pidfd, wait_until_gone};
pub use poller::Poller;
pub(super) use streams::{before_hiding, reopen};

/// A listener has a bell of each worker, and learns which worker has notified it.
pub const ONE_BELL_FOR_ALL: bool = false;
