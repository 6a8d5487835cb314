use std::path::PathBuf;

use super::*;

/// Files of a system that does not exist, gone when it is dropped.
struct Fake(PathBuf);

impl Fake {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("millrace-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a file in a directory"))
                .expect("a temporary directory can be written");
            fs::write(path, text).expect("a temporary file can be written");
        }
        Self(root)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const MEMINFO: (&str, &str) = (
    "proc/meminfo",
    "MemTotal:  9000 kB\nMemFree: 10 kB\nMemAvailable:    4000 kB\nSwapFree:   96 kB\n",
);

#[test]
fn without_a_group_it_is_what_the_system_has() {
    let fake = Fake::new("no-group", &[MEMINFO]);
    assert_eq!(available_memory(&fake.0), Some(4096 * 1024));
}

#[test]
fn where_nothing_is_told_nothing_is_known() {
    let fake = Fake::new("nothing", &[("empty", "")]);
    assert_eq!(available_memory(&fake.0), None);
}

#[test]
fn a_group_of_version_2_leaves_less_and_so_may_one_around_it() {
    let files = [
        MEMINFO,
        ("proc/self/cgroup", "0::/outer/inner\n"),
        ("sys/fs/cgroup/outer/inner/memory.max", "max\n"),
        ("sys/fs/cgroup/outer/inner/memory.current", "500\n"),
        ("sys/fs/cgroup/outer/memory.max", "1000000\n"),
        ("sys/fs/cgroup/outer/memory.current", "900000\n"),
        ("sys/fs/cgroup/outer/memory.stat", "anon 1\ninactive_file 300\nactive_file 100\n"),
    ];
    let fake = Fake::new("version-2", &files);
    assert_eq!(available_memory(&fake.0), Some(100_350));
}

#[test]
fn a_group_of_version_1_that_is_used_up_leaves_nothing() {
    let files = [
        MEMINFO,
        ("proc/self/cgroup", "4:memory:/job\n0::/\n"),
        ("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "4096\n"),
        ("sys/fs/cgroup/memory/job/memory.usage_in_bytes", "8192\n"),
        ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ("sys/fs/cgroup/memory/memory.usage_in_bytes", "8192\n"),
    ];
    let fake = Fake::new("version-1", &files);
    assert_eq!(available_memory(&fake.0), Some(0));
}
