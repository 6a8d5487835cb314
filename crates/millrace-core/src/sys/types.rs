//! Plain data that every system shares.

use std::ffi::CString;
use std::path::PathBuf;
use std::sync::Arc;

use super::OwnedFd;

/// The descriptor number under which a worker finds its end of the control socket.
#[cfg(any(unix, feature = "testing"))]
pub const CONTROL_FD: i32 = 3;

/// The largest control message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// The most descriptors one control message carries. What a peer sends beyond it is closed on arrival.
pub const MESSAGE_FDS_MAX: usize = 8;

/// What a process is started with.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// A path, or a name looked up in this process's `PATH`. A relative path counts from `cwd`.
    pub program: CString,
    /// The arguments, `argv[0]` included.
    pub args: Vec<CString>,
    /// The whole environment, as `KEY=value`; nothing is inherited.
    pub env: Vec<CString>,
    /// The working directory; `None` inherits it.
    pub cwd: Option<CString>,
    /// Sends standard output and standard error to `/dev/null` instead of inheriting them.
    pub quiet: bool,
    /// Where standard output and standard error go; `None`: where `quiet` says.
    pub outputs: Option<Arc<[OwnedFd; 2]>>,
    /// The CPU ids of the process and all its threads; empty keeps the mask of the calling thread.
    pub cpus: Vec<u32>,
}

/// The processes of one pool. On Windows it is an object of the system, which ends with them; elsewhere nothing.
#[cfg(not(millrace_system = "windows"))]
#[derive(Debug)]
pub struct Family;

#[cfg(not(millrace_system = "windows"))]
impl Family {
    /// Without processes.
    ///
    /// # Errors
    /// None here.
    #[expect(clippy::unnecessary_wraps, reason = "it is an object of the system on Windows")]
    pub fn new() -> std::io::Result<Self> {
        Ok(Self)
    }
}

/// How a process ended. Both are `None` when somebody else took its status away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exit {
    /// The exit code, 0 to 255.
    pub code: Option<i32>,
    /// The number of the signal that killed it.
    pub signal: Option<i32>,
}

/// What a control socket had to say.
#[derive(Debug)]
pub enum Received {
    /// One message, never empty, and the descriptors that came with it.
    Message(Vec<u8>, Vec<OwnedFd>),
    /// Nothing yet.
    Empty,
    /// The other side is gone, and everything it sent has been read.
    Closed,
}

/// A control group that a process belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlGroup {
    /// It is of version 2, where one group holds all controllers.
    pub is_unified: bool,
    /// Folders that may be the group's, each followed by those of the groups around it, up to the mount.
    pub folders: Vec<PathBuf>,
}
