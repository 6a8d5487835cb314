//! A job: a process with all that it starts. It ends with its last handle, so it ends with the process that has made it, whatever
//! ends that.
#![expect(unsafe_code, reason = "calls the functions of jobs")]

use std::io;
use std::ptr;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, IsProcessInJob, JOB_OBJECT_LIMIT_BREAKAWAY_OK,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JobObjectExtendedLimitInformation, SetInformationJobObject, TerminateJobObject,
};

use super::handle::{AsFd, BorrowedFd, OwnedFd, check, new_object, raw};

/// The exit code of what is killed here. No program returns it by chance.
pub(super) const KILLED: u32 = 0xC0DE_0009;

/// Its handle is never inherited or copied.
#[derive(Debug)]
pub(super) struct Job(OwnedFd);

impl Job {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: null stands for no attributes and no name.
        let job = Self(new_object(unsafe { CreateJobObjectW(ptr::null(), ptr::null()) })?);
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        // A child that a task takes out of the job on purpose outlives it.
        limits.BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
        let size = size_of_val(&limits) as u32;
        // SAFETY: reads `size` bytes of `limits`, which lives until it returns.
        check(unsafe {
            SetInformationJobObject(
                raw(&job),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size,
            )
        })?;
        Ok(job)
    }

    /// Takes a process in, unless its start has done so.
    pub(super) fn take_in(&self, process: &impl AsFd) -> io::Result<()> {
        let mut is_in = 0;
        // SAFETY: both handles are open, and it writes to `is_in`, which lives until it returns.
        check(unsafe { IsProcessInJob(raw(process), raw(self), &raw mut is_in) })?;
        if is_in != 0 {
            return Ok(());
        }
        // SAFETY: both handles are open.
        check(unsafe { AssignProcessToJobObject(raw(self), raw(process)) })
    }

    /// Kills all processes of the job.
    pub(super) fn kill(&self) {
        // SAFETY: the handle is open. It fails only where nothing is left to kill.
        unsafe { TerminateJobObject(raw(self), KILLED) };
    }
}

impl AsFd for Job {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
