//! Descriptors of the library in a process that runs other code too.
//!
//! Other code of the process may close a number twice, and so hit a descriptor that got the number in between. Therefore the
//! descriptors of the library have high numbers, which nobody else gets, and the library never closes a number that belongs to
//! something else by now.
#![expect(unsafe_code, reason = "decides on drop whether a descriptor is still its own")]

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, Once};
use std::thread;

use rustix::fs::Dev;
use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::lock::lock;

/// The system gives out the lowest free number, so nobody gets a number from here on by chance. `select` does not support them
/// either.
const LOWEST: u64 = 1024;

/// How many descriptors this process may have.
pub fn descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Above every number that the file actions of a start write to.
const LOWEST_COPY: i32 = 10;

/// A copy of `fd` with a high number.
pub(in crate::sys) fn copy(fd: impl AsFd) -> io::Result<OwnedFd> {
    let limit = getrlimit(Resource::Nofile).current;
    let lowest = limit.map_or(LOWEST, |limit| LOWEST.min(limit / 2));
    let high = rustix::io::fcntl_dupfd_cloexec(&fd, i32::try_from(lowest).unwrap_or(i32::MAX));
    // The high numbers may be in use.
    Ok(high.or_else(|_| rustix::io::fcntl_dupfd_cloexec(&fd, LOWEST_COPY))?)
}

/// Has the system make room for high numbers, on a thread of its own.
///
/// The first high number makes the system enlarge the process's table of descriptors. In a process with several threads it then waits
/// until no CPU can still use the old table, 10 to 20 ms. A pool that is opened later does not wait.
pub fn make_room_for_descriptors() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        // Without the thread, the first pool waits.
        let _ = thread::Builder::new().name("millrace-room".into()).spawn(|| {
            drop(File::open("/dev/null").map(|file| raise(file.into())));
        });
    });
}

/// The same descriptor under a high number, if possible. It is for descriptors that are closed soon or go to another process.
pub(in crate::sys) fn raise(fd: OwnedFd) -> OwnedFd {
    copy(&fd).unwrap_or(fd)
}

/// How often each number was used by a [`Descriptor`]. If a number is used again, other code has closed it in between. Nothing
/// else would show that: most eventfds and the like share one inode.
static OWNERS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// A descriptor with a high number, if the process may have one.
#[derive(Debug)]
pub(in crate::sys) struct Descriptor {
    fd: ManuallyDrop<OwnedFd>,
    /// The count of its number in [`OWNERS`].
    owner: u32,
    /// Device and inode of its file. `None` if the system did not say.
    identity: Option<(Dev, u64)>,
}

impl Descriptor {
    /// Takes over `fd`, under another number if possible.
    pub(in crate::sys) fn new(fd: OwnedFd) -> Self {
        // Locked to the end: a number must not be closed for its last owner while the next one takes it.
        let mut owners = lock(&OWNERS);
        let fd = raise(fd);
        let number = number_of(&fd);
        if owners.len() <= number {
            owners.resize(number + 1, 0);
        }
        owners[number] = owners[number].wrapping_add(1);
        Self { owner: owners[number], identity: identity(fd.as_fd()), fd: ManuallyDrop::new(fd) }
    }

    /// Returns `false` if another descriptor of the library has the number by now. It makes no system call.
    pub(in crate::sys) fn is_ours(&self) -> bool {
        self.is_ours_among(&lock(&OWNERS))
    }

    /// As [`Self::is_ours`], for calls that would otherwise read or write the file of something else.
    pub(in crate::sys) fn ours(&self) -> Result<BorrowedFd<'_>, Errno> {
        if self.is_ours() { Ok(self.as_fd()) } else { Err(Errno::BADF) }
    }

    fn is_ours_among(&self, owners: &MutexGuard<'_, Vec<u32>>) -> bool {
        owners.get(number_of(&self.fd)) == Some(&self.owner)
    }

    /// Whether the number still has its first file. `false` after other code of this process has closed it. A file of the
    /// same kind that is not the library's cannot be told apart.
    pub(in crate::sys) fn is_intact(&self) -> bool {
        self.is_ours() && self.is_same()
    }

    /// Returns `false` after other code of this process has closed the number. It is a cheap check, for places where
    /// [`Self::is_intact`] costs too much.
    pub(in crate::sys) fn is_open(&self) -> bool {
        self.is_ours() && rustix::io::fcntl_getfd(&*self.fd).is_ok()
    }

    fn is_same(&self) -> bool {
        let now = identity(self.fd.as_fd());
        now.is_some() && (self.identity.is_none() || now == self.identity)
    }

    /// Closes the number, as other code of this process would.
    #[cfg(all(test, not(loom)))]
    pub(in crate::sys) fn close_behind_its_back(&self) {
        // SAFETY: what uses it from now on is told that it is closed, or that another descriptor has the number.
        unsafe { rustix::io::close(self.fd.as_raw_fd()) };
    }

    /// A second descriptor, with any number.
    pub(in crate::sys) fn try_clone(&self) -> io::Result<OwnedFd> {
        self.fd.try_clone()
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        let owners = lock(&OWNERS);
        if self.is_ours_among(&owners) && self.is_same() {
            // SAFETY: the value ends here, and nothing uses its descriptor afterwards.
            unsafe { ManuallyDrop::drop(&mut self.fd) };
        }
    }
}

fn number_of(fd: &OwnedFd) -> usize {
    // An open descriptor is not negative.
    fd.as_raw_fd().cast_unsigned() as usize
}

fn identity(fd: BorrowedFd<'_>) -> Option<(Dev, u64)> {
    rustix::fs::fstat(fd).ok().map(|stat| (stat.st_dev, stat.st_ino))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe() -> (OwnedFd, OwnedFd) {
        let (read, write) = std::io::pipe().unwrap();
        (read.into(), write.into())
    }

    #[test]
    fn numbers_are_high_and_closed_on_drop() {
        let (read, write) = pipe();
        let descriptor = Descriptor::new(write);
        assert!(descriptor.is_intact());
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(LOWEST * 2);
        assert!(number_of(&descriptor.fd) as u64 >= LOWEST.min(limit / 2));
        drop(descriptor);
        assert_eq!(rustix::io::read(&read, &mut [0; 1]), Ok(0), "no writer is left");
    }

    // Only there they share an inode, as the descriptors of the library may.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_number_that_another_descriptor_has_now_is_not_closed() {
        let eventfd = || rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
        let mut first = Descriptor::new(eventfd());
        let mut others = Vec::new();
        let number = first.fd.as_raw_fd();
        // SAFETY: a double close, as other code would do it; `first` is told apart below.
        drop(unsafe { ManuallyDrop::take(&mut first.fd) });
        // Other tests take numbers too.
        while others.last().is_none_or(|other: &Descriptor| other.fd.as_raw_fd() < number) {
            others.push(Descriptor::new(eventfd()));
        }
        assert!(
            !first.is_intact() || others.last().is_none_or(|last| last.fd.as_raw_fd() != number)
        );
        drop(first);
        assert!(others.iter().all(Descriptor::is_intact));
    }

    #[test]
    fn a_number_that_became_somebody_elses_is_not_closed() {
        let ((_read, write), (other_read, other_write)) = (pipe(), pipe());
        let mut descriptor = Descriptor::new(write);
        rustix::io::dup2(&other_write, &mut descriptor.fd).unwrap();
        assert!(!descriptor.is_intact());
        drop(other_write);
        drop(descriptor);
        rustix::fs::fcntl_setfl(&other_read, rustix::fs::OFlags::NONBLOCK).unwrap();
        assert_eq!(
            rustix::io::read(&other_read, &mut [0; 1]),
            Err(rustix::io::Errno::AGAIN),
            "its writer is open"
        );
    }
}
