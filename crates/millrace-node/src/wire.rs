//! The bytes in which chunks and records cross between JavaScript and the core. `src-ts/protocol/frames.ts` has the same numbers,
//! and a spec compares both.
//!
//! # Submissions
//!
//! A batch is a row of submissions. Each is a header of 14 words and a payload, padded to a multiple of 8 bytes.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | payload bytes |
//! | 1 | the call |
//! | 2 | the chunk within the call |
//! | 3 | tasks in the payload, at least 1 |
//! | 4 | definition id |
//! | 5 | [`ChunkFlags`] |
//! | 6 | 1 + the only worker that may run it, or 0 |
//! | 7 | the lifespan of the workers that run it, in tasks, or 0 |
//! | 8 | milliseconds that each task has, or 0: no limit |
//! | 9 | how often each task may run again |
//! | 10 | how many blocks the payload refers to. Their places follow the payload, as words that are padded like it |
//! | 11 | the setup that its worker needs, or 0 |
//! | 12 | how many regions the payload refers to. Their ids, of 8 bytes each, follow the places |
//! | 13 | 0 |
//!
//! # Records
//!
//! Each is a header of 8 words and a payload, padded to a multiple of 8 bytes.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | payload bytes |
//! | 1 | [`Kind`] |
//! | 2 | the call, or the worker id |
//! | 3 | the chunk within the call, or the worker's pid |
//! | 4 | first task, or the stream |
//! | 5 | count of tasks |
//! | 6 | flags of an outcome, with [`JOINED`]; from bit 8 on the source of its blocks, or 0 |
//! | 7 | microseconds that an outcome's tasks took |

use std::num::NonZero;
use std::time::Duration;

use millrace_core::layout::{HEADER_BYTES, outcome_flag, padded_len};
use millrace_core::{
    CallId, Cause, Chunk, ChunkFlags, DefinitionId, ExitReason, Lateness, Loss, Outcome, Record,
    Records, SetupFailed, SetupFailure, WorkerExit, WorkerId,
};

/// Size of a submission without its payload.
const SUBMISSION_BYTES: usize = 56;
/// Bits of the flags of an outcome in front of the source of its blocks.
const SOURCE_SHIFT: u32 = 8;
/// Flag of an outcome: each result is a message of its own, with its length in front.
const JOINED: u32 = 32;
/// Words in front of the items of a [`Kind::Died`].
const DIED_WORDS: usize = 12;
/// Words in front of the items of a [`Kind::TimedOut`], and in front of the function of a [`Kind::LoadTimedOut`].
const LATE_WORDS: usize = 6;
/// Words of the payload of a [`Kind::Exited`].
const EXITED_WORDS: usize = 9;
/// How much of its chunk's items or of its function a loss record has. They are there to be named, not to be run.
const SHORTENED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The system had no memory left.
const CAUSE_MEMORY: u32 = 1;
/// The heap had reached its limit.
const CAUSE_HEAP: u32 = 2;
/// The worker has violated the protocol.
const CAUSE_PROTOCOL: u32 = 3;
/// There was no memory for what the worker sent.
const CAUSE_OUT_OF_MEMORY: u32 = 4;

/// It ended by itself, or something outside of the pool ended it.
const EXIT_DIED: u32 = 0;
/// It had run as many tasks as it might.
const EXIT_LIFESPAN: u32 = 1;
/// It used too much memory.
const EXIT_MEMORY: u32 = 2;
/// It was idle for too long.
const EXIT_IDLE: u32 = 3;
/// The workers were replaced.
const EXIT_RECYCLE: u32 = 4;
/// A task, a load or its start was late.
const EXIT_TIMEOUT: u32 = 5;
/// It was on a task of a call that was aborted.
const EXIT_ABORT: u32 = 6;
/// The pool ended.
const EXIT_CLOSED: u32 = 7;
/// The pool has fewer workers now, or binds it to other CPUs.
const EXIT_RESIZE: u32 = 8;

// Every message begins at a multiple of 8 bytes, so that JavaScript reads its words by a typed array.
const _: () = assert!(HEADER_BYTES == 8 * 4);
const _: () =
    assert!(SUBMISSION_BYTES == 14 * 4 && SUBMISSION_BYTES == padded_len(SUBMISSION_BYTES));

/// Kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Kind {
    /// Tasks that their worker has settled. The payload is the worker's.
    Outcome = 2,
    /// Tasks that are lost with their worker. Payload, 32-bit words: index, worker, pid, its end (see [`end_words`]), 1 where
    /// task `index` had begun, cause, MiB of its limit, the worker's uptime in ms (low, high), flags of the chunk, 0. Then
    /// the chunk's items, or the first [`SHORTENED_BYTES_MAX`] of their bytes.
    Died = 16,
    /// Tasks for which no worker could be started. Payload: the reason, UTF-8.
    StartFailed = 17,
    /// A worker is ready.
    Started = 18,
    /// A worker was reaped. Payload, 32-bit words: its end (see [`end_words`]), tasks done (low, high), why it ended (see
    /// [`reason_word`]), resident bytes (low, high), how it has failed at what its setups make it do when it leaves (one of the
    /// `HOW_` numbers, or 0), the limit of that in milliseconds.
    Exited = 19,
    /// The pool has ended.
    Closed = 20,
    /// An error outside of any task is about to end a worker. The payload is the worker's.
    Fault = 21,
    /// A worker has written. The payload is what it wrote.
    Output = 22,
    /// The pool cannot go on. Payload: the reason, UTF-8.
    Failed = 23,
    /// A task ran for longer than its limit. Payload, 32-bit words: index, worker, pid, limit in milliseconds, flags of the
    /// chunk, bytes of the function. Then the chunk's items, as for [`Self::Died`]. There is no function.
    TimedOut = 24,
    /// The function of a task was not loaded in time. The payload is that of a [`Self::TimedOut`], with the function, or the
    /// first [`SHORTENED_BYTES_MAX`] of its bytes, in front of the items.
    LoadTimedOut = 25,
    /// A worker could not set itself up. The fields are the setup, the worker's pid, its id, and one of the `HOW_` numbers. The payload is
    /// the worker's error, or 32-bit words: its end (see [`end_words`]), cause, MiB of its limit, limit in milliseconds, 0.
    SetupFailed = 26,
    /// A worker that leaves has done a part of what its setups make it do. Field 2 is 1 if that failed. The payload is the worker's.
    ExitResult = 27,
    /// The workers that had to leave for a resize have ended. Field 1 is its number.
    Resized = 28,
}

/// It exited, and the number is its exit code.
const ENDED_BY_EXIT: u32 = 1;
/// The number is that of the signal that ended it.
const ENDED_BY_SIGNAL: u32 = 2;

/// It threw an error.
const HOW_THREW: u32 = 1;
/// It died.
const HOW_DIED: u32 = 2;
/// It took too long, and was killed.
const HOW_LATE: u32 = 3;

/// The numbers of this module, by their names in TypeScript.
pub(crate) const LAYOUT: &[(&str, u32)] = &[
    ("SUBMISSION_BYTES", SUBMISSION_BYTES as u32),
    ("SOURCE_SHIFT", SOURCE_SHIFT),
    ("OUTCOME_JOINED", JOINED),
    ("RECORD_OUTCOME", Kind::Outcome as u32),
    ("RECORD_DIED", Kind::Died as u32),
    ("RECORD_START_FAILED", Kind::StartFailed as u32),
    ("RECORD_STARTED", Kind::Started as u32),
    ("RECORD_EXITED", Kind::Exited as u32),
    ("RECORD_CLOSED", Kind::Closed as u32),
    ("RECORD_TIMED_OUT", Kind::TimedOut as u32),
    ("RECORD_LOAD_TIMED_OUT", Kind::LoadTimedOut as u32),
    ("RECORD_SETUP_FAILED", Kind::SetupFailed as u32),
    ("RECORD_EXIT_RESULT", Kind::ExitResult as u32),
    ("RECORD_RESIZED", Kind::Resized as u32),
    ("ENDED_BY_EXIT", ENDED_BY_EXIT),
    ("ENDED_BY_SIGNAL", ENDED_BY_SIGNAL),
    ("HOW_THREW", HOW_THREW),
    ("HOW_DIED", HOW_DIED),
    ("HOW_LATE", HOW_LATE),
    ("RECORD_FAULT", Kind::Fault as u32),
    ("RECORD_OUTPUT", Kind::Output as u32),
    ("RECORD_FAILED", Kind::Failed as u32),
    ("DIED_WORDS", DIED_WORDS as u32),
    ("LATE_WORDS", LATE_WORDS as u32),
    ("CAUSE_MEMORY", CAUSE_MEMORY),
    ("CAUSE_HEAP", CAUSE_HEAP),
    ("CAUSE_PROTOCOL", CAUSE_PROTOCOL),
    ("CAUSE_OUT_OF_MEMORY", CAUSE_OUT_OF_MEMORY),
    ("EXIT_DIED", EXIT_DIED),
    ("EXIT_LIFESPAN", EXIT_LIFESPAN),
    ("EXIT_MEMORY", EXIT_MEMORY),
    ("EXIT_IDLE", EXIT_IDLE),
    ("EXIT_RECYCLE", EXIT_RECYCLE),
    ("EXIT_TIMEOUT", EXIT_TIMEOUT),
    ("EXIT_ABORT", EXIT_ABORT),
    ("EXIT_CLOSED", EXIT_CLOSED),
    ("EXIT_RESIZE", EXIT_RESIZE),
];

/// The bytes of a batch end within a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CutShort {
    /// Where the submission starts.
    at: usize,
}

impl std::fmt::Display for CutShort {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "the submission at byte {} is cut short", self.at)
    }
}

impl std::error::Error for CutShort {}

/// The chunks of a batch, whose payloads stay where they are.
///
/// # Errors
///
/// [`CutShort`]: then there are no chunks at all.
pub(crate) fn submissions(batch: &[u8]) -> Result<Submissions<'_>, CutShort> {
    let mut all = Submissions { rest: batch };
    all.by_ref().for_each(drop);
    let at = batch.len() - all.rest.len();
    if all.rest.is_empty() { Ok(Submissions { rest: batch }) } else { Err(CutShort { at }) }
}

/// See [`submissions`].
#[derive(Debug)]
pub(crate) struct Submissions<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Submissions<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        let (header, after) = self.rest.split_first_chunk::<SUBMISSION_BYTES>()?;
        let word = |index: usize| u32::from_le_bytes(header.as_chunks().0[index]);
        let payload_bytes = word(0) as usize;
        let payload = after.get(..payload_bytes)?;
        let places_bytes = (word(10) as usize).checked_mul(4)?;
        // The last padding may be left out.
        let rest = after.get(padded_len(payload_bytes)..).unwrap_or_default();
        let places = rest.get(..places_bytes)?;
        let rest = rest.get(padded_len(places_bytes)..).unwrap_or_default();
        let regions_bytes = (word(12) as usize).checked_mul(8)?;
        let regions = rest.get(..regions_bytes)?;
        self.rest = rest.get(regions_bytes..).unwrap_or_default();
        Some(Chunk {
            blocks: places.as_chunks().0,
            regions: regions.as_chunks().0,
            flags: ChunkFlags(word(5)),
            only: word(6).checked_sub(1).map(WorkerId),
            lifespan: NonZero::new(word(7)),
            limit: NonZero::new(word(8)).map(|ms| Duration::from_millis(u64::from(ms.get()))),
            retries: word(9),
            setup: NonZero::new(word(11)).map(|id| DefinitionId(id.get())),
            ..Chunk::new(CallId(word(1)), word(2), DefinitionId(word(4)), word(3), payload)
        })
    }
}

/// What [`write_records`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// Whole records fill this many bytes; zero: nothing waits, and the next record notifies again.
    Bytes(usize),
    /// The next record alone needs this many bytes.
    NeedsRoom(usize),
}

/// Moves records into `into`, as many as fit.
pub(crate) fn write_records(records: &mut Records<'_>, into: &mut [u8]) -> Written {
    let mut filled = 0;
    while let Some(record) = records.peek() {
        match write_record(&record, &mut into[filled..]) {
            Ok(bytes) => filled += bytes,
            Err(NoRoom { bytes }) if filled == 0 => return Written::NeedsRoom(bytes),
            Err(_) => break,
        }
        records.next();
    }
    if filled == 0 && !records.is_empty() {
        // One has come since the last look.
        return write_records(records, into);
    }
    Written::Bytes(filled)
}

/// A record does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NoRoom {
    /// What it needs.
    bytes: usize,
}

/// Writes a record to the front of `into`; its size.
fn write_record(record: &Record<'_>, into: &mut [u8]) -> Result<usize, NoRoom> {
    match *record {
        Record::Outcome(outcome) => {
            let Outcome {
                call_id,
                chunk,
                first,
                count,
                is_error,
                is_last,
                is_joined,
                elapsed,
                payload,
                block_source,
            } = outcome;
            let error = if is_error { outcome_flag::ERROR } else { 0 };
            let last = if is_last { outcome_flag::LAST } else { 0 };
            let joined = if is_joined { JOINED } else { 0 };
            let source = block_source << SOURCE_SHIFT;
            let elapsed_us = elapsed.as_micros() as u32;
            let fields =
                [call_id.0, chunk, first, count, error | last | joined | source, elapsed_us];
            put(into, Kind::Outcome, fields, &[], payload)
        }
        Record::Lost { call_id, chunk, first, count, loss } => {
            write_loss([call_id.0, chunk, first, count, 0, 0], loss, into)
        }
        // No task is settled by it.
        Record::Retried { call_id, chunk, index, loss } => {
            write_loss([call_id.0, chunk, index, 0, 0, 0], loss, into)
        }
        Record::Started { worker_id, pid } => {
            put(into, Kind::Started, [worker_id.0, pid, 0, 0, 0, 0], &[], &[])
        }
        Record::SetupFailed { setup, worker_id, pid, how } => {
            write_setup_failure([setup.0, pid, worker_id.0], how, into)
        }
        Record::ExitResult { worker_id, pid, is_error, payload } => {
            let fields = [worker_id.0, pid, u32::from(is_error), 0, 0, 0];
            put(into, Kind::ExitResult, fields, &[], payload)
        }
        Record::Exited(WorkerExit {
            worker_id,
            pid,
            code,
            signal,
            tasks_done,
            reason,
            resident_bytes,
            unfinished_exit,
        }) => {
            let ([low, high], [bytes_low, bytes_high]) =
                (halves(tasks_done), halves(resident_bytes));
            let [how_ended, number] = end_words(code, signal);
            let reason = reason_word(reason);
            let (how, limit) = match unfinished_exit {
                None => (0, 0),
                Some(Lateness::Died) => (HOW_DIED, 0),
                Some(Lateness::TimedOut(limit)) => (HOW_LATE, milliseconds(limit)),
            };
            let words: [u32; EXITED_WORDS] =
                [how_ended, number, low, high, reason, bytes_low, bytes_high, how, limit];
            put(into, Kind::Exited, [worker_id.0, pid, 0, 0, 0, 0], &words, &[])
        }
        Record::Output { worker_id, pid, stream, bytes } => {
            put(into, Kind::Output, [worker_id.0, pid, stream as u32, 0, 0, 0], &[], bytes)
        }
        Record::Fault { worker_id, pid, payload } => {
            put(into, Kind::Fault, [worker_id.0, pid, 0, 0, 0, 0], &[], payload)
        }
        Record::Failed { reason } => put(into, Kind::Failed, [0; 6], &[], reason.as_bytes()),
        Record::Resized { number } => put(into, Kind::Resized, [number, 0, 0, 0, 0, 0], &[], &[]),
        Record::Closed => put(into, Kind::Closed, [0; 6], &[], &[]),
    }
}

/// Writes how a worker failed to set itself up.
fn write_setup_failure(
    [setup, pid, worker_id]: [u32; 3],
    how: SetupFailed<'_>,
    into: &mut [u8],
) -> Result<usize, NoRoom> {
    let (how, words): (u32, [u32; 6]) = match how {
        SetupFailed::Threw(error) => {
            let fields = [setup, pid, worker_id, HOW_THREW, 0, 0];
            return put(into, Kind::SetupFailed, fields, &[], error);
        }
        SetupFailed::Ended(SetupFailure::Died { code, signal, cause }) => {
            let (cause, limit) = cause_words(cause);
            let [how_ended, number] = end_words(code, signal);
            (HOW_DIED, [how_ended, number, cause, limit, 0, 0])
        }
        SetupFailed::Ended(SetupFailure::TimedOut { limit }) => {
            (HOW_LATE, [0, 0, 0, 0, milliseconds(limit), 0])
        }
    };
    put(into, Kind::SetupFailed, [setup, pid, worker_id, how, 0, 0], &words, &[])
}

fn write_loss(fields: [u32; 6], loss: &Loss, into: &mut [u8]) -> Result<usize, NoRoom> {
    match loss {
        Loss::Died {
            index,
            has_begun,
            worker_id,
            pid,
            code,
            signal,
            cause,
            uptime,
            flags,
            items,
        } => {
            let (cause, limit) = cause_words(*cause);
            let [low, high] = halves(uptime.as_millis() as u64);
            let [how_ended, number] = end_words(*code, *signal);
            let words: [u32; DIED_WORDS] = [
                *index,
                worker_id.0,
                *pid,
                how_ended,
                number,
                u32::from(*has_begun),
                cause,
                limit,
                low,
                high,
                flags.0,
                0,
            ];
            put(into, Kind::Died, fields, &words, shortened(items))
        }
        Loss::TimedOut { index, worker_id, pid, limit, flags, items } => {
            let limit = milliseconds(*limit);
            let words: [u32; LATE_WORDS] = [*index, worker_id.0, *pid, limit, flags.0, 0];
            put(into, Kind::TimedOut, fields, &words, shortened(items))
        }
        Loss::LoadTimedOut { index, worker_id, pid, limit, definition, flags, items } => {
            let (limit, function) = (milliseconds(*limit), shortened(&definition.bytes));
            let words: [u32; LATE_WORDS] =
                [*index, worker_id.0, *pid, limit, flags.0, function.len() as u32];
            put(into, Kind::LoadTimedOut, fields, &words, &[function, shortened(items)].concat())
        }
        Loss::StartFailed { reason } => {
            put(into, Kind::StartFailed, fields, &[], reason.as_bytes())
        }
    }
}

/// Writes a header, and `words` and `rest` as its payload.
fn put(
    into: &mut [u8],
    kind: Kind,
    fields: [u32; 6],
    words: &[u32],
    rest: &[u8],
) -> Result<usize, NoRoom> {
    let words_end = HEADER_BYTES + words.len() * 4;
    let end = words_end + rest.len();
    let bytes = HEADER_BYTES + padded_len(end - HEADER_BYTES);
    let place = into.get_mut(..bytes).ok_or(NoRoom { bytes })?;
    let [payload_bytes, kind] = [(end - HEADER_BYTES) as u32, kind as u32];
    let header = [payload_bytes, kind].into_iter().chain(fields);
    let (front, _) = place[..words_end].as_chunks_mut();
    front
        .iter_mut()
        .zip(header.chain(words.iter().copied()))
        .for_each(|(place, word)| *place = word.to_le_bytes());
    place[words_end..end].copy_from_slice(rest);
    place[end..].fill(0);
    Ok(bytes)
}

/// The first bytes, as many as a record has of them.
fn shortened(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(SHORTENED_BYTES_MAX)]
}

fn halves(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// How a process has ended, one of the `ENDED_` numbers or 0 where nobody knows, and a number of it. An exit code takes the whole
/// word on Windows.
fn end_words(code: Option<i32>, signal: Option<i32>) -> [u32; 2] {
    match (code, signal) {
        (_, Some(signal)) => [ENDED_BY_SIGNAL, signal.cast_unsigned()],
        (Some(code), None) => [ENDED_BY_EXIT, code.cast_unsigned()],
        (None, None) => [0, 0],
    }
}

/// The number of a reason for an exit.
fn reason_word(reason: ExitReason) -> u32 {
    match reason {
        ExitReason::Died => EXIT_DIED,
        ExitReason::Lifespan => EXIT_LIFESPAN,
        ExitReason::Memory => EXIT_MEMORY,
        ExitReason::Idle => EXIT_IDLE,
        ExitReason::Recycled => EXIT_RECYCLE,
        ExitReason::Timeout => EXIT_TIMEOUT,
        ExitReason::Aborted => EXIT_ABORT,
        ExitReason::Closed => EXIT_CLOSED,
        ExitReason::Resized => EXIT_RESIZE,
    }
}

/// The number of a cause, and its limit.
fn cause_words(cause: Cause) -> (u32, u32) {
    match cause {
        Cause::Unknown => (0, 0),
        Cause::SystemMemory => (CAUSE_MEMORY, 0),
        Cause::MemoryLimit { mebibytes } => (CAUSE_HEAP, mebibytes),
        Cause::ProtocolViolation => (CAUSE_PROTOCOL, 0),
        Cause::OutOfMemory => (CAUSE_OUT_OF_MEMORY, 0),
    }
}

#[cfg(test)]
mod tests;
