//! A worker process as its handle holds it.

use crate::sys::{Child, Control};

/// A worker process, and the connection that its life hangs on.
#[derive(Debug)]
pub(super) struct Process {
    /// Closed before the process is waited for, so that one that may not be signalled ends.
    pub(super) control: Control,
    pub(super) child: Child,
}

impl Process {
    /// Ends the process and its group now. Where one of both processes has changed its user, signals are refused: the
    /// worker's lifeline does it then.
    pub(super) fn kill(&self) {
        if !self.child.kill_group() {
            self.control.hang_up();
        }
    }
}
