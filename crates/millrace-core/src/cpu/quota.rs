//! The CPU time a control group grants, in whole CPUs. Systems without control groups have no such files.

use std::fs;
use std::path::Path;

use crate::sys;

/// The smallest quota of this process's control groups and of those around them, rounded up to whole CPUs, at least 1;
/// `None` without one. `root` is `/` outside tests.
pub(super) fn cpu_limit(root: &Path) -> Option<usize> {
    let groups = sys::control_groups(root, "self", "cpu");
    let quotas = groups.iter().flat_map(|group| {
        let quota = if group.is_unified { quota_v2 } else { quota_v1 };
        group.folders.iter().filter_map(move |folder| quota(folder))
    });
    quotas.min()
}

/// `cpu.max`: `max 100000` or `150000 100000`.
fn quota_v2(group: &Path) -> Option<usize> {
    let text = fs::read_to_string(group.join("cpu.max")).ok()?;
    let (quota, period) = text.trim().split_once(' ')?;
    whole_cpus(quota, period)
}

/// `cpu.cfs_quota_us`: -1 for none.
fn quota_v1(group: &Path) -> Option<usize> {
    let read = |name| fs::read_to_string(group.join(name)).ok();
    whole_cpus(&read("cpu.cfs_quota_us")?, &read("cpu.cfs_period_us")?)
}

fn whole_cpus(quota: &str, period: &str) -> Option<usize> {
    let quota: u64 = quota.trim().parse().ok()?;
    let period: u64 = period.trim().parse().ok()?;
    usize::try_from(quota.checked_add(period.checked_sub(1)?)? / period)
        .ok()
        .map(|cpus| cpus.max(1))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
