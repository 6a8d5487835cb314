//! The control socket: a pair of connected sockets.
#![expect(unsafe_code, reason = "takes over descriptor 3, which the parent left there")]

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::sync::OnceLock;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, FdFlags};
use rustix::net::{AddressFamily, Shutdown, getsockname, shutdown, sockopt};

use super::descriptor::Descriptor;
use super::message::check_size;
use crate::sys::system::{self, Inbox, SOCKET_TYPE};
use crate::sys::types::{CONTROL_FD, Received};

/// Descriptor 3 has one owner per process.
static TAKEN: OnceLock<()> = OnceLock::new();

/// How long to wait where nothing tells when to go on.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };

/// One end of a connection that keeps messages whole, carries descriptors, and reports when the other end is gone.
#[derive(Debug)]
pub struct Control {
    socket: Descriptor,
    inbox: Inbox,
}

impl Control {
    /// Makes both ends.
    ///
    /// # Errors
    /// What the system reports, usually that there are too many open files.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = system::connection()?;
        Ok((Self::new(one), Self::new(other)))
    }

    fn new(socket: OwnedFd) -> Self {
        Self { socket: Descriptor::new(socket), inbox: Inbox::default() }
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
        Ok(Self::new(fd))
    }

    /// Sends one message of 1 to [`MESSAGE_BYTES_MAX`](super::super::MESSAGE_BYTES_MAX) bytes, together with copies of up to
    /// [`MESSAGE_FDS_MAX`](super::super::MESSAGE_FDS_MAX) descriptors. Never blocks.
    ///
    /// # Errors
    /// `InvalidInput` for a message of another size; `WouldBlock` when the other side leaves too much unread; `BrokenPipe`
    /// when it is gone.
    pub fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        check_size(bytes, fds)?;
        system::send(self.socket.ours()?, bytes, fds)
    }

    /// As [`Self::send`], but waits while the other side leaves too much unread.
    ///
    /// # Errors
    /// As [`Self::send`], without `WouldBlock`.
    pub fn send_when_there_is_room(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        check_size(bytes, fds)?;
        loop {
            // Before the first attempt too: a stream would take a part of the message.
            self.wait_for(PollFlags::OUT, None)?;
            match system::send(self.socket.ours()?, bytes, fds) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The system bounds the descriptors that are on their way, and tells nobody when there are fewer.
                Err(error) if error.raw_os_error() == Some(libc::ETOOMANYREFS) => {
                    self.wait_for(PollFlags::empty(), Some(PAUSE))?;
                }
                result => return result,
            }
        }
    }

    /// What another process needs to take over this end.
    pub fn to_pass(&self) -> Vec<BorrowedFd<'_>> {
        vec![self.as_fd()]
    }

    /// Takes over an end that has come from the other process.
    ///
    /// # Errors
    /// `InvalidData` if it is no such socket.
    #[expect(clippy::unused_self, reason = "Windows asks the process at the other end")]
    pub fn accept(&self, fds: Vec<OwnedFd>) -> io::Result<Self> {
        match fds.into_iter().next().filter(|fd| is_control(fd.as_fd())) {
            Some(fd) => Ok(Self::new(fd)),
            None => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the descriptor is no control socket",
            )),
        }
    }

    /// Takes the next message, and waits for it. It never returns [`Received::Empty`].
    ///
    /// # Errors
    /// As [`Self::try_recv`].
    pub fn recv(&self) -> io::Result<Received> {
        loop {
            match self.try_recv()? {
                Received::Empty => self.wait_for(PollFlags::IN, None)?,
                received => return Ok(received),
            }
        }
    }

    fn wait_for(&self, flags: PollFlags, most: Option<Timespec>) -> io::Result<()> {
        let fd = self.socket.ours()?;
        match poll(&mut [PollFd::from_borrowed_fd(fd, flags)], most.as_ref()) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the next message, if there is one. Never blocks. Descriptors beyond the limit are closed.
    ///
    /// # Errors
    /// `InvalidData` for a message larger than the limit, which is lost; else what the system reports.
    pub fn try_recv(&self) -> io::Result<Received> {
        system::try_recv(self.socket.ours()?, &self.inbox)
    }
}

impl Control {
    /// Shuts down the direction to the other side, which then ends itself. What it has sent can still be read.
    pub fn hang_up(&self) {
        // Where the descriptor is gone, so is the connection.
        let _ = self.socket.ours().and_then(|fd| shutdown(fd, Shutdown::Write));
    }

    /// Returns `false` if other code of this process has closed the descriptor.
    pub fn is_intact(&self) -> bool {
        self.socket.is_intact()
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn taken() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "the control socket is taken already")
}

fn is_control(fd: BorrowedFd<'_>) -> bool {
    sockopt::socket_type(fd) == Ok(SOCKET_TYPE)
        && getsockname(fd).is_ok_and(|name| name.address_family() == AddressFamily::UNIX)
}
