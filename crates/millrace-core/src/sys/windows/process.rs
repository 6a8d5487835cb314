//! What a process knows about itself and about others.
#![expect(unsafe_code, reason = "calls the functions of processes and clocks")]

use std::path::Path;
use std::process;

use windows_sys::Win32::System::Console::SetConsoleCtrlHandler;
use windows_sys::Win32::System::Performance::{QueryPerformanceCounter, QueryPerformanceFrequency};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
use windows_sys::Win32::System::Threading::{
    OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, TerminateProcess,
};

use super::handle::{current_process, new_object, raw};
use super::job::KILLED;
use crate::sys::types::ControlGroup;

/// Ends this process at once. Its parent ends what it has started.
pub fn kill_own_group() -> ! {
    // SAFETY: it ends this process.
    unsafe { TerminateProcess(current_process(), KILLED) };
    process::abort()
}

/// Makes a worker ignore Ctrl-C, which its console sends to all its processes: the parent decides.
pub fn set_worker_signals() {
    // SAFETY: no handler means that Ctrl-C is ignored.
    unsafe { SetConsoleCtrlHandler(None, 1) };
}

/// Nothing resets the streams here.
pub fn keep_streams_at_exit() {}

/// There are no signals.
pub fn is_self_inflicted(_signal: i32) -> bool {
    false
}

/// Runs `work`: no thread takes signals.
pub fn with_signals_blocked<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// Milliseconds of the clock that all processes share and nobody sets, rounded down.
pub fn monotonic_ms() -> u64 {
    let (mut count, mut frequency) = (0, 0);
    // SAFETY: writes to `count`, which lives until it returns. It cannot fail.
    unsafe { QueryPerformanceCounter(&raw mut count) };
    // SAFETY: as above.
    unsafe { QueryPerformanceFrequency(&raw mut frequency) };
    let milliseconds = i128::from(count) * 1_000 / i128::from(frequency.max(1));
    u64::try_from(milliseconds).unwrap_or_default()
}

/// The bytes of physical memory that a process uses. `None` if there is no such process or it belongs to another user.
pub fn resident_bytes(pid: u32) -> Option<u64> {
    // SAFETY: takes any number.
    let process =
        new_object(unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) }).ok()?;
    let mut counters = PROCESS_MEMORY_COUNTERS::default();
    let size = size_of_val(&counters) as u32;
    // SAFETY: writes at most `size` bytes to `counters`, which lives until it returns.
    let answer = unsafe { K32GetProcessMemoryInfo(raw(&process), &raw mut counters, size) };
    (answer != 0).then_some(counters.WorkingSetSize as u64)
}

/// The bytes that the system can still promise to this process. `root` is for systems that say it in files.
pub fn available_memory(_root: &Path) -> Option<u64> {
    let mut status = MEMORYSTATUSEX::default();
    status.dwLength = size_of_val(&status) as u32;
    // SAFETY: writes to `status`, which says its size and lives until it returns.
    let answer = unsafe { GlobalMemoryStatusEx(&raw mut status) };
    (answer != 0).then_some(status.ullAvailPageFile)
}

/// Handles are not limited in a way that matters here.
pub fn descriptor_limit() -> usize {
    usize::MAX
}

/// There are none.
pub fn control_groups(_root: &Path, _process: &str, _controller: &str) -> Vec<ControlGroup> {
    Vec::new()
}

/// Windows kills no process for its memory.
pub fn was_killed_for_memory(_pid: u32) -> Option<bool> {
    None
}

/// The words that this process was started with, the program first.
pub fn command_line() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}
