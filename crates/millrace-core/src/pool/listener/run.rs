//! Results of one chunk that came one by one are handled together.
//!
//! A lazy call has each result in shared memory before the next task begins, so each comes in a frame of its own. To judge each by the scheduler,
//! and to give each a record, takes as long as the rest of its way. So frames that follow each other become one outcome, and one record in which
//! each result is still a message of its own ([`Outcome::is_joined`](crate::Outcome::is_joined)): what a worker has damaged is one result.

use super::Listener;
use super::inbound::settled;
use crate::channel::frame::{Frame, OutcomeFields, ToParent, outcome_flag};
use crate::pool::Shared;
use crate::pool::record_queue::Head;
use crate::scheduler::{Cause, Verdict, WorkerId};

/// A run ends at so many bytes, so that its record fits beside others.
const BYTES_MAX: usize = 48 * 1024;
/// The unit of the messages of a record, in bytes.
const MESSAGE_UNIT: usize = 4;

/// Results that wait to be handled together. There are none where `fields.count` is 0.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// The outcome of all of them.
    fields: OutcomeFields,
    /// Each with its length in front, and padding behind it.
    messages: Vec<u8>,
}

impl Run {
    /// Whether a frame may be part of a run: it has one result and nothing else.
    pub(super) fn suits(frame: &Frame<'_, ToParent>) -> bool {
        let fields = OutcomeFields::from(frame.fields);
        frame.kind == ToParent::Outcome
            && fields.count == 1
            && fields.flags & !outcome_flag::LAST == 0
            && frame.payload.len() < BYTES_MAX
    }

    /// Adds a frame that suits. `false`: it does not follow the others.
    pub(super) fn add(&mut self, frame: &Frame<'_, ToParent>) -> bool {
        let next = OutcomeFields::from(frame.fields);
        let follows = self.fields.count > 0
            && self.fields.flags == 0
            && next.seq == self.fields.seq
            && next.first == self.fields.first.wrapping_add(self.fields.count)
            && next.last_block == self.fields.last_block
            && self.messages.len() + frame.payload.len() < BYTES_MAX;
        if follows {
            self.fields.count += 1;
            self.fields.flags = next.flags;
            self.fields.elapsed_micros =
                self.fields.elapsed_micros.saturating_add(next.elapsed_micros);
            self.put(&frame.payload);
        }
        follows
    }

    /// Begins with a frame that suits and has no blocks. The run before must have ended.
    pub(super) fn begin(&mut self, frame: &Frame<'_, ToParent>) {
        self.fields = frame.fields.into();
        self.messages.clear();
        self.put(&frame.payload);
    }

    fn put(&mut self, payload: &[u8]) {
        self.messages.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        self.messages.extend_from_slice(payload);
        self.messages.resize(self.messages.len().next_multiple_of(MESSAGE_UNIT), 0);
    }

    /// Handles the results, if there are any. An error says why nothing more can be read from the worker.
    pub(super) fn end(
        &mut self,
        shared: &Shared,
        worker_id: WorkerId,
        listener: Listener,
    ) -> Result<(), Cause> {
        let OutcomeFields { first, count, flags, elapsed_micros, .. } = self.fields;
        if count == 0 {
            return Ok(());
        }
        let verdict = shared.scheduler().outcome(worker_id, settled(self.fields));
        self.fields.count = 0;
        let Verdict::Report { call_id, chunk, is_last } =
            verdict.map_err(|_| Cause::ProtocolViolation)?
        else {
            return Ok(());
        };
        let head = Head::Outcome {
            call_id,
            chunk,
            first,
            count,
            is_error: false,
            is_last: is_last && flags & outcome_flag::LAST != 0,
            is_joined: count > 1,
            elapsed_us: elapsed_micros,
            lease: None,
            regions: Vec::new(),
        };
        shared.records.push(head, self.payload(count).into(), listener.wake());
        Ok(())
    }

    /// The messages, or the only one without its length.
    fn payload(&self, count: u32) -> &[u8] {
        match self.messages.split_first_chunk::<4>() {
            Some((length, only)) if count == 1 => &only[..u32::from_le_bytes(*length) as usize],
            _ => &self.messages,
        }
    }
}
