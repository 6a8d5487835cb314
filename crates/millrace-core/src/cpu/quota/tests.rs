use std::fs;
use std::path::{Path, PathBuf};

use super::cpu_limit;

/// A directory that stands for `/`, removed on drop.
struct Root(PathBuf);

impl Root {
    fn with(name: &str, files: &[(&str, &str)]) -> Self {
        let root = Self(
            std::env::temp_dir().join(format!("millrace-quota-{name}-{}", std::process::id())),
        );
        for (path, text) in files {
            let path = root.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_smallest_quota_on_the_way_up_wins_and_is_rounded_up() {
    let root = Root::with(
        "nested",
        &[
            ("proc/self/cgroup", "0::/slice/unit\n"),
            ("sys/fs/cgroup/slice/unit/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/slice/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/cpu.max", "800000 100000\n"),
        ],
    );
    assert_eq!(cpu_limit(&root.0), Some(2));
}

#[test]
fn a_group_named_as_the_host_sees_it_falls_back_to_the_mount() {
    let root = Root::with(
        "container",
        &[
            ("proc/self/cgroup", "0::/../docker/0123:scope\n"),
            ("sys/fs/cgroup/cpu.max", "300000 100000\n"),
        ],
    );
    assert_eq!(cpu_limit(&root.0), Some(3));
}

#[test]
fn version_1_is_read_beside_version_2() {
    let root = Root::with(
        "v1",
        &[
            ("proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/x\n0::/x\n"),
            ("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "10000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
        ],
    );
    assert_eq!(cpu_limit(&root.0), Some(1));
}

#[test]
fn nothing_limits_without_a_quota() {
    assert_eq!(cpu_limit(Path::new("/nonexistent")), None);
    let root = Root::with(
        "max",
        &[
            ("proc/self/cgroup", "0::/a\nnonsense\n3:cpu\n"),
            ("sys/fs/cgroup/a/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/cpu.max", "5 0\n"),
        ],
    );
    assert_eq!(cpu_limit(&root.0), None);
}
