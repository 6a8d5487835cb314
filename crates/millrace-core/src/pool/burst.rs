//! Single tasks that are submitted in quick succession, as by ten thousand calls of `apply` in a loop.
//!
//! To pass a chunk to the scheduler, write it into a ring and wake a worker takes longer than all else that a caller does for a task.
//! So the first tasks of a burst go their way at once, and later ones wait for each other: each time one in [`SHARE`] of those that were
//! submitted so far has gathered, they go together. A task therefore waits for at most an eighth of the time that the burst has lasted.
//!
//! The submitter may stop submitting at any moment and compute for seconds. Hence chunks that wait are the pool's already, not the
//! submitter's. They go with the next event, whichever it is ([`Shared::drive`]), when the submitter's event loop is about to sleep, and
//! after [`PATIENCE`] at the latest, when the waiting thread wakes up for them. Whoever asks for counts counts them too.

use std::sync::Mutex;
use std::time::Duration;

use super::Shared;
use crate::lock::lock;
use crate::scheduler::{Chunk, ChunkFlags};
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// So many tasks of a burst go at once. Each may find an idle worker.
const AT_ONCE: u32 = 8;
/// Tasks go together when they are at least one in so many of the burst.
const SHARE: u32 = 8;
/// At most so many go together, so that a fast worker does not run out of them.
const TOGETHER_MAX: usize = 256;
/// A larger task goes at once: the copy of it takes longer than the rest.
const BYTES_MAX: usize = 1024;
/// For how long a task waits at most.
const PATIENCE: Duration = Duration::from_micros(500);

/// The chunks that wait. Its lock is taken last: see the order of locks in [`super`].
#[derive(Debug)]
pub(super) struct Burst {
    chunks: Mutex<Vec<Chunk>>,
    /// Spares a look at `chunks`. It changes under their lock.
    has_chunks: AtomicBool,
    /// When they go, in nanoseconds since the pool was made. It changes under the lock of `chunks`.
    due_ns: AtomicU64,
    /// Single tasks that were submitted since the submitter's loop was awake last.
    submitted: AtomicU32,
}

impl Burst {
    pub(super) fn new() -> Self {
        Self {
            chunks: Mutex::default(),
            has_chunks: AtomicBool::new(false),
            due_ns: AtomicU64::new(u64::MAX),
            submitted: AtomicU32::new(0),
        }
    }

    /// The submitter's event loop goes round: what comes now is another burst.
    pub(super) fn end(&self) {
        self.submitted.store(0, Ordering::Relaxed);
    }

    /// When the chunks that wait have to go; `u64::MAX`: none waits.
    pub(super) fn due_ns(&self) -> u64 {
        self.due_ns.load(Ordering::Relaxed)
    }

    /// How many chunks wait.
    pub(super) fn len(&self) -> usize {
        lock(&self.chunks).len()
    }

    /// Takes the chunks that wait, in their order.
    pub(super) fn take(&self) -> Vec<Chunk> {
        if !self.has_chunks.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let mut chunks = lock(&self.chunks);
        self.has_chunks.store(false, Ordering::Relaxed);
        self.due_ns.store(u64::MAX, Ordering::Relaxed);
        std::mem::take(&mut *chunks)
    }

    /// Counts a submission. Returns it if it has to go now, after those that wait. `due_ns` says when it would have to go.
    fn add(&self, mut all: Vec<Chunk>, due_ns: impl FnOnce() -> u64) -> Added {
        if !matches!(&all[..], [chunk] if may_wait(chunk)) {
            return Added::Goes(all);
        }
        let submitted = self.submitted.load(Ordering::Relaxed).saturating_add(1);
        self.submitted.store(submitted, Ordering::Relaxed);
        if submitted <= AT_ONCE {
            return Added::Goes(all);
        }
        let mut chunks = lock(&self.chunks);
        let together = chunks.len() + 1;
        if together >= TOGETHER_MAX.min((submitted / SHARE) as usize) {
            return Added::Goes(all);
        }
        chunks.append(&mut all);
        if together > 1 {
            return Added::Waits;
        }
        let due_ns = due_ns();
        self.has_chunks.store(true, Ordering::Relaxed);
        self.due_ns.store(due_ns, Ordering::Relaxed);
        Added::IsFirst { due_ns }
    }
}

fn may_wait(chunk: &Chunk) -> bool {
    chunk.flags.has(ChunkFlags::URGENT) && chunk.count == 1 && chunk.payload.len() <= BYTES_MAX
}

/// What has become of a submission.
#[derive(Debug)]
enum Added {
    /// It goes now.
    Goes(Vec<Chunk>),
    /// It waits behind others.
    Waits,
    /// It waits, and nobody knows of it yet.
    IsFirst { due_ns: u64 },
}

impl Shared {
    /// Returns the chunks if they have to be submitted now. Otherwise they wait for a short time.
    pub(super) fn gather(&self, chunks: Vec<Chunk>) -> Option<Vec<Chunk>> {
        let due_ns = || super::nanoseconds(self.started_at.elapsed() + PATIENCE);
        match self.burst.add(chunks, due_ns) {
            Added::Goes(chunks) => Some(chunks),
            Added::Waits => None,
            Added::IsFirst { due_ns } => {
                // Under this lock, because the waiting thread decides under it how long it sleeps.
                let scheduler = self.scheduler();
                let is_nearer = due_ns < self.armed_ns.load(Ordering::Relaxed);
                if is_nearer {
                    self.armed_ns.store(due_ns, Ordering::Relaxed);
                }
                drop(scheduler);
                if is_nearer {
                    self.wake_waiter();
                }
                None
            }
        }
    }

    /// Submits what waits.
    pub(super) fn submit_gathered(&self) {
        if self.burst.due_ns() < u64::MAX {
            self.drive(|_| ());
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scheduler::{CallId, Definition, DefinitionId};

    fn task(id: u32, bytes: usize) -> Chunk {
        let definition = Arc::new(Definition::new(DefinitionId(1), [].into()));
        let payload = vec![0; bytes].into();
        let flags = ChunkFlags(ChunkFlags::URGENT);
        Chunk { flags, ..Chunk::new(CallId(id), 0, 1, definition, payload) }
    }

    /// Submits tasks one by one; how many go with each, itself included.
    fn submit(burst: &Burst, count: u32) -> Vec<usize> {
        let goes = |id| match burst.add(vec![task(id, 8)], || 7) {
            Added::Goes(chunks) => burst.take().len() + chunks.len(),
            Added::Waits | Added::IsFirst { .. } => 0,
        };
        (0..count).map(goes).collect()
    }

    #[test]
    fn the_first_tasks_of_a_burst_go_at_once() {
        let burst = Burst::new();
        assert_eq!(submit(&burst, AT_ONCE), vec![1; AT_ONCE as usize]);
        burst.end();
        assert_eq!(submit(&burst, AT_ONCE), vec![1; AT_ONCE as usize]);
    }

    #[test]
    fn a_task_waits_for_at_most_an_eighth_of_the_burst() {
        let burst = Burst::new();
        let gone = submit(&burst, 10_000);
        let mut waited = 0;
        for (before, together) in gone.iter().enumerate() {
            waited = if *together > 0 { 0 } else { waited + 1 };
            assert!(waited <= before / SHARE as usize, "{waited} of {before}");
            assert!(*together <= TOGETHER_MAX);
        }
        assert_eq!(gone.iter().sum::<usize>() + burst.len(), 10_000);
        assert!(gone.iter().filter(|together| **together > 0).count() < 120);
    }

    #[test]
    fn tasks_keep_their_order() {
        let burst = Burst::new();
        let mut order = Vec::new();
        for id in 0..200 {
            if let Added::Goes(chunks) = burst.add(vec![task(id, 8)], || 7) {
                order.extend(burst.take().into_iter().chain(chunks).map(|it| it.call_id.0));
            }
        }
        order.extend(burst.take().into_iter().map(|it| it.call_id.0));
        assert_eq!(order, (0..200).collect::<Vec<_>>());
    }

    #[test]
    fn only_the_first_that_waits_is_announced() {
        let burst = Burst::new();
        submit(&burst, 100);
        burst.take();
        assert_eq!(burst.due_ns(), u64::MAX);
        assert!(matches!(burst.add(vec![task(0, 8)], || 7), Added::IsFirst { due_ns: 7 }));
        assert_eq!(burst.due_ns(), 7);
        assert!(matches!(burst.add(vec![task(1, 8)], || 8), Added::Waits));
        assert_eq!(burst.due_ns(), 7);
        assert_eq!(burst.take().len(), 2);
        assert_eq!(burst.due_ns(), u64::MAX);
    }

    #[test]
    fn large_tasks_chunks_and_batches_go_at_once() {
        let burst = Burst::new();
        submit(&burst, 100);
        burst.take();
        let goes = |chunks| matches!(burst.add(chunks, || 7), Added::Goes(_));
        assert!(goes(vec![task(0, BYTES_MAX + 1)]));
        assert!(goes(vec![task(0, 8), task(1, 8)]));
        assert!(goes(vec![Chunk { count: 2, ..task(0, 8) }]));
        assert!(goes(vec![Chunk { flags: ChunkFlags::default(), ..task(0, 8) }]));
    }
}
