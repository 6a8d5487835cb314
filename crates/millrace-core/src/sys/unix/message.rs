//! Bytes and descriptors on a control socket.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use crate::sys::types::{MESSAGE_BYTES_MAX, MESSAGE_FDS_MAX};

const SPACE: usize = cmsg_space!(ScmRights(MESSAGE_FDS_MAX));

/// What one call has received.
pub(in crate::sys) struct Part {
    pub(in crate::sys) bytes: usize,
    pub(in crate::sys) fds: Vec<OwnedFd>,
    #[cfg_attr(millrace_system = "posix", expect(dead_code, reason = "a stream cuts nothing"))]
    pub(in crate::sys) flags: ReturnFlags,
}

/// Fails for a message that nobody may send. An empty one would look like the end of the connection.
pub(super) fn check_size(bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    if bytes.is_empty() || bytes.len() > MESSAGE_BYTES_MAX || fds.len() > MESSAGE_FDS_MAX {
        let why =
            format!("a control message of {} bytes and {} descriptors", bytes.len(), fds.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    Ok(())
}

/// Sends what fits, the descriptors with the first byte. Returns how many bytes. Never blocks.
pub(in crate::sys) fn send_part(
    socket: BorrowedFd<'_>,
    parts: &[&[u8]],
    fds: &[BorrowedFd<'_>],
) -> rustix::io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        ancillary.push(SendAncillaryMessage::ScmRights(fds));
    }
    let parts: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    rustix::io::retry_on_intr(|| rustix::net::sendmsg(socket, &parts, &mut ancillary, SEND_FLAGS))
}

/// Receives into `bytes`, at most as many. Never blocks.
pub(in crate::sys) fn receive_part(
    socket: BorrowedFd<'_>,
    bytes: &mut [u8],
) -> Result<Part, Errno> {
    let mut space = [MaybeUninit::uninit(); SPACE];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let message =
        rustix::net::recvmsg(socket, &mut [IoSliceMut::new(bytes)], &mut ancillary, RECEIVE_FLAGS)?;
    let fds = descriptors(&mut ancillary);
    Ok(Part { bytes: message.bytes, fds, flags: message.flags })
}

#[cfg(target_os = "linux")]
const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL.union(SendFlags::DONTWAIT);
#[cfg(target_os = "linux")]
const RECEIVE_FLAGS: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::CMSG_CLOEXEC);
/// `SO_NOSIGPIPE` is an option of the socket there.
#[cfg(not(target_os = "linux"))]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT;
#[cfg(not(target_os = "linux"))]
const RECEIVE_FLAGS: RecvFlags = RecvFlags::DONTWAIT;

fn descriptors(ancillary: &mut RecvAncillaryBuffer<'_>) -> Vec<OwnedFd> {
    let mut fds = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    #[cfg(not(target_os = "linux"))]
    for fd in &fds {
        // It can only fail for a descriptor that is not open.
        let _ = rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC);
    }
    fds
}
