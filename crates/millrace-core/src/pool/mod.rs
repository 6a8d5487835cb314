//! The pool: the scheduler, the workers' memory and processes, and the two threads that serve them.
//!
//! ```text
//! submitter --lock--> scheduler --actions--> post (one per worker) --ring--> worker
//!                        ^                                                      |
//! waiting thread --lock--+------------------- ring, pidfd, control socket ------+
//!        |
//!        +--> outcomes --notify--> whoever collects them
//! ```
//!
//! Lock order: scheduler, then a post's queue. A post's ring is written under its own lock, never under the
//! scheduler's, so no large copy happens there. No callback runs under a lock.

mod causes;
mod claims;
mod config;
mod inbound;
mod listening;
mod outcomes;
mod output;
mod post;
mod spawner;
mod submission;
mod waiter;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::Sender;

pub use config::{PoolConfig, StartError};
pub use outcomes::{Collected, RecordKind};
pub use submission::SubmitError;

use crate::lock::lock;
use crate::scheduler::{Action, Cause, Definition, Scheduler, Stats, Stop, WorkerSnapshot};
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sys::{self, Bell, Poller};
use outcomes::Outcomes;
use output::Held;
use post::Post;
use spawner::Spawner;
use waiter::Arrival;

/// Called when there is something to collect; from any thread, at most once until it is collected.
pub type Notify = Box<dyn Fn() + Send + Sync>;

/// A pool of worker processes. Its processes and threads start with the first submit.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the threads of a pool share.
pub(crate) struct Shared {
    config: PoolConfig,
    scheduler: Mutex<Scheduler>,
    definitions: Mutex<HashMap<u32, Arc<Definition>>>,
    posts: Box<[Post]>,
    outcomes: Outcomes,
    held: Held,
    /// Wakes the waiting thread: an arrival, a nearer deadline, the end.
    wake: Bell,
    /// Hears the bells that workers ring while the submitter's event loop listens.
    loop_ears: Poller,
    loop_listens: AtomicBool,
    /// A worker has something in hand: there will be something to hear.
    has_hands: AtomicBool,
    spawner: Mutex<Option<Sender<u32>>>,
    /// The scheduler has reported the end.
    is_closed: AtomicBool,
    /// When the waiting thread wakes by itself, in nanoseconds since `started_at`. Touched under the scheduler's lock.
    armed_ns: AtomicU64,
    started_at: Instant,
    /// The system's monotonic clock at that time: milliseconds, modulo 2^32.
    epoch_ms: u32,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool that has started nothing yet. `notify` is called when outcomes wait to be collected.
    ///
    /// # Errors
    ///
    /// [`StartError`] when the system refuses the pool's own bell, or is not supported.
    pub fn new(config: PoolConfig, notify: Notify) -> Result<Self, StartError> {
        let wake = Bell::new().map_err(StartError::Resources)?;
        let worker_count = config.worker_count;
        let scheduler = Scheduler::new(worker_count)
            .with_idle_timeout(config.idle_timeout)
            .with_start_timeout(config.start_timeout);
        let shared = Shared {
            config,
            scheduler: Mutex::new(scheduler),
            definitions: Mutex::default(),
            posts: (0..worker_count).map(|_| Post::default()).collect(),
            outcomes: Outcomes::new(notify),
            held: Held::new(),
            wake,
            loop_ears: Poller::new().map_err(StartError::Resources)?,
            loop_listens: AtomicBool::new(false),
            has_hands: AtomicBool::new(false),
            spawner: Mutex::new(None),
            is_closed: AtomicBool::new(false),
            armed_ns: AtomicU64::new(u64::MAX),
            started_at: Instant::now(),
            epoch_ms: sys::monotonic_ms() as u32,
        };
        Ok(Self { shared: Arc::new(shared), threads: Mutex::default() })
    }

    /// Makes a function known under `id`; it is sent to a worker before the first chunk that needs it.
    pub fn define(&self, id: u32, bytes: &[u8]) {
        lock(&self.shared.definitions).insert(id, Arc::new(Definition::new(id, bytes.into())));
    }

    /// Drops a definition, here and in the workers. Chunks that were submitted with it keep it.
    pub fn forget(&self, id: u32) {
        let dropped = lock(&self.shared.definitions).remove(&id);
        if let Some(definition) = dropped {
            self.shared.drive(|scheduler| scheduler.forget(&definition));
        }
    }

    /// Accepts the chunks in `bytes`, a row of submissions (see [`submission`]).
    ///
    /// # Errors
    ///
    /// [`SubmitError`] when the bytes are not submissions; nothing is accepted then.
    pub fn submit(&self, bytes: &[u8]) -> Result<(), SubmitError> {
        let chunks = {
            let definitions = lock(&self.shared.definitions);
            submission::read_all(bytes, &definitions, self.shared.config.worker_count)?
        };
        let started = self.start_threads();
        self.shared.drive(|scheduler| {
            for chunk in chunks {
                scheduler.submit(chunk);
            }
            if let Err(error) = started {
                scheduler.cannot_start(&format!("the pool's own threads: {error}"));
            }
        });
        Ok(())
    }

    /// Drops what is left of a call.
    pub fn cancel(&self, job: u32, stop: &Stop) {
        self.shared.drive(|scheduler| scheduler.cancel(job, stop));
    }

    /// Finishes what was accepted, lets the workers leave, then gives out a record of kind [`RecordKind::Closed`].
    pub fn close(&self) {
        self.shared.drive(Scheduler::close);
    }

    /// Whether one more urgent chunk may wait; see [`Scheduler::has_room`].
    pub fn has_room(&self, limit: u32, more: u32) -> bool {
        lock(&self.shared.scheduler).has_room(limit, more)
    }

    /// Replaces the workers that have a process, each after the task it runs; the process ids of these.
    pub fn recycle(&self) -> Vec<u32> {
        self.shared.drive(Scheduler::recycle)
    }

    /// Tells idle workers to leave; the process ids of those that are leaving. The pool stays as it is.
    pub fn leave_idle(&self) -> Vec<u32> {
        self.shared.drive(Scheduler::leave_idle)
    }

    /// Kills all workers now; a record of kind [`RecordKind::Closed`] follows within a second.
    pub fn terminate(&self) {
        self.shared.drive(Scheduler::terminate);
    }

    /// Copies waiting records into `into`; see [`Collected`].
    pub fn collect(&self, into: &mut [u8]) -> Collected {
        self.shared.outcomes.collect(into)
    }

    /// So many bytes of the workers' standard output (0) or standard error (1) have been taken care of. Beyond 1 MiB that is
    /// collected and not released, the workers are not read any further.
    pub fn release_output(&self, stream: usize, bytes: usize) {
        if self.shared.held.release(stream, bytes) {
            self.shared.wake.ring();
        }
    }

    /// Counts of tasks.
    pub fn stats(&self) -> Stats {
        lock(&self.shared.scheduler).stats()
    }

    /// The workers that have a process.
    pub fn workers(&self) -> Vec<WorkerSnapshot> {
        lock(&self.shared.scheduler).workers()
    }

    /// The CPU ids that a worker process was bound to; empty without pinning, or when it is gone.
    pub fn applied_cpus(&self, worker: &WorkerSnapshot) -> Vec<u32> {
        if self.shared.config.cpus.is_empty() {
            Vec::new()
        } else {
            sys::affinity_of(worker.pid).unwrap_or_default()
        }
    }

    /// Whether the end was reported and no process is left: dropping the pool then waits for nothing.
    pub fn has_ended(&self) -> bool {
        lock(&self.shared.scheduler).has_ended()
    }

    /// Kills what is left, notifies nobody any more, and waits for the pool's threads, which end when the processes are
    /// reaped.
    pub fn shut_down(&self) {
        self.shared.outcomes.silence();
        self.terminate();
        *lock(&self.shared.spawner) = None;
        self.shared.wake.ring();
        for thread in lock(&self.threads).drain(..) {
            // A thread that panicked has nothing left to clean up.
            let _panic = thread.join();
        }
    }

    fn start_threads(&self) -> io::Result<()> {
        let mut threads = lock(&self.threads);
        if threads.is_empty() {
            let (arrivals, arrived) = crossbeam::channel::unbounded::<Arrival>();
            let (wanted, orders) = crossbeam::channel::unbounded();
            let spawner = Spawner::new(Arc::clone(&self.shared), orders, arrivals);
            // Both or none: the spawner ends with `wanted`, a waiting thread alone would wait for ever.
            let spawning = spawner.start()?;
            let waiting = waiter::start(Arc::clone(&self.shared), arrived)?;
            threads.extend([waiting, spawning]);
            *lock(&self.shared.spawner) = Some(wanted);
        }
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shut_down();
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Shared {
    /// How long the waiting thread may sleep. It keeps a time that it was given, even if nothing is due then any more: a
    /// deadline that comes and goes with each task does not wake it each time.
    fn time_to_deadline(&self) -> Option<Duration> {
        let scheduler = lock(&self.scheduler);
        let now = self.started_at.elapsed();
        let next_ns = scheduler.next_deadline().map_or(u64::MAX, nanoseconds);
        let armed_ns = self.armed_ns.load(Ordering::Relaxed);
        let is_ahead = armed_ns > nanoseconds(now);
        let wake_ns = if is_ahead { next_ns.min(armed_ns) } else { next_ns };
        self.armed_ns.store(wake_ns, Ordering::Relaxed);
        (wake_ns < u64::MAX).then(|| Duration::from_nanos(wake_ns).saturating_sub(now))
    }

    /// Gives the scheduler an event and carries out what follows from it.
    pub(crate) fn drive<R>(&self, event: impl FnOnce(&mut Scheduler) -> R) -> R {
        let (result, actions, doomed, is_nearer) = {
            let mut scheduler = lock(&self.scheduler);
            scheduler.tick(self.started_at.elapsed());
            let result = event(&mut scheduler);
            scheduler.dispatch();
            let actions = scheduler.take_actions();
            self.has_hands.store(scheduler.has_hands(), Ordering::Relaxed);
            let mut doomed = Vec::new();
            for action in &actions {
                match action {
                    // In the scheduler's order, so that a worker's frames cannot overtake each other.
                    Action::Send { worker, frame } => {
                        self.posts[*worker as usize].enqueue(frame.clone());
                    }
                    // The process of this moment: a replacement may be there by the time it is killed.
                    Action::Kill { worker } => doomed.extend(self.posts[*worker as usize].child()),
                    _ => {}
                }
            }
            let next_ns = scheduler.next_deadline().map_or(u64::MAX, nanoseconds);
            let is_nearer = next_ns < self.armed_ns.load(Ordering::Relaxed);
            if is_nearer {
                self.armed_ns.store(next_ns, Ordering::Relaxed);
            }
            (result, actions, doomed, is_nearer)
        };
        for child in doomed {
            child.kill_group();
        }
        self.carry_out(actions);
        if is_nearer {
            self.wake.ring();
        }
        result
    }

    /// Writes frames for a worker. One whose ring makes no sense is killed.
    fn pump(&self, worker: usize) {
        if let Some(pid) = self.posts[worker].pump() {
            self.drive(|scheduler| scheduler.broke(worker as u32, pid, Cause::Breach));
        }
    }

    fn carry_out(&self, actions: Vec<Action>) {
        let mut last_sent = None;
        for action in actions {
            match action {
                Action::Send { worker, .. } if last_sent == Some(worker) => {}
                Action::Send { worker, .. } => {
                    self.pump(worker as usize);
                    last_sent = Some(worker);
                }
                Action::Spawn { worker } => {
                    if let Some(spawner) = lock(&self.spawner).as_ref() {
                        // Fails only when the spawner has ended, and then the pool is closed.
                        let _refused = spawner.send(worker);
                    }
                }
                // Its process was killed first of all.
                Action::Kill { .. } => {}
                // No task is settled by it.
                Action::Retry { job, chunk, index, loss } => {
                    self.outcomes.push_loss(job, chunk, index, 0, &loss);
                }
                Action::Lose { job, chunk, first, count, loss } => {
                    self.outcomes.push_loss(job, chunk, first, count, &loss);
                }
                Action::Started { worker, pid } => self.outcomes.push_started(worker, pid),
                Action::Exited { worker, pid, code, signal, tasks_done } => {
                    self.outcomes.push_exited(worker, pid, code, signal, tasks_done);
                }
                Action::Closed => {
                    *lock(&self.spawner) = None;
                    self.is_closed.store(true, Ordering::SeqCst);
                    self.outcomes.push_closed();
                    self.wake.ring();
                }
            }
        }
    }
}
