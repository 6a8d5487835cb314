//! CPU masks, of any size.
#![expect(
    unsafe_code,
    reason = "calls sched_getaffinity and sched_setaffinity; rustix's masks end at 1,024 CPUs"
)]

use std::ffi::c_ulong;
use std::io;

const WORD_BITS: usize = c_ulong::BITS as usize;

/// The size `core_affinity` works with; it panics beyond.
const FIXED_SET_SIZE: u32 = libc::CPU_SETSIZE.cast_unsigned();

/// No system has more CPUs; a larger id is refused before a mask of that size is made.
const CPUS_MAX: usize = 1 << 20;

/// Lets the calling thread, and every thread and process it starts from now on, run on `cpus` only.
///
/// The system silently leaves out ids that this process may not use.
///
/// # Errors
/// `InvalidInput` if no usable id is left or `cpus` is empty; otherwise the error of the system.
pub fn set_affinity_of_current_thread(cpus: &[u32]) -> io::Result<()> {
    if let [cpu] = *cpus
        && cpu < FIXED_SET_SIZE
        && core_affinity::set_for_current(core_affinity::CoreId { id: cpu as usize })
    {
        return Ok(());
    }
    let mask = mask_of(cpus)?;
    // SAFETY: the kernel reads as many bytes as `mask` has, 0 names the calling thread, and nothing is kept.
    let result =
        unsafe { libc::sched_setaffinity(0, size_of_val(mask.as_slice()), mask.as_ptr().cast()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The CPU ids a thread may run on, ascending. A process id names its main thread, 0 the calling thread.
///
/// # Errors
/// What the system reports, usually that there is no such process.
pub fn affinity_of(pid: u32) -> io::Result<Vec<u32>> {
    let pid = libc::pid_t::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    let mut mask: Vec<c_ulong> = vec![0; 1024 / WORD_BITS];
    loop {
        // SAFETY: the kernel writes at most as many bytes as `mask` has, and `mask` lives until the call returns.
        let result = unsafe {
            libc::sched_getaffinity(pid, size_of_val(mask.as_slice()), mask.as_mut_ptr().cast())
        };
        if result == 0 {
            return Ok(ids_of(&mask));
        }
        let error = io::Error::last_os_error();
        // EINVAL: the system's masks are larger.
        if error.raw_os_error() != Some(libc::EINVAL) || mask.len() * WORD_BITS >= CPUS_MAX {
            return Err(error);
        }
        mask = vec![0; mask.len() * 2];
    }
}

fn mask_of(cpus: &[u32]) -> io::Result<Vec<c_ulong>> {
    let highest = cpus.iter().copied().max().unwrap_or(0) as usize;
    if highest >= CPUS_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("no system has a CPU {highest}"),
        ));
    }
    let mut mask: Vec<c_ulong> = vec![0; highest / WORD_BITS + 1];
    for &cpu in cpus {
        let cpu = cpu as usize;
        mask[cpu / WORD_BITS] |= 1 << (cpu % WORD_BITS);
    }
    Ok(mask)
}

fn ids_of(mask: &[c_ulong]) -> Vec<u32> {
    let ids = 0..mask.len() * WORD_BITS;
    ids.filter(|id| mask[id / WORD_BITS] >> (id % WORD_BITS) & 1 == 1).map(|id| id as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_hold_any_id() {
        let cpus = [0, 1, 63, 64, 1023, 1024, 4096];
        assert_eq!(ids_of(&mask_of(&cpus).unwrap()), cpus);
        assert!(mask_of(&[u32::MAX]).is_err());
    }

    #[test]
    fn an_unusable_mask_is_refused_and_changes_nothing() {
        let before = affinity_of(0).unwrap();
        assert!(set_affinity_of_current_thread(&[]).is_err());
        assert!(set_affinity_of_current_thread(&[900_000]).is_err());
        assert!(set_affinity_of_current_thread(&[u32::MAX]).is_err());
        assert_eq!(affinity_of(0).unwrap(), before);
    }
}
