//! The CPU time a control group grants, in whole CPUs. Systems without control groups have no such files.

use std::fs;
use std::path::{Component, Path};

/// Where version 2 is mounted: alone, or beside version 1.
const UNIFIED: [&str; 2] = ["sys/fs/cgroup", "sys/fs/cgroup/unified"];

/// Where the `cpu` controller of version 1 is mounted.
const CPU_CONTROLLER: [&str; 2] = ["sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"];

/// The smallest quota of this process's control group and of those around it, rounded up to whole CPUs, at least 1;
/// `None` without one. `root` is `/` outside tests.
pub(super) fn cpu_limit(root: &Path) -> Option<usize> {
    let membership = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    membership.lines().filter_map(|line| limit_of(root, line)).min()
}

/// `line` is `id:controllers:group`; version 2 has no controllers there.
fn limit_of(root: &Path, line: &str) -> Option<usize> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, group) = (fields.next()?, Path::new(fields.next()?));
    if controllers.is_empty() {
        UNIFIED.iter().filter_map(|mount| smallest(&root.join(mount), group, quota_v2)).min()
    } else if controllers.split(',').any(|controller| controller == "cpu") {
        CPU_CONTROLLER.iter().filter_map(|mount| smallest(&root.join(mount), group, quota_v1)).min()
    } else {
        None
    }
}

/// Looks from the group up to the mount itself. Inside a container the group may be named as the host sees it, and then
/// only the mount exists; a group outside the mount begins with `..`.
fn smallest(mount: &Path, group: &Path, quota: fn(&Path) -> Option<usize>) -> Option<usize> {
    let inner: &Path = &group
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect::<std::path::PathBuf>();
    inner.ancestors().filter_map(|group| quota(&mount.join(group))).min()
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
mod tests;
