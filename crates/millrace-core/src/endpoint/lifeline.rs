//! The lifeline of a worker: when its parent ends, for whatever reason, the worker ends too, together with the children of its
//! tasks.
//!
//! Before the parent starts a worker it writes the *handshake* into the control socket ([`send_handshake`]): configuration,
//! memory, bells, and a descriptor of the parent itself, if the system has such descriptors. The worker first calls [`start`],
//! which reads the handshake and starts a thread. The thread waits for either of two signs that the parent is gone. The end of
//! the socket alone is not enough, since a forked copy of the parent keeps the socket open. The parent's own descriptor alone is
//! not enough either, since a pool may end while its process goes on.
//!
//! A stopped worker runs no thread, and neither does one that has not come this far. So the system itself also kills the group
//! when the socket ends ([`sys::launch`] asks for it). Then this thread has nothing left to do.
//!
//! **Invariant:** the thread takes no signals, needs no lock and no JavaScript, so a busy worker dies as fast as an idle one.

use std::io;
use std::sync::Arc;
use std::thread;

use crate::sys::{self, AsFd, Bell, BorrowedFd, Control, OwnedFd, Received, SharedMemory};

/// The first byte of a handshake; no message is ever empty.
const HANDSHAKE: u8 = b'H';

/// What this library was built from. It stands in front of each handshake in a form that never changes, because parent and worker
/// share a memory whose layout may change with every build.
const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("MILLRACE_BUILD"), ")");

/// The longest start error, in bytes.
const ERROR_BYTES_MAX: usize = 32 * 1024;

/// The thread waits in one system call, so it needs almost no stack.
const STACK_BYTES: usize = 128 * 1024;

/// What the parent sends a worker first.
#[derive(Debug)]
pub struct Handshake {
    /// The worker's configuration, as the parent passed it to [`send_handshake`].
    pub config: Vec<u8>,
    /// The memory shared with the parent.
    pub memory: SharedMemory,
    /// Notified by the parent.
    pub to_worker: Bell,
    /// The parent watches them: its waiting thread the first, the submitter's event loop the second.
    pub to_parent: [Bell; 2],
    /// The memory with large arguments, which can only be read.
    pub arguments: Option<OwnedFd>,
    /// The memory for large results.
    pub results: Option<OwnedFd>,
}

/// The descriptors that not every system has, in their order. The handshake says by one bit each which of them it has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'fd> {
    /// See [`Handshake::arguments`].
    pub arguments: Option<BorrowedFd<'fd>>,
    /// See [`Handshake::results`].
    pub results: Option<BorrowedFd<'fd>>,
}

/// Bits of the byte that says which optional descriptors follow.
const HAS_PARENT: u8 = 1;
const HAS_ARGUMENTS: u8 = 2;
const HAS_RESULTS: u8 = 4;

/// The worker's end of the control socket, after the handshake. The watch goes on when this is dropped.
#[derive(Debug)]
pub struct Lifeline {
    control: Arc<Control>,
}

impl Lifeline {
    /// Tells the parent why this worker cannot start, in at most 32 KiB. Does nothing if the parent is gone.
    pub fn send_error(&self, text: &str) {
        let end = (0..=text.len().min(ERROR_BYTES_MAX))
            .rev()
            .find(|&end| text.is_char_boundary(end))
            .unwrap_or(0);
        let _ = self.control.send(&text.as_bytes()[..end], &[]);
    }

    /// The worker's end. What the parent receives from it besides a start error is about regions.
    pub(crate) fn control(&self) -> &Control {
        &self.control
    }

    fn receive_handshake(&self, memory_bytes: usize) -> io::Result<Handshake> {
        let (message, mut fds) = match self.control.try_recv()? {
            Received::Message(bytes, fds) => (bytes, fds),
            Received::Empty => return Err(invalid("it has not arrived")),
            Received::Closed => {
                return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the parent is gone"));
            }
        };
        let (build, config) = split(&message)?;
        if build != BUILD.as_bytes() {
            return Err(other_build(build));
        }
        let (has, config) = config.split_first().ok_or_else(|| invalid("it is too short"))?;
        let config = config.to_vec();
        let mut last = |bit| if has & bit == 0 { None } else { fds.pop() };
        let (results, arguments, parent) =
            (last(HAS_RESULTS), last(HAS_ARGUMENTS), last(HAS_PARENT));
        let [memory, to_worker, first, second] = <[OwnedFd; 4]>::try_from(fds)
            .map_err(|fds| invalid(&format!("it has {} descriptors, not 4", fds.len())))?;
        // The watch comes before anything else that may fail.
        watch(Arc::clone(&self.control), parent)?;
        let memory = SharedMemory::attach(memory, memory_bytes)?;
        Ok(Handshake {
            config,
            memory,
            to_worker: Bell::to_wait(to_worker),
            to_parent: [first, second].map(Bell::to_notify),
            arguments,
            results,
        })
    }
}

/// Parent: writes the handshake into `control`, whose other end goes to [`sys::launch`]. Never blocks.
///
/// # Errors
/// `InvalidInput` if `config` has 64 KiB or more; otherwise the error of the system.
pub fn send_handshake(
    control: &Control,
    config: &[u8],
    memory: &impl AsFd,
    to_worker: &Bell,
    to_parent: [&Bell; 2],
    extras: Extras<'_>,
) -> io::Result<()> {
    let parent = sys::own_pidfd()?;
    let to_worker = to_worker.fd_to_wait()?;
    let [first, second] = to_parent.map(Bell::fd_to_notify);
    let (first, second) = (first?, second?);
    let mut fds = vec![memory.as_fd(), to_worker.as_fd(), first.as_fd(), second.as_fd()];
    let optional = [
        (HAS_PARENT, parent.as_ref().map(AsFd::as_fd)),
        (HAS_ARGUMENTS, extras.arguments),
        (HAS_RESULTS, extras.results),
    ];
    let mut has = 0;
    for (bit, fd) in optional {
        let Some(fd) = fd else { continue };
        has |= bit;
        fds.push(fd);
    }
    let message = [&[HANDSHAKE, BUILD.len() as u8], BUILD.as_bytes(), &[has], config].concat();
    control.send(&message, &fds)
}

/// Worker: takes over descriptor 3, reads the handshake, and dies with the parent from now on.
///
/// `memory_bytes` is the length that the shared memory must have. Call it once per process. A failure after the socket was taken
/// over is sent to the parent as the start error.
///
/// # Errors
/// `NotFound` when this process was not started as a worker; `AlreadyExists` from the second call on; `InvalidData` when
/// the handshake is not as expected; `BrokenPipe` when the parent is gone already.
pub fn start(memory_bytes: usize) -> io::Result<(Handshake, Lifeline)> {
    let lifeline = Lifeline { control: Arc::new(Control::inherited()?) };
    match lifeline.receive_handshake(memory_bytes) {
        Ok(handshake) => Ok((handshake, lifeline)),
        Err(error) => {
            lifeline.send_error(&error.to_string());
            Err(error)
        }
    }
}

fn watch(control: Arc<Control>, parent: Option<OwnedFd>) -> io::Result<()> {
    let wait_and_die = move || {
        sys::wait_until_gone(&control, parent);
        sys::kill_own_group();
    };
    let thread = thread::Builder::new().name("millrace-lifeline".into()).stack_size(STACK_BYTES);
    sys::with_signals_blocked(|| thread.spawn(wait_and_die))?;
    Ok(())
}

/// Splits a handshake into the build that its parent is, and the configuration.
fn split(message: &[u8]) -> io::Result<(&[u8], &[u8])> {
    let [HANDSHAKE, length, rest @ ..] = message else {
        return Err(invalid("it begins with an unknown byte"));
    };
    rest.split_at_checked(usize::from(*length)).ok_or_else(|| invalid("it is too short"))
}

fn other_build(build: &[u8]) -> io::Error {
    let parent = String::from_utf8_lossy(build);
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "this worker has loaded millrace {BUILD}, but its parent runs millrace {parent}: the package was replaced while the program ran; start the program again"
        ),
    )
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the parent's first message is not usable: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_says_which_build_its_parent_is() {
        let message = [&[HANDSHAKE, 3], b"1.2".as_slice(), b"config"].concat();
        let (build, config) = split(&message).unwrap();
        assert_eq!((build, config), (b"1.2".as_slice(), b"config".as_slice()));
        let error = other_build(build).to_string();
        assert!(
            error.contains(BUILD) && error.contains("its parent runs millrace 1.2:"),
            "{error}"
        );
    }

    #[test]
    fn a_message_that_is_no_handshake_is_refused() {
        for message in [b"".as_slice(), b"H", b"X\x03abc", b"H\x04abc"] {
            assert_eq!(split(message).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }
}
