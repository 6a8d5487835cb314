//! A worker reports how tasks ended.

use super::chunk::ChunkFlags;
use super::worker::InHand;
use super::{Cause, Scheduler};

/// What an outcome frame says, as it was read from shared memory: nothing of it is trusted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a bit of the frame, and any of them may be set"
)]
pub struct Settled {
    /// The chunk's number within the worker process.
    pub seq: u32,
    /// First task settled, as an index in the chunk.
    pub first: u32,
    /// How many tasks.
    pub count: u32,
    /// The one task failed.
    pub is_error: bool,
    /// The chunk ends here.
    pub is_last: bool,
    /// Tasks after these were not run: they are dropped, or given back.
    pub is_dropped: bool,
    /// The worker begins nothing more and wants to be replaced.
    pub is_retiring: bool,
    /// Microseconds that these tasks took.
    pub elapsed_us: u32,
}

/// What to do with an outcome's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs to this chunk of this call.
    Report {
        /// The call.
        job: u32,
        /// The chunk within the call.
        chunk: u32,
        /// Nothing more comes of the chunk, though tasks of it were not run.
        is_last: bool,
    },
    /// Nobody waits for it.
    Discard,
}

/// The worker said something that cannot be: it has to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("worker {worker} reported an outcome for tasks it does not have")]
pub struct Breach {
    /// The worker id.
    pub worker: u32,
}

impl Scheduler {
    /// Takes in one outcome. Call [`Self::dispatch`] after the last of a batch.
    ///
    /// # Errors
    ///
    /// [`Breach`] when the outcome does not continue the worker's front chunk. The worker is killed and its tasks are
    /// settled by its death.
    pub fn outcome(&mut self, worker: u32, settled: Settled) -> Result<Verdict, Breach> {
        let slot = &mut self.workers[worker as usize];
        let Some(held) = slot.hand.front_mut().filter(|held| continues(held, &settled)) else {
            let pid = slot.pid;
            self.broke(worker, pid, Cause::Breach);
            return Err(Breach { worker });
        };
        held.chunk.from += settled.count;
        let count = u64::from(settled.count);
        *(if settled.is_error { &mut self.stats.failed } else { &mut self.stats.completed }) +=
            count;
        slot.tasks_done += count;
        let has_settled = count > 0;
        if !held.chunk.definition.is_forgotten() {
            self.costs.learn(held.chunk.definition.id, settled.count, settled.elapsed_us);
        }
        if settled.is_retiring {
            held.is_recalled = !held.is_cancelled;
        }
        // A submitter knows of whole chunks: what is left of a piece is run, not dropped behind its failure.
        let gives_back = settled.is_dropped
            && !held.is_cancelled
            && (held.chunk.is_piece || held.is_recalled && !settled.is_error);
        let verdict = if held.is_cancelled || settled.count == 0 {
            Verdict::Discard
        } else {
            Verdict::Report {
                job: held.chunk.job,
                chunk: held.chunk.id,
                is_last: settled.is_last && !gives_back && !held.chunk.is_piece,
            }
        };
        if settled.is_last
            && let Some(held) = slot.hand.pop_front()
        {
            if gives_back && held.chunk.unsettled() > 0 {
                self.queue.push_front(held.chunk);
            } else {
                self.stats.cancelled += u64::from(held.chunk.unsettled());
            }
        }
        if settled.is_retiring {
            self.retire(worker);
        }
        if has_settled {
            self.note_success(worker);
        }
        Ok(verdict)
    }
}

fn continues(held: &InHand, settled: &Settled) -> bool {
    let open = held.chunk.unsettled();
    let is_done = settled.count == open;
    // A chunk that was split ends only when the worker gives back what is not its own any more.
    let ends = settled.is_dropped || is_done && !held.is_split;
    // Tasks that somebody waits for may only be dropped behind a failure that the submitter hears of.
    let may_drop = held.is_cancelled
        || held.is_recalled
        || held.is_split && is_done
        || !held.is_split && settled.is_error && held.chunk.flags.has(ChunkFlags::FAIL_FAST);
    held.seq == settled.seq
        && held.chunk.from == settled.first
        && settled.count <= open
        && (settled.count == 1 || !settled.is_error)
        && settled.is_last == ends
        && (may_drop || !settled.is_dropped)
        && (settled.count > 0 || settled.is_dropped)
        // What retires without having run a task could do so for ever.
        && (settled.count > 0 || !settled.is_retiring)
}
