//! Systems that nobody has written a module for: every name exists, no value can be made.

use std::ffi::{CStr, c_void};
use std::io;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};
use std::time::Duration;

use super::types::{ControlGroup, Exit, Family, Launch, Received};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

#[cfg(not(unix))]
pub use self::no_fd::{AsFd, BorrowedFd, OwnedFd};

/// Nobody notifies anybody.
pub const ONE_BELL_FOR_ALL: bool = false;

/// Memory shared with another process.
#[derive(Debug)]
pub enum SharedMemory {}

/// Memory that goes from process to process.
#[derive(Debug)]
pub enum RegionFile {}

/// Wakes a sleeping side.
#[derive(Debug)]
pub struct Bell(OwnedFd);

/// Waits for many descriptors.
#[derive(Debug)]
pub enum Poller {}

#[derive(Debug)]
pub enum Pipe {}

/// One end of a control socket.
#[derive(Debug)]
pub enum Control {}
pub use Control as Line;

/// A started process.
#[derive(Debug)]
pub enum Child {}

impl SharedMemory {
    pub fn create(_len: usize) -> io::Result<(Self, OwnedFd)> {
        not_yet()
    }

    pub fn attach(_fd: OwnedFd, _len: usize) -> io::Result<Self> {
        not_yet()
    }

    pub fn as_ptr(&self) -> NonNull<u8> {
        match *self {}
    }

    pub fn size(&self) -> usize {
        match *self {}
    }
}

impl RegionFile {
    pub fn create(_len: usize, _content: &[u8]) -> io::Result<Self> {
        not_yet()
    }

    pub fn receive(_fd: OwnedFd, _len: usize) -> io::Result<Self> {
        not_yet()
    }

    pub fn size(&self) -> usize {
        match *self {}
    }

    pub fn is_same(&self, _other: &Self) -> bool {
        match *self {}
    }

    pub fn map(&self) -> io::Result<SharedMemory> {
        match *self {}
    }

    pub fn to_pass(&self) -> io::Result<BorrowedFd<'_>> {
        match *self {}
    }
}

#[expect(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::unused_self,
    reason = "documented in sys/unix"
)]
impl Bell {
    pub fn new() -> io::Result<Self> {
        not_yet()
    }

    pub fn to_wait(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub fn to_notify(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub fn twin(&self) -> io::Result<Self> {
        not_yet()
    }

    pub fn fd_to_wait(&self) -> io::Result<OwnedFd> {
        not_yet()
    }

    pub fn fd_to_notify(&self) -> io::Result<OwnedFd> {
        not_yet()
    }

    pub fn notify(&self) {}

    pub fn is_open(&self) -> bool {
        false
    }

    pub fn try_notify(&self) -> bool {
        false
    }

    pub fn clear(&self) -> bool {
        false
    }

    pub fn wait(&self) -> bool {
        false
    }

    pub fn is_notified_within(&self, _patience: Duration) -> bool {
        false
    }
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        not_yet()
    }

    pub fn is_intact(&self) -> bool {
        match *self {}
    }

    pub fn is_open(&self) -> bool {
        match *self {}
    }

    pub fn add(&self, _fd: BorrowedFd<'_>, _token: u64) -> io::Result<()> {
        match *self {}
    }

    pub fn remove(&self, _fd: BorrowedFd<'_>) -> io::Result<()> {
        match *self {}
    }

    pub fn wait(&self, _tokens: &mut Vec<u64>, _timeout: Option<Duration>) -> io::Result<()> {
        match *self {}
    }
}

impl Control {
    pub fn pair() -> io::Result<(Self, Self)> {
        not_yet()
    }

    pub fn inherited() -> io::Result<Self> {
        not_yet()
    }

    pub fn send(&self, _bytes: &[u8], _fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        match *self {}
    }

    pub fn send_when_there_is_room(
        &self,
        _bytes: &[u8],
        _fds: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        match *self {}
    }

    pub fn to_pass(&self) -> Vec<BorrowedFd<'_>> {
        match *self {}
    }

    pub fn accept(&self, _fds: Vec<OwnedFd>) -> io::Result<Self> {
        match *self {}
    }

    pub fn try_recv(&self) -> io::Result<Received> {
        match *self {}
    }

    pub fn recv(&self) -> io::Result<Received> {
        match *self {}
    }

    pub fn hang_up(&self) {
        match *self {}
    }

    pub fn is_intact(&self) -> bool {
        match *self {}
    }
}

pub fn was_killed_for_memory(_pid: u32) -> Option<bool> {
    None
}

impl Child {
    pub fn pid(&self) -> u32 {
        match *self {}
    }

    pub fn kill_group(&self) -> bool {
        match *self {}
    }

    pub fn is_intact(&self) -> bool {
        match *self {}
    }

    pub fn is_dead_within(&self, _patience: Duration) -> bool {
        match *self {}
    }

    pub fn peak_memory(&self) -> Option<u64> {
        match *self {}
    }

    pub fn reap(&self) -> Option<Exit> {
        match *self {}
    }
}

impl Pipe {
    pub fn new() -> io::Result<(Self, OwnedFd)> {
        not_yet()
    }

    pub fn try_read(&self, _into: &mut [u8]) -> io::Result<Option<usize>> {
        match *self {}
    }
}

macro_rules! never_a_descriptor {
    ($($name:ty),*) => {$(
        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                match *self {}
            }
        }
    )*};
}
never_a_descriptor!(Poller, Pipe, Control, Child);

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Starts a process.
///
/// # Errors
/// Always `Unsupported`.
#[expect(clippy::needless_pass_by_value, reason = "the signature is that of sys/unix")]
pub fn launch(_launch: &Launch, control: Control, _family: &Family) -> io::Result<Child> {
    match control {}
}

/// A descriptor of this process.
///
/// # Errors
/// Always `Unsupported`.
pub fn own_pidfd() -> io::Result<Option<OwnedFd>> {
    not_yet()
}

/// Blocks until the other side is gone.
#[expect(clippy::needless_pass_by_value, reason = "the signature is that of sys/unix")]
pub fn wait_until_gone(control: &Control, _pidfd: Option<OwnedFd>) {
    match *control {}
}

/// Ends this process at once.
pub fn kill_own_group() -> ! {
    std::process::abort()
}

/// Sets the signals of a worker; does nothing here.
pub fn set_worker_signals() {}

/// Leaves the standard streams as they are; does nothing here.
pub fn keep_streams_at_exit() {}

/// See `sys/unix`.
pub fn is_self_inflicted(_signal: i32) -> bool {
    false
}

/// Runs `work`.
pub fn with_signals_blocked<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// The file this code was loaded from; not known here, and nobody opens it, since no worker is started.
#[expect(clippy::unnecessary_wraps, reason = "the signature is that of sys/unix")]
pub fn library_path() -> io::Result<PathBuf> {
    Ok(PathBuf::new())
}

/// There are none.
pub const fn make_room_for_descriptors() {}

/// The address of a symbol in the running program; nobody looks here.
pub fn look_up(_name: &CStr) -> *mut c_void {
    ptr::null_mut()
}

/// Pins the calling thread.
///
/// # Errors
/// Always `Unsupported`.
#[cfg(feature = "testing")]
pub fn set_affinity_of_current_thread(_cpus: &[u32]) -> io::Result<()> {
    not_yet()
}

/// The CPU ids a process may run on.
///
/// # Errors
/// Always `Unsupported`.
pub fn affinity_of(_pid: u32) -> io::Result<Vec<u32>> {
    not_yet()
}

/// The control groups of a process; there are none here.
pub fn control_groups(_root: &Path, _process: &str, _controller: &str) -> Vec<ControlGroup> {
    Vec::new()
}

/// How much memory there is left; not known here.
pub fn available_memory(_root: &Path) -> Option<u64> {
    None
}

/// The words that this process was started with; not known here.
pub fn command_line() -> Vec<String> {
    Vec::new()
}

/// How many descriptors this process may have; there are none here.
pub fn descriptor_limit() -> usize {
    0
}

/// Bytes of physical memory a process uses; not known here.
pub fn resident_bytes(_pid: u32) -> Option<u64> {
    None
}

/// Milliseconds of the clock that all processes share.
pub fn monotonic_ms() -> u64 {
    0
}

/// How many CPUs of the system are switched on; at least 1.
pub fn online_cpu_count() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

fn not_yet<T>() -> io::Result<T> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "millrace runs on Linux, macOS and Windows, and this is another system",
    ))
}

#[cfg(not(unix))]
mod no_fd {
    use std::marker::PhantomData;

    /// Stands for a descriptor where there are none.
    #[derive(Debug)]
    pub struct OwnedFd(());

    /// Stands for a borrowed descriptor where there are none.
    #[derive(Debug, Clone, Copy)]
    pub struct BorrowedFd<'fd>(PhantomData<&'fd OwnedFd>);

    /// Stands for the trait of the same name in `std::os::fd`.
    pub trait AsFd {
        /// The descriptor.
        fn as_fd(&self) -> BorrowedFd<'_>;
    }

    impl AsFd for OwnedFd {
        fn as_fd(&self) -> BorrowedFd<'_> {
            BorrowedFd(PhantomData)
        }
    }
}
