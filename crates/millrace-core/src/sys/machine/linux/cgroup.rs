//! The control groups that a process belongs to, and the folders where their files are.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::sys::ControlGroup;

/// Where version 2 is mounted: alone, or beside version 1.
const UNIFIED_MOUNTS: &[&str] = &["sys/fs/cgroup", "sys/fs/cgroup/unified"];

/// The control groups of `process`, a number or `self`, that may hold `controller`. `root` is `/` outside tests.
pub fn control_groups(root: &Path, process: &str, controller: &str) -> Vec<ControlGroup> {
    let list = root.join("proc").join(process).join("cgroup");
    let membership = fs::read_to_string(list).unwrap_or_default();
    membership.lines().filter_map(|line| group_of(root, line, controller)).collect()
}

/// `line` is `id:controllers:group`; version 2 has no controllers there.
fn group_of(root: &Path, line: &str, controller: &str) -> Option<ControlGroup> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, group) = (fields.next()?, fields.next()?);
    let is_unified = controllers.is_empty();
    let mounts = if is_unified {
        UNIFIED_MOUNTS
    } else if controllers.split(',').any(|listed| listed == controller) {
        mounts_of(controller)
    } else {
        return None;
    };
    // Inside a container the group may be named as the host sees it, and then only the mount exists; a group outside the mount
    // begins with `..`.
    let names = |part: &Component<'_>| matches!(part, Component::Normal(_));
    let group: PathBuf = Path::new(group).components().filter(names).collect();
    let mounts = mounts.iter().map(|mount| root.join(mount));
    let folders = mounts
        .flat_map(|mount| group.ancestors().map(|group| mount.join(group)).collect::<Vec<_>>());
    Some(ControlGroup { is_unified, folders: folders.collect() })
}

/// Where a controller of version 1 is mounted.
fn mounts_of(controller: &str) -> &'static [&'static str] {
    match controller {
        "cpu" => &["sys/fs/cgroup/cpu", "sys/fs/cgroup/cpu,cpuacct"],
        "memory" => &["sys/fs/cgroup/memory"],
        _ => &[],
    }
}
