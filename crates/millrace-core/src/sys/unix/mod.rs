//! What Linux and the other POSIX systems share. What differs comes from `sys::system`.

mod child;
mod control;
mod descriptor;
mod memory;
mod message;
mod object;
mod pipe;
mod process;
mod region;
mod signals;
mod spawn;
mod spawn_setup;
mod streams;
mod symbols;
mod time;
#[cfg(not(target_os = "macos"))]
mod waiting_thread;

pub use child::Child;
pub use control::{Control, Control as Line};
pub(super) use descriptor::{Descriptor, raise};
pub use descriptor::{descriptor_limit, make_room_for_descriptors};
pub use memory::SharedMemory;
pub(super) use memory::invalid;
pub(super) use message::{receive_part, send_part};
pub(super) use object::{is_unnamed_object, unnamed_object};
pub use pipe::Pipe;
pub use process::{kill_own_group, monotonic_ms, online_cpu_count};
pub use region::RegionFile;
pub use signals::{is_self_inflicted, set_worker_signals, with_signals_blocked};
pub use spawn::launch;
pub use streams::keep_streams_at_exit;
#[cfg(millrace_system = "linux")]
pub(super) use streams::show_streams;
pub use symbols::{library_path, look_up};
pub(super) use time::whole_milliseconds;
#[cfg(not(target_os = "macos"))]
pub(super) use waiting_thread::watch_by_thread;
