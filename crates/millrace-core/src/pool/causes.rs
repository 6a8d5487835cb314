//! What is known of a worker's end beside its code and its signal.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::scheduler::Cause;
use crate::segment::Segment;
use crate::sys::Exit;

/// SIGKILL, everywhere.
const KILL: i32 = 9;
/// Signals by which a program ends itself: SIGILL, SIGTRAP, SIGABRT.
const SELF_INFLICTED: [i32; 3] = [4, 5, 6];
/// What a shell between parent and worker makes of an abort.
const ABORT_CODE: i32 = 128 + 6;

/// Finds causes of ends. It knows how often the system has killed for want of memory.
#[derive(Debug)]
pub(super) struct Causes {
    root: PathBuf,
    kills: Option<u64>,
}

impl Causes {
    /// `root` is `/` outside tests.
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), kills: memory_kills(root) }
    }

    /// The cause of an end.
    pub(super) fn judge(&mut self, exit: Exit, segment: &Segment) -> Cause {
        match exit.signal {
            Some(KILL) if self.has_killed_again() => Cause::SystemMemory,
            Some(signal) if SELF_INFLICTED.contains(&signal) => limit_of(segment),
            None if exit.code == Some(ABORT_CODE) => limit_of(segment),
            _ => Cause::Unknown,
        }
    }

    /// The system counts before it kills.
    fn has_killed_again(&mut self) -> bool {
        let before = std::mem::replace(&mut self.kills, memory_kills(&self.root));
        before.zip(self.kills).is_some_and(|(before, now)| now > before)
    }
}

fn limit_of(segment: &Segment) -> Cause {
    segment.memory_limit().map_or(Cause::Unknown, |mebibytes| Cause::MemoryLimit { mebibytes })
}

/// How often the system has killed for want of memory, in this process's control group if it counts there, else anywhere.
fn memory_kills(root: &Path) -> Option<u64> {
    let membership = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let in_group = membership.lines().find_map(|line| {
        // Version 2: `0::/group`. Inside a container it may be named as the host sees it: then the mount is the group.
        let group = line.strip_prefix("0::")?;
        let names = |part: &Component<'_>| matches!(part, Component::Normal(_));
        let inner: PathBuf = Path::new(group).components().filter(names).collect();
        let mount = root.join("sys/fs/cgroup");
        let count = |group: PathBuf| count_in(&group.join("memory.events"));
        count(mount.join(inner)).or_else(|| count(mount))
    });
    in_group.or_else(|| count_in(&root.join("proc/vmstat")))
}

/// The number after `oom_kill ` at the start of a line.
fn count_in(file: &Path) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

#[cfg(all(test, not(loom)))]
mod tests;
