//! The ends of processes by a kqueue: a descriptor that is readable when they have come.
#![expect(unsafe_code, reason = "the events of a kqueue name descriptors by their numbers")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::kqueue::{
    Event, EventFilter, EventFlags, ProcessEvents, UserDefinedFlags, UserFlags, kevent_timespec,
    kqueue,
};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::Pid;

/// A kqueue that is readable when the process has ended.
pub(super) fn end_of(pid: Pid) -> io::Result<OwnedFd> {
    let queue = new_queue()?;
    match change(&queue, end(pid)) {
        // It has ended already.
        Err(Errno::SRCH) => {
            let trigger = EventFilter::User {
                ident: 0,
                flags: UserFlags::TRIGGER | UserFlags::NOINPUT,
                user_flags: UserDefinedFlags::new(0),
            };
            change(&queue, event(trigger))?;
        }
        answer => answer?,
    }
    Ok(queue)
}

/// Blocks until `parent` has ended or `socket` can be read.
pub(super) fn wait_for_end(parent: Pid, socket: BorrowedFd<'_>) -> io::Result<()> {
    let queue = new_queue()?;
    change(&queue, event(EventFilter::Read(socket.as_raw_fd())))?;
    match change(&queue, end(parent)) {
        Err(Errno::SRCH) => return Ok(()),
        answer => answer?,
    }
    // It may have ended before it was watched, and its number may belong to another process by now.
    if rustix::process::getppid() != Some(parent) {
        return Ok(());
    }
    loop {
        match wait(&queue) {
            Err(Errno::INTR) => {}
            answer => return Ok(answer?),
        }
    }
}

fn new_queue() -> io::Result<OwnedFd> {
    let queue = kqueue()?;
    fcntl_setfd(&queue, FdFlags::CLOEXEC)?;
    Ok(queue)
}

/// Never blocks.
fn change(queue: &OwnedFd, event: Event) -> rustix::io::Result<()> {
    let mut none: [Event; 0] = [];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the one descriptor that an event names is the caller's, who has it until the queue is closed.
    unsafe { kevent_timespec(queue, &[event], &mut none, Some(&at_once)) }.map(drop)
}

/// Blocks until one of the events has come.
fn wait(queue: &OwnedFd) -> rustix::io::Result<()> {
    let mut events: Vec<Event> = Vec::with_capacity(1);
    // SAFETY: nothing is changed.
    unsafe { kevent_timespec(queue, &[], spare_capacity(&mut events), None) }.map(drop)
}

fn end(pid: Pid) -> Event {
    event(EventFilter::Proc { pid, flags: ProcessEvents::EXIT })
}

fn event(filter: EventFilter) -> Event {
    Event::new(filter, EventFlags::ADD, ptr::null_mut())
}
