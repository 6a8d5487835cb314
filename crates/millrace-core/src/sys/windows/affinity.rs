//! CPUs. Windows has them in groups of at most 64, and a process begins in one of them. The ids of a group follow those of the
//! groups before it.
#![expect(unsafe_code, reason = "calls the functions of processor groups")]

use std::io;
use std::ops::Range;

use windows_sys::Win32::Foundation::ERROR_INSUFFICIENT_BUFFER;
use windows_sys::Win32::System::SystemInformation::GROUP_AFFINITY;
use windows_sys::Win32::System::Threading::{
    ALL_PROCESSOR_GROUPS, GetActiveProcessorCount, GetActiveProcessorGroupCount,
    GetProcessAffinityMask, GetProcessGroupAffinity, OpenProcess,
    PROCESS_QUERY_LIMITED_INFORMATION, SetProcessAffinityMask,
};

use super::handle::{AsFd, check, new_object, raw};

/// How many CPUs of the system are switched on; at least 1.
pub fn online_cpu_count() -> usize {
    // SAFETY: takes any number.
    let count = unsafe { GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) };
    count.max(1) as usize
}

/// The CPU ids that a process may run on, ascending.
///
/// # Errors
/// What the system reports, usually that there is no such process.
pub fn affinity_of(pid: u32) -> io::Result<Vec<u32>> {
    // SAFETY: takes any number.
    let process = new_object(unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) })?;
    let groups = groups_of(&process)?;
    let (mut mask, mut of_system) = (0, 0);
    // SAFETY: the handle is open, and it writes to the two masks, which live until it returns.
    check(unsafe { GetProcessAffinityMask(raw(&process), &raw mut mask, &raw mut of_system) })?;
    // The mask is 0 for a process with threads in several groups.
    let ids = group_ranges().into_iter().enumerate().flat_map(|(group, ids)| {
        let is_in = groups.contains(&(group as u16));
        let mask = if groups.len() > 1 || mask == 0 { usize::MAX } else { mask };
        ids.clone().filter(move |id| is_in && mask >> (id - ids.start) & 1 == 1)
    });
    Ok(ids.collect())
}

/// The groups that a process has threads in.
fn groups_of(process: &impl AsFd) -> io::Result<Vec<u16>> {
    // Wine has no other, and not the function either.
    if !has_groups() {
        return Ok(vec![0]);
    }
    let mut groups = vec![0; 4];
    loop {
        let mut count = groups.len() as u16;
        // SAFETY: writes at most as many numbers as `groups` has, and their count to `count`.
        let answer = check(unsafe {
            GetProcessGroupAffinity(raw(process), &raw mut count, groups.as_mut_ptr())
        });
        match answer {
            Err(error)
                if error.raw_os_error() == Some(ERROR_INSUFFICIENT_BUFFER.cast_signed())
                    && usize::from(count) > groups.len() => {}
            answer => {
                groups.truncate(usize::from(count));
                return answer.map(|()| groups);
            }
        }
        groups.resize(usize::from(count), 0);
    }
}

/// The ids of each group.
fn group_ranges() -> Vec<Range<u32>> {
    // SAFETY: it takes nothing.
    let groups = unsafe { GetActiveProcessorGroupCount() };
    let mut from = 0;
    let ranges = (0..groups).map(|group| {
        // SAFETY: takes any number.
        let range = from..from + unsafe { GetActiveProcessorCount(group) };
        from = range.end;
        range
    });
    ranges.collect()
}

/// The group of some CPUs, and their bits in it. `None` for no CPUs.
///
/// # Errors
/// `InvalidInput` for an id that no CPU has; `Unsupported` for CPUs of several groups, which a process cannot be bound to.
pub(super) fn group_affinity(cpus: &[u32]) -> io::Result<Option<GROUP_AFFINITY>> {
    let mut found: Option<GROUP_AFFINITY> = None;
    for cpu in cpus {
        let ranges = group_ranges();
        let group = ranges.iter().position(|ids| ids.contains(cpu)).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("there is no CPU {cpu}"))
        })?;
        let affinity =
            found.get_or_insert(GROUP_AFFINITY { Mask: 0, Group: group as u16, Reserved: [0; 3] });
        if usize::from(affinity.Group) != group {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!(
                    "the CPUs {cpus:?} are of several processor groups, and Windows binds a process to one"
                ),
            ));
        }
        affinity.Mask |= 1 << (cpu - ranges[group].start);
    }
    Ok(found)
}

/// Binds a process that has no threads but its first one, which is in that group already.
pub(super) fn bind(process: &impl AsFd, affinity: &GROUP_AFFINITY) -> io::Result<()> {
    // SAFETY: the handle is open. The system refuses CPUs that are none.
    check(unsafe { SetProcessAffinityMask(raw(process), affinity.Mask) })
}

/// Whether the system has more than one group.
pub(super) fn has_groups() -> bool {
    group_ranges().len() > 1
}

/// Lets the calling thread run on `cpus` only.
///
/// # Errors
/// As for the start of a process on these CPUs.
#[cfg(feature = "testing")]
pub fn set_affinity_of_current_thread(cpus: &[u32]) -> io::Result<()> {
    use windows_sys::Win32::System::Threading::{GetCurrentThread, SetThreadGroupAffinity};
    let affinity = group_affinity(cpus)?.ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: it returns a constant.
    let thread = unsafe { GetCurrentThread() };
    // SAFETY: reads `affinity`, which lives until it returns; null: the one before is not asked for.
    check(unsafe { SetThreadGroupAffinity(thread, &raw const affinity, std::ptr::null_mut()) })
}
