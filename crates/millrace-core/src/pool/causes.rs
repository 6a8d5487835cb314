//! What is known of a worker's end beside its code and its signal.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::channel::segment::Segment;
use crate::scheduler::Cause;
use crate::sys::{self, Child, ControlGroup, Exit};

/// SIGKILL, everywhere.
const KILL: i32 = 9;
/// Signals by which a program ends itself: SIGILL, SIGTRAP, SIGABRT.
const SELF_INFLICTED: [i32; 3] = [4, 5, 6];
/// What a shell between parent and worker makes of an abort.
const ABORT_CODE: i32 = 128 + 6;
/// A kill for want of memory that was counted longer ago has killed somebody else.
const RECENT: Duration = Duration::from_secs(2);
/// Between looks that are not due to a worker's start or end.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Finds causes of ends.
///
/// A SIGKILL does not say who sent it. It is put down to the system's want of memory only if the system has just counted one more
/// kill for that reason. Then the system's log tells, where it can be read. Else no other worker may have been put down to that
/// kill, and the worker has to be large enough: the system kills the largest process of those that share the memory.
#[derive(Debug)]
pub(super) struct Causes {
    root: PathBuf,
    /// The control groups of this process.
    groups: Groups,
    /// Those of version 2 alone.
    unified: Groups,
    /// Kills in the group of this process.
    own: Counter,
    /// Kills in the whole system.
    system: Counter,
    looked_at: Instant,
    log: Log,
}

/// Whether the system's log says that it has killed the process for want of memory; `None` where it cannot be read.
type Log = fn(pid: u32) -> Option<bool>;

/// What a dead worker has left.
#[derive(Debug)]
pub(super) struct Remains {
    pid: u32,
    /// Of version 2.
    groups: Groups,
    /// The largest resident memory that it had, in bytes, where that is known.
    peak_memory: Option<u64>,
}

/// Counts kills for want of memory.
#[derive(Debug, Default)]
struct Counter {
    total: Option<u64>,
    /// Kills that were counted and that no worker was put down to.
    unclaimed: u64,
    counted_at: Option<Instant>,
}

impl Counter {
    fn take(&mut self, total: Option<u64>, now: Instant) {
        let before = std::mem::replace(&mut self.total, total);
        let new = before.zip(total).map_or(0, |(before, now)| now.saturating_sub(before));
        let is_recent = |at| now.saturating_duration_since(at) <= RECENT;
        if !self.counted_at.is_some_and(is_recent) {
            self.unclaimed = 0;
        }
        if new > 0 {
            self.unclaimed += new;
            self.counted_at = Some(now);
        }
    }

    /// Puts a worker down to one of the kills, if there is one.
    fn claim(&mut self) -> bool {
        let is_there = self.unclaimed > 0;
        self.unclaimed = self.unclaimed.saturating_sub(1);
        is_there
    }
}

impl Causes {
    /// `root` is `/` outside tests.
    pub(super) fn new(root: &Path, log: Log) -> Self {
        let (groups, now) = (Groups::of(root, "self"), Instant::now());
        let unified = Groups::unified(root, "self");
        let (own, system) = (Counter::default(), Counter::default());
        let mut causes =
            Self { root: root.to_owned(), groups, unified, own, system, looked_at: now, log };
        causes.look(now);
        causes
    }

    /// What a worker has left that is dead and not reaped yet.
    pub(super) fn examine(&self, child: &Child) -> Remains {
        // In groups of version 1 a dead process is not any more.
        let groups = Groups::unified(&self.root, &child.pid().to_string());
        Remains { pid: child.pid(), groups, peak_memory: child.peak_memory() }
    }

    /// Sees what the system has counted so far: the shorter ago the last look, the less is put down to a wrong worker.
    pub(super) fn look(&mut self, now: Instant) {
        self.own.take(self.groups.kills(), now);
        self.system.take(number_after(&self.root.join("proc/vmstat"), "oom_kill "), now);
        self.looked_at = now;
    }

    /// The same, unless that was done just now.
    pub(super) fn look_again(&mut self, now: Instant) {
        if now.saturating_duration_since(self.looked_at) >= LOOK_INTERVAL {
            self.look(now);
        }
    }

    /// The cause of an end, of one of `workers` that there were.
    pub(super) fn judge(
        &mut self,
        exit: Exit,
        segment: &Segment,
        remains: &Remains,
        workers: usize,
    ) -> Cause {
        // The system counts before it kills.
        self.look(Instant::now());
        match exit.signal {
            Some(KILL) if self.is_for_memory(remains, workers) => Cause::SystemMemory,
            Some(signal) if SELF_INFLICTED.contains(&signal) => limit_of(segment),
            None if exit.code == Some(ABORT_CODE) => limit_of(segment),
            _ => Cause::Unknown,
        }
    }

    fn is_for_memory(&mut self, remains: &Remains, workers: usize) -> bool {
        let Remains { pid, groups, peak_memory } = remains;
        if self.system.unclaimed == 0 && self.own.unclaimed == 0 {
            return false;
        }
        if let Some(answer) = (self.log)(*pid) {
            return answer;
        }
        let is_elsewhere = !groups.0.is_empty() && groups != &self.unified;
        let home = if is_elsewhere { groups } else { &self.groups };
        let memory = home.limit().into_iter().chain(self.total_memory()).min();
        // The system chooses the largest of those that share the memory: it has at least its share. A quarter of that leaves room for
        // everything else in the memory.
        let sharers = u64::try_from(workers).unwrap_or(u64::MAX).saturating_add(1);
        let is_large = peak_memory
            .zip(memory)
            .is_some_and(|(peak, memory)| peak >= memory / sharers.saturating_mul(4));
        let is_counted = self.own.total.is_some() && !is_elsewhere;
        is_large && if is_counted { self.own.claim() } else { self.system.claim() }
    }

    fn total_memory(&self) -> Option<u64> {
        let kibibytes = number_after(&self.root.join("proc/meminfo"), "MemTotal:")?;
        Some(kibibytes.saturating_mul(1024))
    }
}

/// Folders that may be those of a process's control groups for memory, the closest first.
#[derive(Debug, PartialEq, Eq)]
struct Groups(Vec<PathBuf>);

impl Groups {
    /// `process` is a number or `self`.
    fn of(root: &Path, process: &str) -> Self {
        Self::of_those(root, process, |_| true)
    }

    /// Those of version 2 alone.
    fn unified(root: &Path, process: &str) -> Self {
        Self::of_those(root, process, |group| group.is_unified)
    }

    fn of_those(root: &Path, process: &str, counts: fn(&ControlGroup) -> bool) -> Self {
        let groups = sys::control_groups(root, process, "memory");
        Self(groups.into_iter().filter(counts).flat_map(|group| group.folders).collect())
    }

    /// How often the system has killed there for want of memory.
    fn kills(&self) -> Option<u64> {
        // The first counts the processes of this group alone, and the last is that of version 1.
        let files = ["memory.events.local", "memory.events", "memory.oom_control"];
        let count = |group: &PathBuf| {
            files.iter().find_map(|file| number_after(&group.join(file), "oom_kill "))
        };
        self.0.iter().find_map(count)
    }

    /// The bytes of memory that the group may use.
    fn limit(&self) -> Option<u64> {
        let read = |file: PathBuf| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
        let limit = |group: &PathBuf| {
            read(group.join("memory.max")).or_else(|| read(group.join("memory.limit_in_bytes")))
        };
        self.0.iter().filter_map(limit).min()
    }
}

fn limit_of(segment: &Segment) -> Cause {
    segment.out_of_memory().map_or(Cause::Unknown, |mebibytes| Cause::MemoryLimit { mebibytes })
}

/// The number after `name` at the start of a line.
fn number_after(file: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, not(loom)))]
mod tests;
