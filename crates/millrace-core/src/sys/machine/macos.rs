//! macOS: the resident size of a process. Threads cannot be pinned, and there are no control groups.
#![expect(unsafe_code, reason = "calls proc_pidinfo")]

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;

use rustix::process::Pid;

use crate::sys::ControlGroup;

/// macOS lets no thread choose its CPUs.
///
/// # Errors
/// Always `Unsupported`.
pub fn set_affinity_of_current_thread(_cpus: &[u32]) -> io::Result<()> {
    no_pinning()
}

/// macOS does not say it.
///
/// # Errors
/// Always `Unsupported`.
pub fn affinity_of(_pid: u32) -> io::Result<Vec<u32>> {
    no_pinning()
}

fn no_pinning<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "macOS cannot pin a process to CPUs"))
}

/// None.
pub fn control_groups(_root: &Path, _process: &str, _controller: &str) -> Vec<ControlGroup> {
    Vec::new()
}

/// macOS makes memory of what it has on disk, and tells no limit.
pub fn available_memory(_root: &Path) -> Option<u64> {
    None
}

/// Nobody may read it.
pub fn was_killed_for_memory(_pid: u32) -> Option<bool> {
    None
}

/// macOS does not say it before the process is reaped.
pub(in crate::sys) fn peak_memory(_child: Pid) -> Option<u64> {
    None
}

/// The bytes of physical memory that a process uses. `None` if there is no such process or it belongs to another user.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let pid = c_int::try_from(pid).ok()?;
    let mut info = MaybeUninit::<libc::proc_taskinfo>::zeroed();
    let size = size_of::<libc::proc_taskinfo>() as c_int;
    // SAFETY: writes at most `size` bytes to `info`, which lives until the call returns.
    let written = unsafe {
        libc::proc_pidinfo(pid, libc::PROC_PIDTASKINFO, 0, info.as_mut_ptr().cast(), size)
    };
    // SAFETY: zeros are a value of the structure, and the system writes whole ones.
    let info = unsafe { info.assume_init() };
    (written == size).then_some(info.pti_resident_size)
}

/// The words that this process was started with, the program first. A process that has given itself a title has others, or none.
pub fn command_line() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}
