//! The end of a parent.
#![expect(unsafe_code, reason = "copies the handle of this process, and waits for two objects")]

use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::DuplicateHandle;
use windows_sys::Win32::System::Threading::{
    INFINITE, PROCESS_SYNCHRONIZE, WaitForMultipleObjects,
};

use super::control::Control;
use super::handle::{OwnedFd, check, current_process, new_object, raw};

/// A handle of this process, with which another one can do nothing but wait for its end.
///
/// # Errors
/// What the system reports, usually that there is no memory.
pub fn own_pidfd() -> io::Result<Option<OwnedFd>> {
    let mut copy = ptr::null_mut();
    let own = current_process();
    // SAFETY: `own` stands for this process, and the system writes to `copy`, which lives until it returns.
    check(unsafe { DuplicateHandle(own, own, own, &raw mut copy, PROCESS_SYNCHRONIZE, 0, 0) })?;
    new_object(copy).map(Some)
}

/// Blocks until the parent has ended or has dropped its end of `control`.
pub fn wait_until_gone(control: &Control, pidfd: Option<OwnedFd>) {
    let handles = [Some(raw(control)), pidfd.as_ref().map(raw)];
    let handles: Vec<_> = handles.into_iter().flatten().collect();
    // SAFETY: the handles are open until it returns. An error ends the wait as well: one worker too few is better than one that
    // nobody watches.
    unsafe { WaitForMultipleObjects(handles.len() as u32, handles.as_ptr(), 0, INFINITE) };
}
