//! A worker process as its handle holds it.

use crate::sys::{Child, Control};

/// A worker process, and the connection that keeps it alive.
#[derive(Debug)]
pub(super) struct Process {
    /// It is closed before the pool waits for the process. So a process that refuses signals ends too.
    pub(super) control: Control,
    pub(super) child: Child,
}

impl Process {
    /// Kills the process and its group. If the worker or this process has changed its user, the system refuses the signal,
    /// and the lifeline of the worker kills the group instead.
    pub(super) fn kill(&self) {
        if !self.child.kill_group() {
            self.control.hang_up();
        }
    }
}
