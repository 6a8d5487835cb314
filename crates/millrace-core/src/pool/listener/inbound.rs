//! The way from one worker process: bytes of its ring become frames, events for the scheduler, and records to collect.
//!
//! Nothing that comes from a worker is trusted. Bytes are copied, then checked, then used. An impossible message violates the
//! protocol: the worker is killed, and its death settles its tasks.

use std::sync::Arc;

use super::Listener;
use super::run::Run;
use crate::channel::blocks::SPACE_UNITS;
use crate::channel::blocks::returns::Impossible;
use crate::channel::frame::{
    Assembler, Frame, FrameError, HEADER_BYTES, OutcomeFields, ToParent, outcome_flag,
};
use crate::channel::segment::{RING_BYTES, Segment, SegmentConsumer, word};
use crate::pool::Shared;
use crate::pool::blocks::Results;
use crate::pool::failing::lost;
use crate::pool::record_queue::Head;
use crate::scheduler::{Cause, ChunkSeq, Settled, Verdict, WorkerId};
use crate::sys::Bell;

/// How many frames are handled before other workers get their turn.
const FRAMES_PER_TURN: usize = 4_096;
/// How many bytes are read before other workers get their turn.
const BYTES_PER_TURN: usize = 4 * 1024 * 1024;
/// How many turns handle everything that a dead worker has left in its ring. Bytes after that come from another process that the
/// worker left behind, which may go on writing.
pub(in crate::pool) const LAST_TURNS: usize = 4;
const _: () = assert!(LAST_TURNS * FRAMES_PER_TURN * HEADER_BYTES >= 2 * RING_BYTES);

/// The receiving half of a worker's shared memory.
#[derive(Debug)]
pub(in crate::pool) struct Inbound {
    worker_id: WorkerId,
    segment: Segment,
    ring: SegmentConsumer,
    assembler: Assembler<ToParent>,
    to_worker: Arc<Bell>,
    /// The worker notifies it, and so does this side when it stops before the end.
    to_parent: Arc<Bell>,
    /// Its large results.
    results: Option<Arc<Results>>,
    /// Results that are handled together.
    run: Run,
    /// It has violated the protocol, so its messages are not read any more.
    unreadable: Option<Cause>,
}

impl Inbound {
    /// Reads `ring` of `segment`. `bells` notify the worker, and the waiting thread.
    pub(in crate::pool) fn new(
        worker_id: WorkerId,
        segment: Segment,
        ring: SegmentConsumer,
        bells: [Arc<Bell>; 2],
        results: Option<Arc<Results>>,
    ) -> Self {
        let [to_worker, to_parent] = bells;
        Self {
            worker_id,
            segment,
            ring,
            assembler: Assembler::default(),
            to_worker,
            to_parent,
            results,
            run: Run::default(),
            unreadable: None,
        }
    }

    /// The worker notifies the waiting thread with it.
    pub(in crate::pool) fn bell(&self) -> &Arc<Bell> {
        &self.to_parent
    }

    /// Handles what is there. Returns `true` if there is more than one turn handles, and the waiting thread goes on with it.
    /// Otherwise the worker notifies the listener of the next bytes.
    pub(in crate::pool) fn take_in(&mut self, shared: &Shared, listener: Listener) -> bool {
        let segment = self.segment.clone();
        let asleep = segment.doorbell(word::PARENT_ASLEEP);
        asleep.disarm();
        let mut frames = 0;
        let mut has_more = false;
        self.ring.allow(BYTES_PER_TURN);
        while self.unreadable.is_none() {
            match self.assembler.poll(&mut self.ring) {
                Ok(Some(frame)) => {
                    frames += 1;
                    if !Run::suits(&frame) || !self.run.add(&frame) {
                        let worker = (self.worker_id, self.results.as_ref());
                        self.unreadable =
                            handle(shared, worker, frame, &mut self.run, listener).err();
                    }
                }
                Ok(None) if self.ring.allowance() > 0 => {
                    self.offer_space(shared);
                    match listener {
                        Listener::Thread => shared.arm_for_thread(self.worker_id, asleep),
                        Listener::Loop => asleep.arm_for(listener as u32),
                    }
                    match self.ring.available() {
                        Ok(0) => break,
                        Ok(_) => asleep.disarm(),
                        Err(_) => self.unreadable = Some(Cause::ProtocolViolation),
                    }
                }
                Ok(None) => {}
                Err(FrameError::OutOfMemory { .. }) => self.unreadable = Some(Cause::OutOfMemory),
                Err(_) => self.unreadable = Some(Cause::ProtocolViolation),
            }
            if frames >= FRAMES_PER_TURN || self.ring.allowance() == 0 {
                self.offer_space(shared);
                if !self.to_parent.try_notify() {
                    shared.fail(&lost(&format!("the bell of worker {}", self.worker_id)));
                }
                has_more = true;
                break;
            }
        }
        // What came before the worker became unreadable is valid. Results that are judged together are so together.
        let ended = self.run.end(shared, self.worker_id, listener);
        self.unreadable = self.unreadable.or(ended.err());
        if let Some(cause) = self.unreadable {
            // The process is still the one of this ring: the thread that reaps it waits for this half of the handle.
            if let Some(process) = shared.handles[self.worker_id.index()].process() {
                let pid = process.child.pid();
                shared.drive(|scheduler| scheduler.unreadable(self.worker_id, pid, cause));
            }
        } else if frames > 0 {
            shared.drive(|_| ());
        }
        has_more
    }

    fn offer_space(&self, shared: &Shared) {
        let wants_space = self.segment.doorbell(word::WORKER_WANTS_SPACE).should_notify();
        if wants_space && !self.to_worker.try_notify() {
            shared.fail(&lost(&format!("the bell to worker {}", self.worker_id)));
        }
    }
}

/// Handles one frame that does not follow the run, which ends. An error says why nothing more can be read from the worker.
fn handle(
    shared: &Shared,
    (worker_id, results): (WorkerId, Option<&Arc<Results>>),
    frame: Frame<'_, ToParent>,
    run: &mut Run,
    listener: Listener,
) -> Result<(), Cause> {
    run.end(shared, worker_id, listener)?;
    match frame.kind {
        ToParent::Ready => {
            shared.drive(|scheduler| scheduler.ready(worker_id));
        }
        ToParent::Outcome => {
            let fields = OutcomeFields::from(frame.fields);
            let lease = match results {
                Some(results) => results.arrive(fields.last_block, SPACE_UNITS),
                None if fields.last_block == 0 => Ok(None),
                None => Err(Impossible),
            };
            // If the outcome is not wanted, it ends here and the blocks and regions go back.
            let lease = lease.map_err(|Impossible| Cause::ProtocolViolation)?;
            if lease.is_none() && Run::suits(&frame) {
                run.begin(&frame);
                return Ok(());
            }
            let regions = match fields.flags >> outcome_flag::REGIONS_SHIFT {
                0 => Vec::new(),
                count => shared.handles[worker_id.index()]
                    .process()
                    .and_then(|process| process.line.get()?.take(count))
                    .ok_or(Cause::ProtocolViolation)?,
            };
            let verdict = shared.scheduler().outcome(worker_id, settled(fields));
            let verdict = verdict.map_err(|_| Cause::ProtocolViolation)?;
            if let Verdict::SetupFailed { setup, pid } = verdict {
                shared.records.push(
                    Head::SetupFailed { setup, worker_id, pid },
                    frame.payload,
                    listener.wake(),
                );
            } else if let Verdict::Report { call_id, chunk, is_last } = verdict {
                let OutcomeFields { first, count, flags, elapsed_micros, .. } = fields;
                let head = Head::Outcome {
                    call_id,
                    chunk,
                    first,
                    count,
                    is_error: flags & outcome_flag::ERROR != 0,
                    is_last: is_last && flags & outcome_flag::LAST != 0,
                    is_joined: false,
                    elapsed_us: elapsed_micros,
                    lease,
                    regions,
                };
                shared.records.push(head, frame.payload, listener.wake());
            }
        }
        ToParent::Retire => {
            shared
                .drive(|scheduler| scheduler.wants_to_leave(worker_id))
                .map_err(|_| Cause::ProtocolViolation)?;
        }
        ToParent::ExitResult => {
            let pid = shared.drive(|scheduler| scheduler.exit_result(worker_id));
            let pid = pid.map_err(|_| Cause::ProtocolViolation)?;
            let head = Head::ExitResult { worker_id, pid, is_error: frame.fields[0] != 0 };
            shared.records.push(head, frame.payload, listener.wake());
        }
        ToParent::ExitDone => {
            shared
                .drive(|scheduler| scheduler.exit_done(worker_id))
                .map_err(|_| Cause::ProtocolViolation)?;
        }
        ToParent::Fault => {
            let faulted = shared.drive(|scheduler| scheduler.faulted(worker_id));
            let pid = faulted.map_err(|_| Cause::ProtocolViolation)?;
            if !frame.payload.is_empty() {
                shared.records.push(Head::Fault { worker_id, pid }, frame.payload, listener.wake());
            }
        }
    }
    Ok(())
}

pub(super) fn settled(fields: OutcomeFields) -> Settled {
    Settled {
        seq: ChunkSeq(fields.seq),
        first: fields.first,
        count: fields.count,
        is_error: fields.flags & outcome_flag::ERROR != 0,
        is_last: fields.flags & outcome_flag::LAST != 0,
        is_dropped: fields.flags & outcome_flag::DROPPED != 0,
        is_retiring: fields.flags & outcome_flag::RETIRING != 0,
        is_setup_failure: fields.flags & outcome_flag::SETUP != 0,
        elapsed_us: fields.elapsed_micros,
    }
}

#[cfg(all(test, target_os = "linux", not(loom)))]
pub(super) mod tests;
