//! A worker says that it ends, for an error that nobody handles.

use super::ids::WorkerId;
use super::outcome::ProtocolViolation;
use super::retire::LEAVE_TIMEOUT;
use super::worker::WorkerState;
use super::{Cause, Scheduler};

impl Scheduler {
    /// A worker's messages cannot be read any further, for this `cause`: the worker is killed. What it has not begun is
    /// queued again at once; where it has run tasks, what comes next is not to blame.
    pub fn unreadable(&mut self, worker_id: WorkerId, pid: u32, cause: Cause) {
        let worker = &mut self.workers[worker_id.index()];
        if worker.is_dying || worker.state == WorkerState::Absent || worker.pid != pid {
            return;
        }
        worker.unreadable = Some(cause);
        if worker.tasks_done > 0 {
            self.retire(worker_id);
        }
        self.kill(worker_id);
    }

    /// A worker's control socket is closed. Mostly it is dead already, and its death tells how; one that lives has cut itself
    /// off from its lifeline, and is killed. It is given nothing more; what it has is settled by its death.
    pub fn disconnected(&mut self, worker_id: WorkerId, pid: u32) {
        let worker = &mut self.workers[worker_id.index()];
        if worker.pid == pid && worker.state != WorkerState::Absent {
            worker.is_disconnected = true;
            self.effects.kills.push(worker_id);
        }
    }

    /// The worker ends by itself, within the time that leaving takes: it is given nothing more, and what it has not begun
    /// is no task's fault. Returns its process id.
    ///
    /// # Errors
    ///
    /// [`ProtocolViolation`] when it was not ready, or says so twice. The worker is killed.
    pub fn faulted(&mut self, worker_id: WorkerId) -> Result<u32, ProtocolViolation> {
        let worker = &mut self.workers[worker_id.index()];
        let may_fault = matches!(worker.state, WorkerState::Ready | WorkerState::Leaving);
        if !may_fault || worker.has_faulted {
            worker.unreadable = Some(Cause::ProtocolViolation);
            self.kill(worker_id);
            return Err(ProtocolViolation { worker_id });
        }
        worker.state = WorkerState::Leaving;
        worker.has_faulted = true;
        worker.leave_by.get_or_insert(self.now + LEAVE_TIMEOUT);
        Ok(worker.pid)
    }
}
