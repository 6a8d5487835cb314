//! The death of a child. Without a descriptor of the child itself, only its number can be killed and reaped.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::process::{Pid, WaitIdOptions, WaitIdStatus};

use crate::sys::unix::Descriptor;

/// As a descriptor it is readable once the child is dead.
#[derive(Debug)]
pub(in crate::sys) struct Death(Descriptor);

impl Death {
    /// Watches a child of this process that nobody has reaped.
    pub(in crate::sys) fn watch(pid: Pid) -> io::Result<Self> {
        #[cfg(target_os = "macos")]
        let fd = super::kqueue::end_of(pid)?;
        #[cfg(not(target_os = "macos"))]
        let fd = crate::sys::unix::watch_by_thread(pid)?;
        Ok(Self(Descriptor::new(fd)))
    }

    /// Returns `false` if other code of this process has closed the descriptor.
    pub(in crate::sys) fn is_intact(&self) -> bool {
        self.0.is_intact()
    }

    /// `None`: by the number alone.
    #[expect(clippy::unused_self, reason = "Linux has something to kill by")]
    pub(in crate::sys) fn kill(&self) -> Option<rustix::io::Result<()>> {
        None
    }

    /// `false`: by the number alone.
    #[expect(clippy::unused_self, reason = "as above")]
    pub(in crate::sys) fn kill_group(&self) -> bool {
        false
    }

    /// `None`: by the number alone.
    #[expect(clippy::unused_self, reason = "as above")]
    pub(in crate::sys) fn wait(
        &self,
        _: WaitIdOptions,
    ) -> Option<rustix::io::Result<Option<WaitIdStatus>>> {
        None
    }
}

impl AsFd for Death {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
