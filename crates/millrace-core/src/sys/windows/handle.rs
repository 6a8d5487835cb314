//! Handles of the kernel, under the names that the core has for descriptors.
#![expect(unsafe_code, reason = "takes over handles, and copies them")]

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, FromRawHandle};
use std::ptr;

use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, HANDLE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

pub use std::os::windows::io::{BorrowedHandle as BorrowedFd, OwnedHandle as OwnedFd};

/// What has a handle that a poller can wait for.
pub trait AsFd {
    /// The handle.
    fn as_fd(&self) -> BorrowedFd<'_>;
}

impl AsFd for OwnedFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.as_handle()
    }
}

impl AsFd for BorrowedFd<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.as_handle()
    }
}

impl<T: AsFd> AsFd for &T {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }
}

/// The number of a handle, for system calls.
pub(super) fn raw(handle: &impl AsFd) -> HANDLE {
    handle.as_fd().as_raw_handle()
}

/// The answer of a call that returns 0 for a failure.
pub(super) fn check(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes over what a call has returned that makes an object. The caller has nobody else close it.
pub(super) fn new_object(handle: HANDLE) -> io::Result<OwnedFd> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the callers pass what a system call has just made for them, which nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_handle(handle) })
}

/// A copy that the next process inherits, if it is in the list of its start.
pub(super) fn inheritable(handle: HANDLE) -> io::Result<OwnedFd> {
    let mut copy = ptr::null_mut();
    let own = current_process();
    // SAFETY: any number may be passed: the system refuses what is no handle. It writes to `copy`, which lives until it returns.
    check(unsafe {
        DuplicateHandle(own, handle, own, &raw mut copy, 0, 1, DUPLICATE_SAME_ACCESS)
    })?;
    new_object(copy)
}

/// Copies a handle into another process. Returns its number there.
pub(super) fn copy_into(process: &impl AsFd, handle: &impl AsFd) -> io::Result<u64> {
    let mut copy = ptr::null_mut();
    // SAFETY: both handles are open, and the system writes to `copy`, which lives until it returns.
    check(unsafe {
        DuplicateHandle(
            current_process(),
            raw(handle),
            raw(process),
            &raw mut copy,
            0,
            0,
            DUPLICATE_SAME_ACCESS,
        )
    })?;
    Ok(copy as u64)
}

/// Copies a handle out of another process, which names it by its number there. It may be a handle of anything.
///
/// # Errors
/// `InvalidInput` for a number that stands for something, such as the thread that asks; else what the system reports.
pub(super) fn copy_from(process: &impl AsFd, number: u64) -> io::Result<OwnedFd> {
    // The system says that numbers of handles have 32 bits.
    if i32::try_from(number).is_err() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut copy = ptr::null_mut();
    let handle = ptr::with_exposed_provenance_mut(number as usize);
    // SAFETY: the handle of the process is open, any number may be passed, and the system writes to `copy`, which lives until it
    // returns.
    check(unsafe {
        DuplicateHandle(
            raw(process),
            handle,
            current_process(),
            &raw mut copy,
            0,
            0,
            DUPLICATE_SAME_ACCESS,
        )
    })?;
    new_object(copy)
}

/// Takes over a handle by its number.
///
/// # Safety
/// It is a handle of this process that nobody else owns.
pub(super) unsafe fn own(number: u64) -> OwnedFd {
    // SAFETY: by the caller's promise.
    unsafe { OwnedFd::from_raw_handle(ptr::with_exposed_provenance_mut(number as usize)) }
}

/// A number that stands for this process and that nobody closes.
pub(super) fn current_process() -> HANDLE {
    // SAFETY: it returns a constant.
    unsafe { GetCurrentProcess() }
}
