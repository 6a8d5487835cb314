//! One message on a control socket, with the descriptors it carries.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use super::super::types::{MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX, Received};

const SPACE: usize = cmsg_space!(ScmRights(MESSAGE_FDS_MAX));

pub(super) fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    // An empty message would look like the end of the connection.
    if bytes.is_empty() || bytes.len() > MESSAGE_BYTES_MAX || fds.len() > MESSAGE_FDS_MAX {
        let why =
            format!("a control message of {} bytes and {} descriptors", bytes.len(), fds.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(fds));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    let iov = [IoSlice::new(bytes)];
    rustix::io::retry_on_intr(|| rustix::net::sendmsg(socket, &iov, &mut ancillary, flags))?;
    Ok(())
}

pub(super) fn try_recv(socket: BorrowedFd<'_>) -> io::Result<Received> {
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    loop {
        let mut space = [MaybeUninit::uninit(); SPACE];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
        match rustix::net::recvmsg(
            socket,
            &mut [IoSliceMut::new(&mut bytes)],
            &mut ancillary,
            flags,
        ) {
            Ok(message) if message.bytes == 0 => {
                let is_closed = is_hung_up(socket)?;
                return Ok(if is_closed { Received::Closed } else { Received::Empty });
            }
            Ok(message) if message.flags.contains(ReturnFlags::TRUNC) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a control message is too large",
                ));
            }
            Ok(message) => {
                bytes.truncate(message.bytes);
                return Ok(Received::Message(bytes, descriptors(&mut ancillary)));
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

fn descriptors(ancillary: &mut RecvAncillaryBuffer<'_>) -> Vec<OwnedFd> {
    let mut fds = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    fds
}
