//! Times as system calls take them.

use std::time::Duration;

use rustix::event::Timespec;

/// The longest single wait in milliseconds, limited by the oldest of the system calls.
const WAIT_MS_MAX: u64 = i32::MAX as u64;

/// A part of a millisecond counts as a whole one.
pub(in crate::sys) fn whole_milliseconds(duration: Duration) -> Timespec {
    let milliseconds =
        u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).min(WAIT_MS_MAX);
    // What fits the oldest system call fits the structure.
    Timespec::try_from(Duration::from_millis(milliseconds)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(duration: Duration) -> (i64, i64) {
        let Timespec { tv_sec, tv_nsec } = whole_milliseconds(duration);
        (tv_sec, tv_nsec as _)
    }

    #[test]
    fn waits_are_rounded_up_and_bounded() {
        assert_eq!(parts(Duration::ZERO), (0, 0));
        assert_eq!(parts(Duration::from_nanos(1)), (0, 1_000_000));
        assert_eq!(parts(Duration::from_micros(2_000_001)), (2, 1_000_000));
        assert_eq!(parts(Duration::MAX), (2_147_483, 647_000_000));
    }
}
