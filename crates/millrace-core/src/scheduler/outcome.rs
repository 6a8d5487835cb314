//! A worker reports how tasks ended.

use super::chunk::{Chunk, ChunkFlags};
use super::flight::InFlight;
use super::ids::{CallId, ChunkSeq, DefinitionId, WorkerId};
use super::{Cause, ExitReason, Scheduler};

/// What an outcome frame says. It was read from shared memory, and nothing of it has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a bit of the frame, and any of them may be set"
)]
pub struct Settled {
    /// The chunk's number within the worker process.
    pub seq: ChunkSeq,
    /// First task settled, as an index in the chunk.
    pub first: u32,
    /// How many tasks.
    pub count: u32,
    /// The one task failed.
    pub is_error: bool,
    /// The chunk ends here.
    pub is_last: bool,
    /// The tasks after these were not run. They are dropped or given back.
    pub is_dropped: bool,
    /// The worker begins no more tasks and wants to be replaced.
    pub is_retiring: bool,
    /// The worker could not set itself up. The one task, which has not run, fails because of that.
    pub is_setup_failure: bool,
    /// Microseconds that these tasks took.
    pub elapsed_us: u32,
}

/// What to do with an outcome's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs to this chunk of this call.
    Report {
        /// The call.
        call_id: CallId,
        /// The chunk within the call.
        chunk: u32,
        /// No more outcomes of the chunk will come, although some of its tasks were not run.
        is_last: bool,
    },
    /// The worker could not set itself up, and is the first one to say so of this setup. The payload is the error.
    SetupFailed {
        /// The setup.
        setup: DefinitionId,
        /// The worker's process.
        pid: u32,
    },
    /// Nobody waits for it.
    Discard,
}

/// A worker has violated the protocol: its message is impossible. It is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("worker {worker_id} reported an outcome for tasks it does not have")]
pub struct ProtocolViolation {
    /// The worker id.
    pub worker_id: WorkerId,
}

impl Scheduler {
    /// Handles one outcome.
    ///
    /// # Errors
    ///
    /// [`ProtocolViolation`] when the outcome does not continue the worker's front chunk. The worker is killed and its tasks are
    /// settled by its death.
    pub fn outcome(
        &mut self,
        worker_id: WorkerId,
        settled: Settled,
    ) -> Result<Verdict, ProtocolViolation> {
        let mut changing = self.workers.at(worker_id);
        let worker = &mut *changing;
        if !worker.in_flight.front().is_some_and(|sent| continues(sent, &settled)) {
            let pid = worker.pid;
            drop(changing);
            self.unreadable(worker_id, pid, Cause::ProtocolViolation);
            return Err(ProtocolViolation { worker_id });
        }
        worker.in_flight.change(0, |sent| {
            sent.chunk.from += settled.count;
            sent.is_recalled |= settled.is_retiring && !sent.is_cancelled;
        });
        let is_load = worker.in_flight[0].chunk.is_load();
        let count = if is_load { 0 } else { u64::from(settled.count) };
        *(if settled.is_error { &mut self.stats.failed } else { &mut self.stats.completed }) +=
            count;
        let has_settled = count > 0 && !settled.is_setup_failure;
        if has_settled {
            worker.tasks_done += count;
        }
        let setup = worker.in_flight[0].chunk.setup.clone();
        if settled.count > 0 && !settled.is_setup_failure {
            worker.proven_setup = setup.as_ref().map(|setup| setup.id);
        }
        let pid = worker.pid;
        let sent = &worker.in_flight[0];
        if !is_load && !settled.is_setup_failure && !sent.chunk.definition.is_forgotten() {
            self.costs.learn(sent.chunk.definition.id, settled.count, settled.elapsed_us);
        }
        // The submitter knows whole chunks only. So the rest of a piece runs, and is not dropped after a failure.
        let gives_back = settled.is_dropped
            && !sent.is_cancelled
            && !settled.is_setup_failure
            && (sent.chunk.is_piece || sent.is_recalled && !settled.is_error);
        let mut verdict = if sent.is_cancelled || settled.count == 0 || settled.is_setup_failure {
            Verdict::Discard
        } else {
            Verdict::Report {
                call_id: sent.chunk.call_id,
                chunk: sent.chunk.id,
                is_last: settled.is_last && !gives_back && !sent.chunk.is_piece,
            }
        };
        if settled.is_last
            && let Some(sent) = worker.in_flight.pop_front()
        {
            if gives_back && sent.chunk.unsettled() > 0 {
                // Another worker may settle the rest before this outcome is recorded. So the submitter counts the tasks, and no
                // outcome of the rest is the last one of the chunk.
                let rest = Chunk { is_piece: true, ..sent.chunk };
                self.queue.push_front(rest);
            } else {
                self.stats.cancelled += sent.chunk.open_tasks();
            }
        }
        drop(changing);
        if let Some(setup) = setup.filter(|_| settled.is_setup_failure)
            && self.fail_setup(&setup)
        {
            verdict = Verdict::SetupFailed { setup: setup.id, pid };
        }
        if settled.is_retiring {
            self.retire(worker_id, ExitReason::Memory);
        }
        if has_settled {
            self.note_success(worker_id);
        }
        Ok(verdict)
    }
}

fn continues(sent: &InFlight, settled: &Settled) -> bool {
    let open = sent.chunk.unsettled();
    let is_done = settled.count == open;
    // A chunk that was split ends only when the worker gives back the tasks that it has lost.
    let ends = settled.is_dropped || is_done && !sent.is_split;
    // Tasks that a caller waits for may only be dropped after a failure that is reported.
    let may_drop = sent.is_cancelled
        || sent.is_recalled
        || sent.is_split && is_done
        || settled.is_setup_failure
        || !sent.is_split && settled.is_error && sent.chunk.flags.has(ChunkFlags::FAIL_FAST);
    sent.seq == settled.seq
        && sent.chunk.from == settled.first
        && settled.count <= open
        && (settled.count == 1 || !settled.is_error)
        && settled.is_last == ends
        && (may_drop || !settled.is_dropped)
        && (settled.count > 0 || settled.is_dropped)
        && (!settled.is_setup_failure
            || settled.is_error && settled.is_last && sent.chunk.setup.is_some())
        // A worker that retires without having run a task could do so for ever.
        && (settled.count > 0 || !settled.is_retiring)
}
