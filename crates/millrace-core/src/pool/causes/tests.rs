use std::sync::Arc;

use super::*;
use crate::channel::memory::HeapMemory;
use crate::channel::segment::SEGMENT_BYTES;

fn segment() -> Segment {
    let segment =
        Segment::new(Arc::new(HeapMemory::new(SEGMENT_BYTES))).expect("it is large enough");
    segment.format();
    segment
}

const MIB: u64 = 1 << 20;

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
        let root = Self(path);
        root.write("proc/meminfo", "MemFree: 1 kB\nMemTotal:        8388608 kB\n");
        root
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("a file in a directory"))
            .expect("a temporary directory can be written");
        fs::write(path, text).expect("a temporary directory can be written");
    }

    fn judge(causes: &mut Causes, exit: Exit, segment: &Segment) -> Cause {
        Self::judge_with(causes, exit, segment, Some(1024 * MIB))
    }

    fn judge_with(
        causes: &mut Causes,
        exit: Exit,
        segment: &Segment,
        peak_memory: Option<u64>,
    ) -> Cause {
        let groups = Groups::unified(&causes.root, "1");
        let remains = Remains { pid: 1, groups, peak_memory };
        causes.judge(exit, segment, &remains, 2)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

use Cause::{SystemMemory, Unknown};

/// Lists of groups, and the file that counts kills in them.
const COUNTERS: [(&str, &str, &str); 6] = [
    ("group", "1:cpu:/x\n0::/a/b\n", "sys/fs/cgroup/a/b/memory.events"),
    ("local", "0::/a/b\n", "sys/fs/cgroup/a/b/memory.events.local"),
    ("container", "0::/../host/name\n", "sys/fs/cgroup/memory.events"),
    ("unified", "3:cpu:/x\n0::/a\n", "sys/fs/cgroup/unified/a/memory.events"),
    ("version-1", "4:memory:/a\n0::/\n", "sys/fs/cgroup/memory/a/memory.oom_control"),
    ("no-group", "", "proc/vmstat"),
];

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "Linux alone has control groups")]
fn a_kill_that_was_just_counted_is_attributed_to_a_large_worker() {
    for (name, membership, file) in COUNTERS {
        let root = Root::new(name);
        root.write("proc/self/cgroup", membership);
        root.write("proc/1/cgroup", membership);
        root.write("proc/vmstat", "pgfault 1\noom_kill 7\n");
        root.write(file, "oom 4\noom_kill 2\noom_group_kill 9\n");
        let mut causes = Causes::new(&root.0, |_| None);
        let mut judge = |exit| Root::judge(&mut causes, exit, &segment());
        assert_eq!(judge(killed_by(9)), Unknown, "{name}: nothing was counted");
        if file != "proc/vmstat" {
            root.write("proc/vmstat", "pgfault 1\noom_kill 8\n");
            assert_eq!(judge(killed_by(9)), Unknown, "{name}: it was counted elsewhere");
        }
        root.write(file, "oom 4\noom_kill 3\n");
        assert_eq!(judge(killed_by(15)), Unknown, "{name}: another signal");
        for peak in [Some(50 * MIB), None] {
            let cause = Root::judge_with(&mut causes, killed_by(9), &segment(), peak);
            assert_eq!(cause, Unknown, "{name}: nobody chooses a small process: {peak:?}");
        }
        let mut judge = |exit| Root::judge(&mut causes, exit, &segment());
        assert_eq!(judge(killed_by(9)), SystemMemory, "{name}");
        assert_eq!(judge(killed_by(9)), Unknown, "{name}: it was counted once");
        root.write(file, "oom 4\noom_kill 5\n");
        let both = [judge(killed_by(9)), judge(killed_by(9)), judge(killed_by(9))];
        assert_eq!(both, [SystemMemory, SystemMemory, Unknown], "{name}: two at once");
    }
}

#[test]
fn a_kill_that_was_counted_before_is_not_attributed_to_this_worker() {
    let root = Root::new("before");
    root.write("proc/vmstat", "oom_kill 0\n");
    let mut causes = Causes::new(&root.0, |_| None);
    root.write("proc/vmstat", "oom_kill 1\n");
    let now = Instant::now();
    // Some worker was started, or the thread was awake for another reason.
    causes.look_again(now + LOOK_INTERVAL);
    let later = now + LOOK_INTERVAL + RECENT + Duration::from_millis(1);
    causes.look(later);
    assert_eq!(causes.system.unclaimed, 0);
    assert_eq!(Root::judge(&mut causes, killed_by(9), &segment()), Unknown);
    let mut blind = Causes::new(&root.0.join("nowhere"), |_| None);
    assert_eq!(Root::judge(&mut blind, killed_by(9), &segment()), Unknown);
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "Linux alone has control groups")]
fn a_worker_in_its_own_control_group_is_judged_by_that_group() {
    let root = Root::new("moved");
    root.write("proc/self/cgroup", "0::/a\n");
    root.write("proc/1/cgroup", "0::/a/small\n");
    root.write("proc/vmstat", "oom_kill 0\n");
    root.write("sys/fs/cgroup/a/memory.events.local", "oom_kill 0\n");
    root.write("sys/fs/cgroup/a/memory.max", "max\n");
    root.write("sys/fs/cgroup/a/small/memory.max", "20971520\n");
    let mut causes = Causes::new(&root.0, |_| None);
    root.write("proc/vmstat", "oom_kill 1\n");
    let cause = Root::judge_with(&mut causes, killed_by(9), &segment(), Some(20 * MIB));
    assert_eq!(cause, SystemMemory);
}

#[test]
fn the_system_log_outweighs_the_size_of_a_worker() {
    let root = Root::new("log");
    root.write("proc/vmstat", "oom_kill 0\n");
    for (log, cause) in [(Some(true), SystemMemory), (Some(false), Unknown), (None, SystemMemory)] {
        root.write("proc/vmstat", "oom_kill 0\n");
        let mut causes = Causes::new(&root.0, |_| None);
        causes.log = match log {
            Some(true) => |pid| Some(pid == 1),
            Some(false) => |_| Some(false),
            None => |_| None,
        };
        assert_eq!(
            Root::judge(&mut causes, killed_by(9), &segment()),
            Unknown,
            "nothing was counted"
        );
        root.write("proc/vmstat", "oom_kill 1\n");
        let peak = if log == Some(true) { None } else { Some(1024 * MIB) };
        assert_eq!(Root::judge_with(&mut causes, killed_by(9), &segment(), peak), cause, "{log:?}");
    }
}

#[test]
fn an_abort_is_attributed_to_the_heap_only_if_its_limit_was_reached() {
    let mut causes = Causes::new(Path::new("/does/not/exist"), |_| None);
    let [calm, close, watched, out, unknown] = [(); 5].map(|()| segment());
    close.note_memory_limit(512 << 20);
    watched.watch_memory();
    watched.note_memory_limit(512 << 20);
    out.watch_memory();
    out.note_memory_limit(512 << 20);
    out.note_out_of_memory();
    unknown.note_out_of_memory();
    let limit = |mebibytes| Cause::MemoryLimit { mebibytes };
    let mut judge = |exit, segment: &Segment| Root::judge(&mut causes, exit, segment);
    assert_eq!(judge(killed_by(6), &calm), Unknown);
    assert_eq!(judge(killed_by(6), &close), limit(512), "nothing better is known");
    assert_eq!(
        judge(killed_by(6), &watched),
        Unknown,
        "it came close, and ended by something else"
    );
    assert_eq!(judge(killed_by(6), &out), limit(512));
    assert_eq!(judge(killed_by(5), &unknown), limit(0));
    assert_eq!(judge(killed_by(11), &out), Unknown);
    let exited = |code| Exit { code: Some(code), signal: None };
    assert_eq!(judge(exited(134), &out), limit(512));
    assert_eq!(judge(exited(1), &out), Unknown);
}
