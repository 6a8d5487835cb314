//! Why the processes of workers end.

use super::death::Death;
use super::worker::{Worker, WorkerState};

/// Why the process of a worker ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExitReason {
    /// Not for the pool: it crashed, exited by itself, violated the protocol, or was told to end from outside.
    #[default]
    Died,
    /// It had run as many tasks as it might.
    Lifespan,
    /// It used more memory than it might.
    Memory,
    /// It had nothing to do for too long.
    Idle,
    /// The submitter had the workers replaced.
    Recycled,
    /// A task was late, or the process did not start in time.
    Timeout,
    /// A task of a cancelled call had its time to end, and went on.
    Aborted,
    /// The pool ended, or lets idle workers go.
    Closed,
    /// The pool has fewer workers now, or binds this one to other CPUs.
    Resized,
}

impl Worker {
    /// Why its process has ended.
    pub(super) fn exit_reason(&self, death: &Death) -> ExitReason {
        let ends_by_itself = self.unreadable.is_some() || self.has_faulted;
        // One that was told to leave and crashes on its way has died.
        let has_left = self.state == WorkerState::Leaving && death.signal.is_none();
        match self.ends_for {
            Some(reason) if !ends_by_itself && (self.is_dying || has_left) => reason,
            _ => ExitReason::Died,
        }
    }
}
