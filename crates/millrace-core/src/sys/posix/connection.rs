//! The connection between the two ends of a control socket: a stream, since macOS has no sockets that keep messages whole and tell of
//! the other end's end.
//!
//! A message begins with its length, in eight hexadecimal digits, so that a shell can send one. Never more is read than belongs to a
//! message: what is behind it stays in the socket, where a poller sees it.

use std::io;
use std::mem;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;

use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{Shutdown, SocketType, shutdown, sockopt};
use rustix::process::Pid;

use crate::lock::lock;
use crate::sys::types::{MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX, Received};
use crate::sys::unix::{receive_part, send_part};

pub(in crate::sys) const SOCKET_TYPE: SocketType = SocketType::STREAM;

/// The length in front of a message.
const PREFIX_BYTES: usize = 8;
/// The socket holds the longest message as a whole. macOS gives it 8 KiB otherwise.
const BUFFER_BYTES: usize = 4 * MESSAGE_BYTES_MAX;

/// The part of a message that has come.
#[derive(Debug, Default)]
pub(in crate::sys) struct Inbox(Mutex<Incoming>);

#[derive(Debug, Default)]
struct Incoming {
    prefix: Vec<u8>,
    bytes: Vec<u8>,
    fds: Vec<OwnedFd>,
    /// Where the next message begins is not known any more.
    is_lost: bool,
}

/// Makes both ends.
pub(in crate::sys) fn connection() -> io::Result<(OwnedFd, OwnedFd)> {
    let (one, other) = UnixStream::pair()?;
    for end in [&one, &other] {
        sockopt::set_socket_send_buffer_size(end, BUFFER_BYTES)?;
        sockopt::set_socket_recv_buffer_size(end, BUFFER_BYTES)?;
        // A call cannot ask for it there.
        #[cfg(target_os = "macos")]
        sockopt::set_socket_nosigpipe(end, true)?;
    }
    Ok((one.into(), other.into()))
}

/// Sends a whole message.
pub(in crate::sys) fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<()> {
    // macOS waits for room whatever the flags of the call say. The other end has a mode of its own.
    ioctl_fionbio(socket, true)?;
    let prefix = format!("{:0PREFIX_BYTES$x}", bytes.len());
    let sent = send_part(socket, &[prefix.as_bytes(), bytes], fds)?;
    if sent < PREFIX_BYTES + bytes.len() {
        // The rest would have to wait. Now the other side waits for no more of it.
        let _ = shutdown(socket, Shutdown::Write);
        return Err(Errno::AGAIN.into());
    }
    Ok(())
}

/// Takes the next message.
pub(in crate::sys) fn try_recv(socket: BorrowedFd<'_>, inbox: &Inbox) -> io::Result<Received> {
    let mut incoming = lock(&inbox.0);
    loop {
        let missing = incoming.missing()?;
        if missing == 0 {
            incoming.prefix.clear();
            let (bytes, fds) = (mem::take(&mut incoming.bytes), mem::take(&mut incoming.fds));
            return Ok(Received::Message(bytes, fds));
        }
        let mut part = vec![0; missing];
        match receive_part(socket, &mut part) {
            Ok(received) if received.bytes == 0 => return Ok(Received::Closed),
            Ok(received) => incoming.take(&part[..received.bytes], received.fds),
            Err(Errno::AGAIN) => return Ok(Received::Empty),
            // Reported once, ahead of what the other side had sent, when it went without having read everything.
            Err(Errno::INTR | Errno::CONNRESET) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Incoming {
    /// How many bytes come next, of the prefix or of the message. 0: the message is there.
    fn missing(&mut self) -> io::Result<usize> {
        let prefix = PREFIX_BYTES - self.prefix.len();
        if prefix > 0 && !self.is_lost {
            return Ok(prefix);
        }
        let length = std::str::from_utf8(&self.prefix).ok();
        let length = length.and_then(|digits| usize::from_str_radix(digits, 16).ok());
        match length.filter(|length| (1..=MESSAGE_BYTES_MAX).contains(length)) {
            Some(length) if !self.is_lost => Ok(length - self.bytes.len()),
            _ => {
                self.is_lost = true;
                Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a control message is too large, or is none",
                ))
            }
        }
    }

    fn take(&mut self, part: &[u8], fds: Vec<OwnedFd>) {
        let is_of_prefix = self.prefix.len() < PREFIX_BYTES;
        let into = if is_of_prefix { &mut self.prefix } else { &mut self.bytes };
        into.extend_from_slice(part);
        self.fds.extend(fds);
        self.fds.truncate(MESSAGE_FDS_MAX);
    }
}

/// Only Linux can do that. Elsewhere a process that is stopped when its parent ends gets SIGHUP and SIGCONT from the system, as
/// POSIX demands for orphaned groups.
pub(in crate::sys) fn kill_at_end_of(_: &OwnedFd, _: Pid) {}
