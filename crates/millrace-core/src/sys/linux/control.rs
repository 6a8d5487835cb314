//! The control socket: a pair of connected `SOCK_SEQPACKET` sockets.
#![expect(
    unsafe_code,
    reason = "takes over descriptor 3, which the parent left there, and sets the signal of a socket"
)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::OnceLock;

use rustix::io::FdFlags;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, shutdown, sockopt};
use rustix::process::Pid;

use super::super::types::{CONTROL_FD, Received};
use super::control_message;
use super::descriptor::Descriptor;
use super::refusal::refused;

/// The signal that reports events on a descriptor. The C library's bindings do not name it.
const F_SETSIG: libc::c_int = 10;

/// Descriptor 3 has one owner per process.
static TAKEN: OnceLock<()> = OnceLock::new();

/// One end of a connection that keeps messages whole, carries descriptors, and reports when the other end is gone.
#[derive(Debug)]
pub struct Control(Descriptor);

impl Control {
    /// Makes both ends.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )
        .map_err(refused("socketpair"))?;
        Ok((Self(Descriptor::new(one)), Self(Descriptor::new(other))))
    }

    /// Takes over descriptor 3, where [`super::launch`] leaves a process its end, and closes it on exec.
    ///
    /// # Errors
    /// `AlreadyExists` from the second call on; `NotFound` when descriptor 3 is no such socket.
    pub fn inherited() -> io::Result<Self> {
        let absent = || {
            io::Error::new(
                io::ErrorKind::NotFound,
                "descriptor 3 is not the control socket of a worker",
            )
        };
        // The number may belong to anything by now.
        if TAKEN.get().is_some() {
            return Err(taken());
        }
        // SAFETY: `fcntl` with F_GETFD takes any number and touches no memory.
        if unsafe { libc::fcntl(CONTROL_FD, libc::F_GETFD) } < 0 {
            return Err(absent());
        }
        // SAFETY: the descriptor is open, and the borrow ends with this call: nobody closes 3 while a process starts.
        let fd = unsafe { BorrowedFd::borrow_raw(CONTROL_FD) };
        if !is_control(fd) {
            return Err(absent());
        }
        TAKEN.set(()).map_err(|()| taken())?;
        rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        // SAFETY: `launch` put the socket there for this call, and `TAKEN` lets one call through: nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(CONTROL_FD) };
        Ok(Self(Descriptor::new(fd)))
    }

    /// Sends one message of 1 to [`MESSAGE_BYTES_MAX`](super::super::MESSAGE_BYTES_MAX) bytes, together with copies of up to
    /// [`MESSAGE_FDS_MAX`](super::super::MESSAGE_FDS_MAX) descriptors. Never blocks.
    ///
    /// # Errors
    /// `InvalidInput` for a message of another size; `WouldBlock` when the other side leaves too much unread; `BrokenPipe`
    /// when it is gone.
    pub fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        control_message::send(self.0.ours()?, bytes, fds)
    }

    /// Takes the next message, if there is one. Never blocks. Descriptors beyond the limit are closed.
    ///
    /// # Errors
    /// `InvalidData` for a message larger than the limit, which is lost; else what the system reports.
    pub fn try_recv(&self) -> io::Result<Received> {
        control_message::try_recv(self.0.ours()?)
    }
}

impl Control {
    /// Shuts down the direction to the other side, which then ends itself. What it has sent can still be read.
    pub fn hang_up(&self) {
        // Where the descriptor is gone, so is the connection.
        let _ = self.0.ours().and_then(|fd| shutdown(fd, Shutdown::Write));
    }

    /// Returns `false` if other code of this process has closed the descriptor.
    pub fn is_intact(&self) -> bool {
        self.0.is_intact()
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Makes the system itself kill the process group `leader` when the connection of `socket` ends. That process has `socket` as its
/// end. A stopped process runs no code, so its lifeline cannot do it. The system's rule for stopped orphans is not enough: it
/// does not cover a process that is just being stopped, nor one whose new parent belongs to its session.
///
/// A message from the other side would kill the group as well. From here on the other side sends none.
pub(super) fn kill_at_end_of(socket: &OwnedFd, leader: Pid) {
    // SAFETY: `fcntl` with the commands below takes numbers and touches no memory of ours; the descriptor is open.
    let set = |command: libc::c_int, value: libc::c_int| unsafe {
        libc::fcntl(socket.as_raw_fd(), command, value)
    };
    // If a sandbox refuses it, the lifeline is still there. The call that switches the signal on comes last, or the signal
    // would be SIGIO.
    if set(libc::F_SETOWN, -leader.as_raw_pid()) == 0 && set(F_SETSIG, libc::SIGKILL) == 0 {
        let flags = set(libc::F_GETFL, 0);
        if flags >= 0 {
            set(libc::F_SETFL, flags | libc::O_ASYNC);
        }
    }
}

fn taken() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "the control socket is taken already")
}

fn is_control(fd: BorrowedFd<'_>) -> bool {
    sockopt::socket_type(fd) == Ok(SocketType::SEQPACKET)
        && sockopt::socket_domain(fd) == Ok(AddressFamily::UNIX)
}
