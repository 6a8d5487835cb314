//! The CPU time a control group grants, in whole CPUs. Systems without control groups have no such files.

use std::fs;
use std::path::Path;

use crate::sys;

/// The smallest quota of this process's control groups and of those around them, rounded up to whole CPUs, at least 1;
/// `None` without one. `root` is `/` outside tests.
pub(super) fn cpu_limit(root: &Path) -> Option<usize> {
    quotas(root).into_iter().map(Quota::whole_cpus).min()
}

/// Whether one of them grants less than the time of one CPU.
pub(super) fn is_below_one_cpu(root: &Path) -> bool {
    quotas(root).into_iter().any(|Quota { quota, period }| quota < period)
}

/// Microseconds of CPU time in each period.
#[derive(Debug, Clone, Copy)]
struct Quota {
    quota: u64,
    /// Not 0.
    period: u64,
}

impl Quota {
    fn new(quota: &str, period: &str) -> Option<Self> {
        let (quota, period) = (quota.trim().parse().ok()?, period.trim().parse().ok()?);
        (period > 0).then_some(Self { quota, period })
    }

    fn whole_cpus(self) -> usize {
        usize::try_from(self.quota.div_ceil(self.period)).unwrap_or(usize::MAX).max(1)
    }
}

fn quotas(root: &Path) -> Vec<Quota> {
    let groups = sys::control_groups(root, "self", "cpu");
    let quotas = groups.iter().flat_map(|group| {
        let quota = if group.is_unified { quota_v2 } else { quota_v1 };
        group.folders.iter().filter_map(move |folder| quota(folder))
    });
    quotas.collect()
}

/// `cpu.max`: `max 100000` or `150000 100000`.
fn quota_v2(group: &Path) -> Option<Quota> {
    let text = fs::read_to_string(group.join("cpu.max")).ok()?;
    let (quota, period) = text.trim().split_once(' ')?;
    Quota::new(quota, period)
}

/// `cpu.cfs_quota_us`: -1 for none.
fn quota_v1(group: &Path) -> Option<Quota> {
    let read = |name| fs::read_to_string(group.join(name)).ok();
    Quota::new(&read("cpu.cfs_quota_us")?, &read("cpu.cfs_period_us")?)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
