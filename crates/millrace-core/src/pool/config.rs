//! What a pool is made of.

use std::ffi::CString;
use std::io;
use std::time::Duration;

/// How the workers of a pool are started. The caller validates it.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// Worker ids are `0..worker_count`. [`Pool::resize`](super::Pool::resize) changes it.
    pub worker_count: u32,
    /// The CPU ids that each worker may use, by worker id. Empty: no pinning.
    pub cpus: Vec<Vec<u32>>,
    /// Path of the executable.
    pub program: CString,
    /// Its arguments, the program's name first.
    pub args: Vec<CString>,
    /// Its environment, as `NAME=value`.
    pub env: Vec<CString>,
    /// Its working directory. None: that of the parent.
    pub cwd: Option<CString>,
    /// Whether standard output and standard error are discarded.
    pub is_quiet: bool,
    /// Whether they come to the pool instead, as [`Record::Output`](super::Record::Output).
    pub is_piped: bool,
    /// Workers that are idle for this long exit. None: they stay.
    pub idle_timeout: Option<Duration>,
    /// How long a worker may take to become ready, and to load a function. A worker that takes longer is killed: its start
    /// has failed, or the task that needs the function fails. None: no limit.
    pub start_timeout: Option<Duration>,
    /// Opaque bytes that every worker gets, after its id.
    pub worker_config: Vec<u8>,
}

impl PoolConfig {
    /// Workers `0..worker_count`, each a process of `program`. They get no arguments but the program's path and no environment,
    /// are not pinned, share the parent's output, and have no limits of time.
    pub fn new(worker_count: u32, program: impl Into<CString>) -> Self {
        let program = program.into();
        Self {
            worker_count,
            cpus: Vec::new(),
            args: vec![program.clone()],
            program,
            env: Vec::new(),
            cwd: None,
            is_quiet: false,
            is_piped: false,
            idle_timeout: None,
            start_timeout: None,
            worker_config: Vec::new(),
        }
    }
}

/// Why a pool cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The system refused a descriptor.
    #[error("the system refused the pool's resources")]
    Resources(#[source] io::Error),
}
