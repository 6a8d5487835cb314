//! A worker reports that it exits because of an error that nobody handles.

use super::ids::WorkerId;
use super::outcome::ProtocolViolation;
use super::retire::LEAVE_TIMEOUT;
use super::worker::WorkerState;
use super::{Cause, ExitReason, Scheduler};

impl Scheduler {
    /// The messages of a worker cannot be read any further, for this `cause`: the worker is killed. What it has not begun is
    /// queued again at once. If it has run tasks, the next ones are not the cause.
    pub fn unreadable(&mut self, worker_id: WorkerId, pid: u32, cause: Cause) {
        let mut worker = self.workers.at(worker_id);
        if worker.is_dying || worker.state == WorkerState::Absent || worker.pid != pid {
            return;
        }
        worker.unreadable = Some(cause);
        let has_settled = worker.tasks_done > 0;
        drop(worker);
        if has_settled {
            self.retire(worker_id, ExitReason::Died);
        }
        self.kill(worker_id, ExitReason::Died);
    }

    /// The control socket of a worker is closed. Usually the worker is dead, and its death gives the details. If it lives, it
    /// has cut its own lifeline, and is killed. It gets no more chunks, and its death settles those that it has.
    pub fn disconnected(&mut self, worker_id: WorkerId, pid: u32) {
        let mut worker = self.workers.at(worker_id);
        if worker.pid == pid && worker.state != WorkerState::Absent {
            worker.is_disconnected = true;
            self.effects.kills.push(worker_id);
        }
    }

    /// The worker exits by itself, within the time for leaving. It gets no more chunks, and those that it has not begun are
    /// not the cause. Returns its process id.
    ///
    /// # Errors
    ///
    /// [`ProtocolViolation`] when it was not ready, or says so twice. The worker is killed.
    pub fn faulted(&mut self, worker_id: WorkerId) -> Result<u32, ProtocolViolation> {
        let mut worker = self.workers.at(worker_id);
        let may_fault = matches!(worker.state, WorkerState::Ready | WorkerState::Leaving);
        if !may_fault || worker.has_faulted {
            worker.unreadable = Some(Cause::ProtocolViolation);
            drop(worker);
            self.kill(worker_id, ExitReason::Died);
            return Err(ProtocolViolation { worker_id });
        }
        worker.state = WorkerState::Leaving;
        worker.has_faulted = true;
        worker.leave_by.get_or_insert(self.now + LEAVE_TIMEOUT);
        Ok(worker.pid)
    }
}
