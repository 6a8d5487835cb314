//! The connection between the two ends of a control socket: `SOCK_SEQPACKET`, which keeps messages whole.
#![expect(unsafe_code, reason = "sets the signal of a socket")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{AddressFamily, ReturnFlags, SocketFlags, SocketType};
use rustix::process::Pid;

use super::refusal::refused;
use crate::sys::types::{MESSAGE_BYTES_MAX, Received};
use crate::sys::unix::{receive_part, send_part};

/// The signal that reports events on a descriptor. The C library's bindings do not name it.
const F_SETSIG: libc::c_int = 10;

pub(in crate::sys) const SOCKET_TYPE: SocketType = SocketType::SEQPACKET;

/// Nothing is kept between two calls of [`try_recv`].
#[derive(Debug, Default)]
pub(in crate::sys) struct Inbox {}

/// Makes both ends.
pub(in crate::sys) fn connection() -> io::Result<(OwnedFd, OwnedFd)> {
    rustix::net::socketpair(AddressFamily::UNIX, SOCKET_TYPE, SocketFlags::CLOEXEC, None)
        .map_err(refused("socketpair"))
}

/// Sends a whole message.
pub(in crate::sys) fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    send_part(socket, &[bytes], fds)?;
    Ok(())
}

/// Takes the next message.
pub(in crate::sys) fn try_recv(socket: BorrowedFd<'_>, _: &Inbox) -> io::Result<Received> {
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    loop {
        match receive_part(socket, &mut bytes) {
            Ok(part) if part.bytes == 0 => {
                let is_closed = is_hung_up(socket)?;
                return Ok(if is_closed { Received::Closed } else { Received::Empty });
            }
            Ok(part) if part.flags.contains(ReturnFlags::TRUNC) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a control message is too large",
                ));
            }
            Ok(part) => {
                bytes.truncate(part.bytes);
                return Ok(Received::Message(bytes, part.fds));
            }
            Err(Errno::AGAIN) => return Ok(Received::Empty),
            // Reported once, ahead of what the other side had sent, when it went without having read everything.
            Err(Errno::INTR | Errno::CONNRESET) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// An empty message looks like the end, but for this.
fn is_hung_up(socket: BorrowedFd<'_>) -> io::Result<bool> {
    let mut fds = [PollFd::from_borrowed_fd(socket, PollFlags::RDHUP)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    rustix::io::retry_on_intr(|| rustix::event::poll(&mut fds, Some(&at_once)))?;
    Ok(fds[0].revents().intersects(PollFlags::RDHUP | PollFlags::HUP))
}

/// Makes the system itself kill the process group `leader` when the connection of `socket` ends. That process has `socket` as its
/// end. A stopped process runs no code, so its lifeline cannot do it. The system's rule for stopped orphans is not enough: it
/// does not cover a process that is just being stopped, nor one whose new parent belongs to its session.
///
/// A message from the other side would kill the group as well. From here on the other side sends none.
pub(in crate::sys) fn kill_at_end_of(socket: &OwnedFd, leader: Pid) {
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
