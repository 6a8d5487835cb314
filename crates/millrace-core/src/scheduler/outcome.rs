//! A worker reports how tasks ended.

use super::Scheduler;
use super::chunk::ChunkFlags;
use super::worker::InHand;

/// What an outcome frame says, as it was read from shared memory: nothing of it is trusted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Tasks after these were not run.
    pub is_dropped: bool,
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
            slot.has_breached = true;
            self.kill(worker);
            return Err(Breach { worker });
        };
        held.chunk.from += settled.count;
        let count = u64::from(settled.count);
        *(if settled.is_error { &mut self.stats.failed } else { &mut self.stats.completed }) +=
            count;
        slot.tasks_done += count;
        let has_settled = count > 0;
        self.costs.learn(held.chunk.definition.id, settled.count, settled.elapsed_us);
        let verdict = if held.is_cancelled || settled.count == 0 {
            Verdict::Discard
        } else {
            Verdict::Report { job: held.chunk.job, chunk: held.chunk.id }
        };
        if settled.is_last {
            self.stats.cancelled += u64::from(held.chunk.unsettled());
            slot.hand.pop_front();
        }
        if has_settled {
            self.note_success(worker);
        }
        Ok(verdict)
    }
}

fn continues(held: &InHand, settled: &Settled) -> bool {
    let open = held.chunk.unsettled();
    let ends = settled.is_dropped || settled.count == open;
    // Tasks that somebody waits for may only be dropped behind a failure that the submitter hears of.
    let may_drop =
        held.is_cancelled || settled.is_error && held.chunk.flags.has(ChunkFlags::FAIL_FAST);
    held.seq == settled.seq
        && held.chunk.from == settled.first
        && settled.count <= open
        && (settled.count == 1 || !settled.is_error)
        && settled.is_last == ends
        && (may_drop || !settled.is_dropped)
        && (settled.count > 0 || settled.is_dropped)
}
