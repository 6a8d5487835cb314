//! A worker says that it ends, for an error that nobody handles.

use super::outcome::Breach;
use super::retire::LEAVE_TIMEOUT;
use super::worker::WorkerState;
use super::{Action, Cause, Scheduler};

impl Scheduler {
    /// Nothing more can be taken from a worker, for this `cause`: it is killed. What it has not begun is
    /// queued again at once; where it has run tasks, what comes next is not to blame. Call [`Self::dispatch`] after it.
    pub fn broke(&mut self, worker: u32, pid: u32, cause: Cause) {
        let slot = &mut self.workers[worker as usize];
        if slot.is_dying || slot.state == WorkerState::Absent || slot.pid != pid {
            return;
        }
        slot.broken = Some(cause);
        if slot.tasks_done > 0 {
            self.retire(worker);
        }
        self.kill(worker);
    }

    /// A worker's control socket is closed. Mostly it is dead already, and its death tells how; one that lives has cut itself
    /// off from its lifeline, and is killed. It is given nothing more; what it has is settled by its death. Call
    /// [`Self::dispatch`] after it.
    pub fn severed(&mut self, worker: u32, pid: u32) {
        let slot = &mut self.workers[worker as usize];
        if slot.pid == pid && slot.state != WorkerState::Absent {
            slot.is_severed = true;
            self.actions.push(Action::Kill { worker });
        }
    }

    /// The worker ends by itself, within the time that leaving takes: it is given nothing more, and what it has not begun
    /// is no task's fault. Returns its process id. Call [`Self::dispatch`] after it.
    ///
    /// # Errors
    ///
    /// [`Breach`] when it was not ready, or says so twice. The worker is killed.
    pub fn faulted(&mut self, worker: u32) -> Result<u32, Breach> {
        let slot = &mut self.workers[worker as usize];
        let may_fault = matches!(slot.state, WorkerState::Ready | WorkerState::Leaving);
        if !may_fault || slot.has_faulted {
            slot.broken = Some(Cause::Breach);
            self.kill(worker);
            return Err(Breach { worker });
        }
        slot.state = WorkerState::Leaving;
        slot.has_faulted = true;
        slot.leave_by.get_or_insert(self.now + LEAVE_TIMEOUT);
        Ok(slot.pid)
    }
}
