//! A worker process as its handle holds it.

use std::sync::OnceLock;

use super::regions::Line;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sys::{self, Child, Control};

/// A worker process, and the connection that keeps it alive.
#[derive(Debug)]
pub(super) struct Process {
    /// It is closed before the pool waits for the process. So a process that refuses signals ends too.
    pub(super) control: Control,
    pub(super) child: Child,
    /// Its line for regions, once it has opened one.
    pub(super) line: OnceLock<Line>,
    /// The CPU ids that it is bound to. Empty without pinning.
    pub(super) cpus: Vec<u32>,
    /// Its resident memory in bytes when it was killed. 0 if it was not killed.
    pub(super) resident_bytes: AtomicU64,
}

impl Process {
    /// Kills the process and its group. If the worker or this process has changed its user, the system refuses the signal,
    /// and the lifeline of the worker kills the group instead.
    pub(super) fn kill(&self) {
        // A dead process has none, and one that is killed for a second time may have less.
        if let Some(bytes) = sys::resident_bytes(self.child.pid()).filter(|bytes| *bytes > 0) {
            self.resident_bytes.store(bytes, Ordering::Relaxed);
        }
        if !self.child.kill_group() {
            self.control.hang_up();
        }
    }

    /// What it used when it was killed, in bytes.
    pub(super) fn killed_with(&self) -> Option<u64> {
        Some(self.resident_bytes.load(Ordering::Relaxed)).filter(|bytes| *bytes > 0)
    }
}
