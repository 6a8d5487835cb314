//! What is known of the end of a worker besides its exit code and its signal.

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
/// The exit code of a shell between parent and worker whose child has aborted.
const ABORT_CODE: i32 = 128 + 6;
/// An out-of-memory kill that was counted longer ago hit another process.
const RECENT: Duration = Duration::from_secs(2);
/// The shortest time between looks that no start or end of a worker caused.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Finds the causes of ends.
///
/// A SIGKILL does not say who sent it. The out-of-memory killer counts as the cause only if the system has just counted one more
/// of its kills. If the system's log can be read, it decides. Otherwise no other worker may have claimed that kill, and the
/// worker has to be large enough, since the system kills the largest process of those that share the memory.
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

/// Whether the system's log says that the out-of-memory killer has killed the process. `None` if the log cannot be read.
type Log = fn(pid: u32) -> Option<bool>;

/// What a dead worker has left.
#[derive(Debug)]
pub(super) struct Remains {
    pid: u32,
    /// Of version 2.
    groups: Groups,
    /// The largest resident memory that it had, in bytes, if known.
    peak_memory: Option<u64>,
}

/// Counts out-of-memory kills.
#[derive(Debug, Default)]
struct Counter {
    total: Option<u64>,
    /// Kills that were counted and that no worker has claimed.
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

    /// Claims one of the kills for a worker, if there is one.
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

    /// What a worker that is dead and not reaped has left.
    pub(super) fn examine(&self, child: &Child) -> Remains {
        // Groups of version 1 do not list dead processes.
        let groups = Groups::unified(&self.root, &child.pid().to_string());
        Remains { pid: child.pid(), groups, peak_memory: child.peak_memory() }
    }

    /// Reads the system's counts. The more recent the last look, the fewer kills are put down to the wrong worker.
    pub(super) fn look(&mut self, now: Instant) {
        self.own.take(self.groups.kills(), now);
        self.system.take(number_after(&self.root.join("proc/vmstat"), "oom_kill "), now);
        self.looked_at = now;
    }

    /// The same, unless it was done just now.
    pub(super) fn look_again(&mut self, now: Instant) {
        if now.saturating_duration_since(self.looked_at) >= LOOK_INTERVAL {
            self.look(now);
        }
    }

    /// The cause of an end. The worker was one of `workers`.
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
        // The system chooses the largest process of those that share the memory, so that one has at least its share. A
        // quarter of the share leaves room for everything else in the memory.
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

/// The folders of a process's control groups for memory, as far as they may exist, the closest one first.
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

    /// How many out-of-memory kills the system has counted there.
    fn kills(&self) -> Option<u64> {
        // The first file counts the processes of this group alone. The last one is that of version 1.
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
