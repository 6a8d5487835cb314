//! What a pool is made of.

use std::ffi::CString;
use std::io;
use std::time::Duration;

/// How the workers of a pool are started. Validated by whoever builds it.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// Worker ids are `0..worker_count`.
    pub worker_count: u32,
    /// CPU ids each worker may use, by worker id; empty: no pinning.
    pub cpus: Vec<Vec<u32>>,
    /// Path of the executable.
    pub program: CString,
    /// Its arguments, the program's name first.
    pub args: Vec<CString>,
    /// Its environment, as `NAME=value`.
    pub env: Vec<CString>,
    /// Its working directory; none: the parent's.
    pub cwd: Option<CString>,
    /// Whether standard output and error go nowhere.
    pub is_quiet: bool,
    /// Whether they come to the pool instead, as [`Record::Output`](super::Record::Output).
    pub is_piped: bool,
    /// Workers that are idle for so long leave; none: they stay.
    pub idle_timeout: Option<Duration>,
    /// Workers that are not ready so long after their process came are killed, and their start has failed; so are those that
    /// load a function for so long, and the task fails. None: no limit.
    pub start_timeout: Option<Duration>,
    /// Opaque bytes that every worker is given, after its id.
    pub worker_config: Vec<u8>,
}

/// Why a pool cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The system refused a descriptor.
    #[error("the system refused the pool's resources")]
    Resources(#[source] io::Error),
}
