//! The worker's side of [regions](crate::region): it asks its parent for those that it does not know, and passes on those that its
//! results refer to.

use std::io;
use std::sync::{Arc, Mutex};

use super::THIS_WORKER;
use crate::channel::frame::outcome_flag::REGIONS_MAX;
use crate::lock::lock;
use crate::region::message::{self, FromWorker};
use crate::region::{self, Mapped, Region, RegionError, RegionId};
use crate::sys::{self, Control, Line, Received};

/// Maps a region of `bytes` that the parent has sent the id of. Waits for the parent if this process does not know the region.
///
/// # Errors
///
/// [`RegionError::Gone`] if the parent has let go of it, or this process is no worker; [`RegionError::System`].
pub fn fetch_region(id: RegionId, bytes: usize) -> Result<Mapped, RegionError> {
    match region::open(id, bytes) {
        Err(RegionError::Gone) => {}
        known => return known,
    }
    let refused = |error| RegionError::System { bytes: bytes as u64, error };
    // Kept until it is mapped.
    let region = ask(id).map_err(refused)?;
    let mapped = region::open(id, bytes);
    drop(region);
    mapped
}

/// The line to the parent, once it is open. Whoever uses it holds the lock: an answer belongs to the last question.
static LINE: Mutex<Option<Line>> = Mutex::new(None);

/// Uses the line, and opens it first if it is not. Returns `None` if this process is no worker.
fn with_line<R>(act: impl FnOnce(&Line) -> io::Result<R>) -> io::Result<Option<R>> {
    let Some(this) = THIS_WORKER.get() else { return Ok(None) };
    let mut line = lock(&LINE);
    if line.is_none() {
        *line = Some(open_line(this.lifeline.control())?);
    }
    line.as_ref().map(act).transpose()
}

fn open_line(control: &Control) -> io::Result<Line> {
    let (ours, theirs) = Line::pair()?;
    control.send(message::LINE, &theirs.to_pass())?;
    // Only the parent has that end now, so this one sees it when the parent closes it.
    drop(theirs);
    match ours.recv()? {
        Received::Message(hello, _) if hello == message::HELLO => Ok(ours),
        _ => Err(io::Error::other("the parent has refused the connection for shared memory")),
    }
}

fn ask(id: RegionId) -> io::Result<Option<Arc<Region>>> {
    let answer = with_line(|line| {
        line.send_when_there_is_room(&message::write(FromWorker::Wants(id)), &[])?;
        line.recv()
    })?;
    let Some(Received::Message(answer, fds)) = answer else { return Ok(None) };
    let Some(bytes) = message::read_answer(&answer) else { return Ok(None) };
    let Some(fd) = fds.into_iter().next() else {
        return Err(io::Error::other("no descriptor has come: this process may have too many"));
    };
    Ok(region::adopt(id, bytes, fd))
}

/// Passes a region to the parent. The next outcome has to count it.
///
/// # Errors
///
/// [`RegionError::Gone`] if this process does not know it, or is no worker; [`RegionError::Unpassed`].
pub fn pass_region(id: RegionId) -> Result<(), RegionError> {
    let region = region::find(id).ok_or(RegionError::Gone)?;
    let sent = with_line(|line| {
        region.pass(|bytes, fd| {
            let message = message::write(FromWorker::Passes { id, bytes });
            line.send_when_there_is_room(&message, &[fd])
        })
    });
    sent.map_err(RegionError::Unpassed)?.ok_or(RegionError::Gone)
}

/// How many regions one outcome may name: what its flags can count, and no more than a part of the descriptors that the parent may
/// have, which has the same limit.
pub fn regions_per_outcome() -> usize {
    (sys::descriptor_limit() / 4).min(REGIONS_MAX as usize)
}
