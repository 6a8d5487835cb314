//! Counts of failures: of deaths in a row, and of starts.

use std::time::Duration;

/// Failed starts in a row after which waiting work is rejected.
pub(super) const START_FAILURES_MAX: u32 = 3;
/// The same for starts that a signal from outside ended, which says nothing about the configuration.
const KILLED_STARTS_MAX: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Failures in a row without a settled task, and until when they prevent a start.
#[derive(Debug, Clone, Default)]
pub(super) struct FailureStreak {
    pub(super) length: u32,
    pub(super) not_before: Duration,
}

impl FailureStreak {
    /// The first `free` failures cause no pause.
    pub(super) fn extend(&mut self, free: u32, now: Duration) {
        self.length = self.length.saturating_add(1);
        if self.length > free {
            self.not_before = now + pause(self.length - free);
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
}

/// Starts that failed since the last successful one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FailedStarts {
    /// The worker itself failed.
    pub(super) by_setup: u32,
    /// A signal from outside ended the process.
    by_kill: u32,
}

impl FailedStarts {
    /// Whether it makes sense to go on.
    pub(super) fn add(&mut self, is_kill: bool) -> bool {
        let count = if is_kill { &mut self.by_kill } else { &mut self.by_setup };
        *count = count.saturating_add(1);
        self.by_setup < START_FAILURES_MAX && self.by_kill < KILLED_STARTS_MAX
    }
}
