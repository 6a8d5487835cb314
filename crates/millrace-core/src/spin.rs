//! Looks for a short time before a side sleeps.
//!
//! To wake a sleeping process costs more than a short task, most of all on a virtual machine, where a CPU that has gone to sleep
//! hands control to the host. Both sides of a channel therefore look for a while whether the other one has published something, and
//! sleep only then. The parent looks in its event loop before that sleeps, with work in flight. A worker looks when it has run out of
//! work.
//!
//! A look takes CPU time from whoever could use it, so there are limits:
//!
//! - A side that spins gives up its CPU with `sched_yield` every [`LOOKS_PER_YIELD`] looks. Where the running workers and their parent are
//!   more than the CPUs they may use, it does so at every look ([`looks_per_yield`]).
//! - Nobody spins where all of them share one CPU, or where the control group grants less than one CPU: the other side could not
//!   publish anything meanwhile, or the time would be missing later.
//! - Once it has taken [`LIMIT`], the side sleeps.
//! - Each side learns ([`Spinner`]). After a few failures in a row it looks only now and then, more and more seldom, until it
//!   finds something again. So tasks that take longer than the limit cost next to nothing.
//!
//! - If another process takes the CPU while a side looks, the side has lost far more than a wake-up costs: some milliseconds. It then
//!   does not look for a while, and for twice as long if that happens again soon. So a loaded machine is left alone.
//!
//! An idle side does not spin: it has spun once, and sleeps.

use std::time::{Duration, Instant};
use std::{hint, thread};

/// For how long a side looks, at most. It is about what it costs to sleep and be woken.
pub(crate) const LIMIT: Duration = Duration::from_micros(60);
/// Looks between two `sched_yield`, where there are CPUs enough.
pub(crate) const LOOKS_PER_YIELD: u32 = 32;

/// Failures in a row until a side does not look each time.
const CREDIT_MAX: u32 = 4;
/// Sleeps without a look, after the first of such failures. Each further failure doubles them.
const SLEEPS_MIN: u32 = 8;
const SLEEPS_MAX: u32 = 1024;

/// Two looks that are so far apart had another process between them.
const PREEMPTED: Duration = Duration::from_millis(1);
/// For how long a side does not look after that. Each further time doubles it.
const REST_MIN: Duration = Duration::from_millis(10);
const REST_MAX: Duration = Duration::from_secs(1);
/// A side that was not preempted for so long begins with the shortest rest again. A busy CPU is taken sooner.
const CALM: Duration = Duration::from_millis(20);

/// How many looks a side takes between two `sched_yield`; 0: it may not spin.
///
/// `cpus` is how many CPUs the parent and its workers may use together, `workers` how many of them run.
pub(crate) fn looks_per_yield(cpus: usize, workers: usize, has_whole_cpu: bool) -> u32 {
    match cpus {
        _ if !has_whole_cpu => 0,
        0 | 1 => 0,
        _ if workers < cpus => LOOKS_PER_YIELD,
        _ => 1,
    }
}

/// Looks for one side, and learns whether that pays.
#[derive(Debug)]
pub(crate) struct Spinner {
    /// Failures in a row that are still forgiven.
    credit: u32,
    /// Sleeps without a look until the next one.
    skips: u32,
    /// What `skips` begins with after the next failure.
    next_skips: u32,
    /// When it looks again, or has looked again, after another process had the CPU.
    rests_until: Option<Instant>,
    next_rest: Duration,
}

impl Default for Spinner {
    fn default() -> Self {
        Self {
            credit: CREDIT_MAX,
            skips: 0,
            next_skips: SLEEPS_MIN,
            rests_until: None,
            next_rest: REST_MIN,
        }
    }
}

impl Spinner {
    /// Whether to look before the next sleep. `looks_per_yield` comes from [`looks_per_yield`].
    pub(crate) fn may_spin(&mut self, looks_per_yield: u32) -> bool {
        looks_per_yield > 0 && self.is_due()
    }

    /// Looks until `is_there`, for at most [`LIMIT`]. `false`: nothing came. To be asked after [`Self::may_spin`].
    pub(crate) fn spin(
        &mut self,
        looks_per_yield: u32,
        mut is_there: impl FnMut() -> bool,
    ) -> bool {
        let start = Instant::now();
        let mut before = Duration::ZERO;
        loop {
            for _ in 0..looks_per_yield.max(1) {
                if is_there() {
                    self.learn(true);
                    return true;
                }
                hint::spin_loop();
            }
            thread::yield_now();
            let now = start.elapsed();
            if now.saturating_sub(before) >= PREEMPTED {
                self.rest(start + now);
                return is_there();
            }
            if now >= LIMIT {
                self.learn(false);
                return is_there();
            }
            before = now;
        }
    }

    fn is_due(&mut self) -> bool {
        let is_due = self.skips == 0;
        self.skips = self.skips.saturating_sub(1);
        is_due && self.rests_until.is_none_or(|end| Instant::now() >= end)
    }

    fn learn(&mut self, has_found: bool) {
        if has_found {
            self.credit = (self.credit + 1).min(CREDIT_MAX);
            self.next_skips = SLEEPS_MIN;
        } else if self.credit > 1 {
            self.credit -= 1;
        } else {
            self.skips = self.next_skips;
            self.next_skips = (self.next_skips * 2).min(SLEEPS_MAX);
        }
    }

    /// Another process had the CPU until `now`.
    fn rest(&mut self, now: Instant) {
        let looks_since = self.rests_until.map(|end| now.saturating_duration_since(end));
        if looks_since.is_none_or(|time| time >= CALM) {
            self.next_rest = REST_MIN;
        }
        self.rests_until = Some(now + self.next_rest);
        self.next_rest = (self.next_rest * 2).min(REST_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_spins_on_one_cpu_or_on_a_part_of_one() {
        assert_eq!(looks_per_yield(1, 1, true), 0);
        assert_eq!(looks_per_yield(0, 1, true), 0);
        assert_eq!(looks_per_yield(8, 1, false), 0);
    }

    #[test]
    fn a_side_yields_at_each_look_where_cpus_are_short() {
        assert_eq!(looks_per_yield(2, 1, true), LOOKS_PER_YIELD);
        assert_eq!(looks_per_yield(2, 2, true), 1);
        assert_eq!(looks_per_yield(2, 16, true), 1);
        assert_eq!(looks_per_yield(64, 16, true), LOOKS_PER_YIELD);
    }

    #[test]
    fn a_look_that_finds_something_ends_at_once() {
        let mut looks = 0;
        let found = Spinner::default().spin(LOOKS_PER_YIELD, || {
            looks += 1;
            looks == 3
        });
        assert!(found);
        assert_eq!(looks, 3);
    }

    #[test]
    fn a_side_that_may_not_spin_does_not_look() {
        assert!(!Spinner::default().may_spin(0));
    }

    #[test]
    fn failures_make_looks_rare_and_a_success_makes_them_usual() {
        let mut spinner = Spinner::default();
        let looks_in = |spinner: &mut Spinner, sleeps: u32| {
            let mut looks = 0;
            for _ in 0..sleeps {
                if spinner.is_due() {
                    spinner.learn(false);
                    looks += 1;
                }
            }
            looks
        };
        assert_eq!(looks_in(&mut spinner, 4), 4);
        // 8, 16, 32, 64 and 128 sleeps without a look in between.
        assert_eq!(looks_in(&mut spinner, 252), 4);
        assert!(looks_in(&mut spinner, 100_000) < 120);
        spinner.skips = 0;
        assert!(spinner.is_due());
        spinner.learn(true);
        assert_eq!(looks_in(&mut spinner, 2), 2);
    }

    #[test]
    fn a_side_whose_cpu_is_taken_rests_for_twice_as_long_each_time() {
        let mut spinner = Spinner::default();
        let mut now = Instant::now();
        let mut rest_after = |looking: Duration| {
            now += looking;
            spinner.rest(now);
            let end = spinner.rests_until.expect("it rests");
            let rest = end.duration_since(now);
            now = end;
            rest
        };
        let soon = Duration::from_millis(3);
        assert_eq!(rest_after(soon), REST_MIN);
        assert_eq!(rest_after(soon), 2 * REST_MIN);
        assert_eq!(rest_after(soon), 4 * REST_MIN);
        assert_eq!(rest_after(CALM), REST_MIN);
        for _ in 0..20 {
            assert!(rest_after(soon) <= REST_MAX);
        }
    }

    #[test]
    fn a_side_that_rests_does_not_look() {
        let mut spinner = Spinner::default();
        spinner.rest(Instant::now() + REST_MAX);
        assert!(!spinner.may_spin(LOOKS_PER_YIELD));
    }

    #[test]
    fn what_comes_while_the_cpu_is_taken_is_found() {
        let mut looks = 0;
        let found = Spinner::default().spin(1, || {
            looks += 1;
            if looks == 1 {
                thread::sleep(2 * PREEMPTED);
            }
            looks == 2
        });
        assert!(found);
    }
}
