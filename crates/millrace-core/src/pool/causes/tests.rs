use std::sync::Arc;

use super::*;
use crate::segment::{HeapMemory, SEGMENT_BYTES};

fn segment() -> Segment {
    let segment =
        Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES))).expect("it is large enough");
    segment.format();
    segment
}

fn killed_by(signal: i32) -> Exit {
    Exit { code: None, signal: Some(signal) }
}

/// A root directory with these files; removed by the test's end.
struct Root(PathBuf);

impl Root {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("millrace-causes-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary directory can be written");
        Self(path)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("a file in a directory"))
            .expect("a temporary directory can be written");
        fs::write(path, text).expect("a temporary directory can be written");
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_kill_while_the_system_counts_one_more_is_for_want_of_memory() {
    let root = Root::new("group");
    root.write("proc/self/cgroup", "1:cpu:/x\n0::/a/b\n");
    root.write("proc/vmstat", "pgfault 1\noom_kill 7\n");
    root.write("sys/fs/cgroup/a/b/memory.events", "low 0\noom 4\noom_kill 2\noom_group_kill 0\n");
    let mut causes = Causes::new(&root.0);
    assert_eq!(causes.judge(killed_by(9), &segment()), Cause::Unknown);
    // Somewhere else in the system, not in this group.
    root.write("proc/vmstat", "pgfault 1\noom_kill 8\n");
    assert_eq!(causes.judge(killed_by(9), &segment()), Cause::Unknown);
    root.write("sys/fs/cgroup/a/b/memory.events", "oom 4\noom_kill 3\n");
    assert_eq!(causes.judge(killed_by(15), &segment()), Cause::Unknown);
    assert_eq!(causes.judge(killed_by(9), &segment()), Cause::SystemMemory);
    assert_eq!(causes.judge(killed_by(9), &segment()), Cause::Unknown, "it was counted once");
}

#[test]
fn where_the_group_does_not_count_the_system_does() {
    let root = Root::new("system");
    root.write("proc/vmstat", "oom_kill 0\n");
    let mut causes = Causes::new(&root.0);
    root.write("proc/vmstat", "oom_kill 1\n");
    assert_eq!(causes.judge(killed_by(9), &segment()), Cause::SystemMemory);
    let mut blind = Causes::new(&root.0.join("nowhere"));
    assert_eq!(blind.judge(killed_by(9), &segment()), Cause::Unknown);
}

#[test]
fn an_abort_close_to_a_limit_is_for_the_limit() {
    let mut causes = Causes::new(Path::new("/does/not/exist"));
    let (calm, close) = (segment(), segment());
    close.note_memory_limit(512 << 20);
    assert_eq!(causes.judge(killed_by(6), &calm), Cause::Unknown);
    assert_eq!(causes.judge(killed_by(6), &close), Cause::MemoryLimit { mebibytes: 512 });
    assert_eq!(causes.judge(killed_by(11), &close), Cause::Unknown);
    let exited = |code| Exit { code: Some(code), signal: None };
    assert_eq!(causes.judge(exited(134), &close), Cause::MemoryLimit { mebibytes: 512 });
    assert_eq!(causes.judge(exited(1), &close), Cause::Unknown);
}
