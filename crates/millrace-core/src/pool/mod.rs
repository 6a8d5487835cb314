//! The pool: the scheduler, the workers' memory and processes, and the two threads that serve them.
//!
//! ```text
//! submitter --lock--> scheduler --effects--> handle (one per worker) --ring--> worker
//!                        ^                                                      |
//! waiting thread --lock--+------------------- ring, pidfd, control socket ------+
//!        |
//!        +--> records --notify--> whoever collects them
//! ```
//!
//! # Locks
//!
//! A thread that holds one of these may take only those below it:
//!
//! 1. A handle's `inbound`, while its worker's frames are read.
//! 2. The scheduler. No large copy and no system call happens under it.
//! 3. A handle's `writer`, while frames are written into its ring. The scheduler's lock is not held then, because the copy may be large.
//! 4. A handle's `queue`, `process` and `loop_watch`, and all others: `records`, `definitions`, `spawner`, `threads`, `loop_spin`,
//!    `patience`, `burst`, `cpus`.
//!
//! The notification of records may run under a handle's `inbound`, so it must not call back into the pool.
//!
//! If a thread panics or finds a descriptor of the pool gone, it fails the pool: see [`failing`]. A panic under the scheduler's
//! lock replaces the scheduler. What the other locks guard is whole at every moment.

mod attached;
mod blocks;
mod burst;
mod causes;
mod claims;
mod config;
mod failing;
mod handles;
mod listener;
mod output;
mod process;
mod record_queue;
mod records;
mod regions;
mod resize;
mod spawner;
mod submission;
mod worker_handle;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};

pub use config::{PoolConfig, StartError};
pub use record_queue::Records;
pub use records::{Outcome, Record, SetupFailed};
pub use submission::{Chunk, SetupError, SubmitError, TooLarge};

use crate::lock::lock;
use crate::region::RegionId;
use crate::scheduler::{
    CallId, CancelMode, Cause, Definition, DefinitionId, Effects, Outgoing, Report, Scheduler,
    Setup, Stats, WorkerId, WorkerSnapshot,
};
use crate::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use crate::sys::{self, Bell, Poller};
use attached::CloseAtEnd;
use blocks::Arguments;
use burst::Burst;
use failing::lost;
use handles::Handles;
use listener::{CommonBells, LoopSpin, Patience, Waiter};
use output::UnreleasedOutput;
use record_queue::RecordQueue;
use spawner::{Request, SpawnResult, Spawner};
use worker_handle::Unwritable;

/// How long to wait for the threads of a failed pool. A thread that nobody can wake stays, and does nothing.
const STUCK_PATIENCE: Duration = Duration::from_millis(200);

/// Called when there is something to collect, from any thread, at most once until everything is collected.
pub type Notify = Box<dyn Fn() + Send + Sync>;

/// A pool of worker processes. Its processes and threads start with the first submit.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<Thread>>,
}

/// A thread of the pool. It has the other end of `ended` and never sends.
#[derive(Debug)]
struct Thread {
    handle: JoinHandle<()>,
    ended: Receiver<()>,
}

/// What the threads of a pool share.
pub(crate) struct Shared {
    config: PoolConfig,
    scheduler: Mutex<Scheduler>,
    definitions: Mutex<HashMap<DefinitionId, Arc<Definition>>>,
    handles: Handles,
    /// How many workers there are. It may be changed.
    worker_count: AtomicU32,
    /// The CPU ids that each worker may use, by worker id. Empty: no pinning.
    cpus: Mutex<Vec<Vec<u32>>>,
    records: RecordQueue,
    burst: Burst,
    /// Large arguments; made when the first of them is there, or the first worker.
    arguments: OnceLock<Option<Arc<Arguments>>>,
    /// The processes that were started, modulo 2^32.
    processes: AtomicU32,
    unreleased: UnreleasedOutput,
    /// The last owner of a region was a chunk or a definition, so it has to be closed.
    has_dropped_regions: Arc<AtomicBool>,
    /// Wakes the waiting thread: a worker was started, a deadline is nearer, or the pool ends.
    wake: Bell,
    /// Its replacement, if other code of the process has closed the descriptor.
    second_wake: OnceLock<Bell>,
    /// The waiting thread sleeps in it, once there is one.
    poller: OnceLock<Arc<Poller>>,
    /// Watches the bells that workers notify while the submitter's event loop listens.
    loop_poller: Poller,
    /// The bells that all workers notify, where they have none of their own.
    common_bells: Option<CommonBells>,
    loop_listens: AtomicBool,
    loop_spin: Mutex<LoopSpin>,
    patience: Patience,
    /// A chunk is in flight, so there will be something to read.
    has_work_in_flight: AtomicBool,
    /// A caller waits for the pool, if only for workers to start or to end.
    has_open: AtomicBool,
    spawner: Mutex<Option<Sender<Request>>>,
    /// The pool cannot go on, and has reported it.
    has_failed: AtomicBool,
    /// The scheduler has reported the end.
    is_closed: AtomicBool,
    /// When the waiting thread wakes by itself, in nanoseconds since `started_at`. Touched under the scheduler's lock.
    armed_ns: AtomicU64,
    started_at: Instant,
    /// The system's monotonic clock at that time: milliseconds, modulo 2^32.
    epoch_ms: u32,
    _close_at_end: CloseAtEnd,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Pool {
    /// A pool that has started nothing yet. It calls `notify` when records wait to be collected.
    ///
    /// # Errors
    ///
    /// [`StartError`] if the system refuses the pool's own bell, or is not supported.
    pub fn new(mut config: PoolConfig, notify: Notify) -> Result<Self, StartError> {
        let wake = Bell::new().map_err(StartError::Resources)?;
        let loop_poller = Poller::new().map_err(StartError::Resources)?;
        let common_bells = CommonBells::new(&loop_poller).map_err(StartError::Resources)?;
        let worker_count = config.worker_count;
        let scheduler = Scheduler::new(worker_count)
            .with_idle_timeout(config.idle_timeout)
            .with_start_timeout(config.start_timeout);
        let cpus = std::mem::take(&mut config.cpus);
        let shared = Shared {
            config,
            scheduler: Mutex::new(scheduler),
            definitions: Mutex::default(),
            handles: Handles::new(worker_count),
            worker_count: AtomicU32::new(worker_count),
            cpus: Mutex::new(cpus),
            records: RecordQueue::new(notify),
            burst: Burst::new(),
            arguments: OnceLock::new(),
            processes: AtomicU32::new(0),
            unreleased: UnreleasedOutput::new(),
            has_dropped_regions: Arc::default(),
            wake,
            second_wake: OnceLock::new(),
            poller: OnceLock::new(),
            loop_poller,
            common_bells,
            loop_listens: AtomicBool::new(false),
            loop_spin: Mutex::default(),
            patience: Patience::default(),
            has_work_in_flight: AtomicBool::new(false),
            has_open: AtomicBool::new(false),
            spawner: Mutex::new(None),
            has_failed: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            armed_ns: AtomicU64::new(u64::MAX),
            started_at: Instant::now(),
            epoch_ms: sys::monotonic_ms() as u32,
            _close_at_end: CloseAtEnd,
        };
        Ok(Self { shared: Arc::new(shared), threads: Mutex::default() })
    }

    /// Makes a function known under `id`. A worker gets it before the first chunk that needs it.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if `bytes` do not fit into a message. Then nothing is made known.
    pub fn define(&self, id: DefinitionId, bytes: &[u8]) -> Result<(), TooLarge> {
        self.define_sharing(id, bytes, &[])
    }

    /// As [`Self::define`], with the regions that the bytes refer to. They are kept as long as the definition. Those that this process
    /// does not have any more are left out; a worker that needs one of them is told so.
    ///
    /// # Errors
    ///
    /// As [`Self::define`].
    pub fn define_sharing(
        &self,
        id: DefinitionId,
        bytes: &[u8],
        regions: &[RegionId],
    ) -> Result<(), TooLarge> {
        submission::check_size("the definition", bytes.len())?;
        let attachment = self.shared.attach_regions(regions);
        let definition = Definition::new(id, bytes.into()).with(attachment);
        lock(&self.shared.definitions).insert(id, Arc::new(definition));
        Ok(())
    }

    /// Makes a setup known under `id`. A worker gets it, and before it the functions that it `needs`, before the first chunk that names
    /// it. `limit` bounds it in each worker, and `exit_limit` what it makes workers do when they leave, if there is something.
    ///
    /// # Errors
    ///
    /// [`SetupError`] if `bytes` do not fit into a message, or a function is not known. Then nothing is made known.
    pub fn define_setup(
        &self,
        id: DefinitionId,
        bytes: &[u8],
        needs: &[DefinitionId],
        limit: Option<Duration>,
        exit_limit: Option<Duration>,
    ) -> Result<(), SetupError> {
        submission::check_size("the setup", bytes.len())?;
        let mut definitions = lock(&self.shared.definitions);
        let needs = needs
            .iter()
            .map(|needed| definitions.get(needed).cloned().ok_or(SetupError::Undefined(*needed)))
            .collect::<Result<_, _>>()?;
        let setup = Setup { needs, limit, exit_limit };
        definitions.insert(id, Arc::new(Definition::of_setup(id, bytes.into(), setup)));
        Ok(())
    }

    /// Drops a definition, here and in the workers. Chunks that were submitted with it keep it.
    pub fn forget(&self, id: DefinitionId) {
        let dropped = lock(&self.shared.definitions).remove(&id);
        if let Some(definition) = dropped {
            self.shared.drive(|scheduler| scheduler.forget(&definition));
        }
    }

    /// Accepts a chunk.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] if the chunk is invalid. Then it is not accepted.
    pub fn submit(&self, chunk: Chunk<'_>) -> Result<(), SubmitError> {
        self.submit_all([chunk])
    }

    /// Accepts all chunks at once. It costs less than one by one: workers are woken after the last one. Small urgent tasks that are
    /// submitted one by one in quick succession are passed on together, which takes half a millisecond at most.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] if a chunk is invalid. Then none is accepted.
    pub fn submit_all<'a>(
        &self,
        chunks: impl IntoIterator<Item = Chunk<'a>>,
    ) -> Result<(), SubmitError> {
        let mut last_definition = None;
        let mut last_setup = None;
        let worker_count = self.shared.worker_count.load(Ordering::Relaxed);
        let accept = |chunk: Chunk<'a>| {
            chunk.check(worker_count)?;
            // Most chunks of a batch have the same one. The lock is not held while the caller makes the next chunk.
            let find = |last: &mut Option<Arc<Definition>>, id: DefinitionId| {
                let found = last
                    .take()
                    .filter(|last| last.id == id)
                    .or_else(|| lock(&self.shared.definitions).get(&id).cloned());
                last.clone_from(&found);
                let (call_id, chunk) = (chunk.call_id, chunk.id);
                found.ok_or(SubmitError::Undefined { call_id, chunk, definition: id })
            };
            let definition = find(&mut last_definition, chunk.definition)?;
            let setup = chunk.setup.map(|id| find(&mut last_setup, id)).transpose()?;
            let attachment = self.shared.attach(&chunk)?;
            Ok(chunk.to_owned(definition, setup, attachment))
        };
        let chunks: Vec<_> = chunks.into_iter().map(accept).collect::<Result<_, SubmitError>>()?;
        let started = self.start_threads();
        // Without the threads nobody would submit what was gathered.
        let chunks = if started.is_ok() { self.shared.gather(chunks) } else { Some(chunks) };
        let Some(chunks) = chunks else { return Ok(()) };
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

    /// Cancels a call: drops its tasks that have not begun.
    ///
    /// # Errors
    ///
    /// [`TooLarge`] if the reason does not fit into a message. Then nothing is dropped.
    pub fn cancel(&self, call_id: CallId, mode: &CancelMode) -> Result<(), TooLarge> {
        if let CancelMode::Kill { reason, .. } = mode {
            submission::check_size("the reason of the cancellation", reason.len())?;
        }
        self.shared.drive(|scheduler| scheduler.cancel(call_id, mode));
        Ok(())
    }

    /// Finishes what was accepted, lets the workers exit, then reports [`Record::Closed`].
    pub fn close(&self) {
        self.shared.drive(Scheduler::close);
    }

    /// Whether fewer than `limit` urgent chunks wait, including `more` that are not submitted yet. A chunk does not wait if a
    /// free worker takes it, or a worker that is yet to be started.
    pub fn has_room(&self, limit: u32, more: u32) -> bool {
        let gathered = self.shared.burst.len() as u32;
        self.shared.scheduler().has_room(limit, more.saturating_add(gathered))
    }

    /// Replaces the workers that have a process, each after its running task. Returns their process ids.
    pub fn recycle(&self) -> Vec<u32> {
        self.shared.drive(Scheduler::recycle)
    }

    /// Asks idle workers to exit. Returns the process ids of all workers that are exiting. The pool stays open.
    pub fn leave_idle(&self) -> Vec<u32> {
        self.shared.drive(Scheduler::leave_idle)
    }

    /// Kills all workers now; [`Record::Closed`] follows within a second.
    pub fn terminate(&self) {
        self.shared.drive(Scheduler::terminate);
    }

    /// The records that wait. The pool notifies of the next one only after [`Records::next`] has returned `None`. The blocks of
    /// outcomes that were collected before cannot be read any more.
    pub fn collect(&self) -> Records<'_> {
        self.shared.burst.end();
        self.shared.records.collect()
    }

    /// The caller is done with this many bytes of the workers' standard output (0) or standard error (1). If 1 MiB of a
    /// stream is collected and not released, the pool stops reading it.
    pub fn release_output(&self, stream: usize, bytes: usize) {
        if self.shared.unreleased.release(stream, bytes) {
            self.shared.wake_waiter();
        }
    }

    /// Counts of tasks.
    pub fn stats(&self) -> Stats {
        self.shared.catch_up();
        self.shared.scheduler().stats()
    }

    /// The workers that have a process.
    pub fn workers(&self) -> Vec<WorkerSnapshot> {
        self.shared.catch_up();
        self.shared.scheduler().workers()
    }

    /// The worker of this id, if it has a process.
    pub fn worker(&self, id: WorkerId) -> Option<WorkerSnapshot> {
        self.shared.catch_up();
        self.shared.scheduler().worker(id)
    }

    /// The CPU ids that a worker process was bound to when it started. Empty without pinning, or if the process is gone.
    pub fn applied_cpus(&self, worker: &WorkerSnapshot) -> Vec<u32> {
        let process = self.shared.handles[worker.id.index()].process();
        process
            .filter(|it| it.child.pid() == worker.pid)
            .map_or_else(Vec::new, |it| it.cpus.clone())
    }

    /// The resident memory of a worker in bytes, as its process has measured it last: when it became ready, and after tasks. 0 before
    /// that, or if the process is gone.
    pub fn resident_bytes(&self, worker: &WorkerSnapshot) -> u64 {
        self.shared.handles[worker.id.index()].resident_bytes()
    }

    /// Whether the end was reported and no process is left. Then dropping the pool does not wait.
    pub fn has_ended(&self) -> bool {
        self.shared.scheduler().has_ended()
    }

    /// Kills all workers, stops notifying, and waits for the threads of the pool, which end when the processes are reaped.
    pub fn shut_down(&self) {
        self.shared.records.stop_notifying();
        self.terminate();
        *lock(&self.shared.spawner) = None;
        self.shared.wake_waiter();
        for Thread { handle, ended } in lock(&self.threads).drain(..) {
            let is_stuck = self.shared.has_failed()
                && ended.recv_timeout(STUCK_PATIENCE) == Err(RecvTimeoutError::Timeout);
            if !is_stuck {
                // A panic of it was reported when it happened.
                let _ = handle.join();
            }
        }
    }

    fn start_threads(&self) -> io::Result<()> {
        let mut threads = lock(&self.threads);
        if threads.is_empty() {
            let (result_sender, results) = crossbeam::channel::unbounded::<SpawnResult>();
            let (request_sender, requests) = crossbeam::channel::unbounded();
            let shared = || Arc::clone(&self.shared);
            let spawner = Spawner::new(shared(), requests, (result_sender, results.clone()));
            // Both threads or none. The spawner ends with `request_sender`, but a waiting thread alone would wait for
            // ever.
            let spawning = start_thread("millrace-spawn", move || spawner.run())?;
            let mut waiter = Waiter::new(shared(), results)?;
            let waiting = start_thread("millrace-wait", move || waiter.run())?;
            threads.extend([waiting, spawning]);
            *lock(&self.shared.spawner) = Some(request_sender);
        }
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shut_down();
    }
}

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Thread> {
    let (ends, ended) = crossbeam::channel::bounded(0);
    let run = move || {
        let _ends: Sender<()> = ends;
        work();
    };
    let handle = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
    Ok(Thread { handle, ended })
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What an event has added to the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    None,
    Some,
    /// Among others, that the pool has closed.
    End,
}

impl Shared {
    /// How long the waiting thread may sleep. It keeps an earlier time even if nothing is due then any more, so that a
    /// deadline that comes and goes with each task does not wake it each time.
    fn time_to_deadline(&self) -> Option<Duration> {
        let scheduler = self.scheduler();
        let now = self.started_at.elapsed();
        let next_ns = scheduler.next_deadline().map_or(u64::MAX, nanoseconds);
        let next_ns = next_ns.min(self.burst.due_ns());
        let armed_ns = self.armed_ns.load(Ordering::Relaxed);
        let is_ahead = armed_ns > nanoseconds(now);
        let wake_ns = if is_ahead { next_ns.min(armed_ns) } else { next_ns };
        self.armed_ns.store(wake_ns, Ordering::Relaxed);
        (wake_ns < u64::MAX).then(|| Duration::from_nanos(wake_ns).saturating_sub(now))
    }

    /// Passes an event to the scheduler and carries out its effects. A panic fails the pool, and goes on.
    pub(crate) fn drive<R>(&self, event: impl FnOnce(&mut Scheduler) -> R) -> R {
        self.guarded(|| self.drive_on(event))
    }

    fn drive_on<R>(&self, event: impl FnOnce(&mut Scheduler) -> R) -> R {
        let (result, receivers, doomed, spawns, news, is_nearer) = {
            let mut scheduler = self.scheduler();
            let (result, effects) = scheduler.handle(self.started_at.elapsed(), |scheduler| {
                for chunk in self.burst.take() {
                    scheduler.submit(chunk);
                }
                event(scheduler)
            });
            let Effects { kills, frames, spawns, reports } = effects;
            // Before any other thread can send what the frames hold: the end of a chunk may be settled by another worker, and
            // must not be reported before the loss of its beginning.
            let news = self.report(reports);
            self.has_work_in_flight.store(scheduler.has_work_in_flight(), Ordering::Relaxed);
            self.has_open.store(scheduler.has_open(), Ordering::Relaxed);
            // In the scheduler's order, so that a worker's frames cannot overtake each other.
            let enqueue = |(worker_id, frame): (WorkerId, Outgoing)| {
                self.handles[worker_id.index()].enqueue(frame);
                worker_id
            };
            // Collected in the memory of `frames`.
            let receivers: Vec<WorkerId> = frames.into_iter().map(enqueue).collect();
            // The current processes: by the time of the kill there may be a replacement.
            let processes = kills.into_iter().map(|id| self.handles[id.index()].process());
            let doomed: Vec<_> = processes.flatten().collect();
            let next_ns = scheduler.next_deadline().map_or(u64::MAX, nanoseconds);
            let is_nearer = next_ns < self.armed_ns.load(Ordering::Relaxed);
            if is_nearer {
                self.armed_ns.store(next_ns, Ordering::Relaxed);
            }
            (result, receivers, doomed, spawns, news, is_nearer)
        };
        for process in doomed {
            process.kill();
        }
        let mut pumped = None;
        for worker_id in receivers {
            if pumped.replace(worker_id) != Some(worker_id) {
                self.pump(worker_id);
            }
        }
        if !spawns.is_empty()
            && let Some(spawner) = lock(&self.spawner).as_ref()
        {
            for worker_id in spawns {
                // Fails only when the spawner has ended, and then the pool is closed.
                let _ = spawner.send(Request::Start(worker_id));
            }
        }
        if news >= News::Some {
            self.records.notify_once();
        }
        let has_dropped = self.has_dropped_regions.load(Ordering::Relaxed);
        if is_nearer || news == News::End || has_dropped || self.has_excess() {
            self.wake_waiter();
        }
        result
    }

    /// Writes frames for a worker. A worker whose ring is corrupt is killed.
    fn pump(&self, worker_id: WorkerId) {
        match self.handles[worker_id.index()].pump() {
            Ok(()) => {}
            Err(Unwritable::Corrupt { pid }) => {
                self.drive(|scheduler| {
                    scheduler.unreadable(worker_id, pid, Cause::ProtocolViolation);
                });
            }
            Err(Unwritable::NoBell) => self.fail(&lost(&format!("the bell to worker {worker_id}"))),
        }
    }

    /// Adds the reports to the records. To be called under the scheduler's lock: it announces nothing.
    fn report(&self, reports: Vec<Report>) -> News {
        let mut news = News::None;
        for report in reports {
            let is_end = matches!(report, Report::Closed);
            if is_end {
                *lock(&self.spawner) = None;
                self.is_closed.store(true, Ordering::SeqCst);
            }
            news = news.max(if is_end { News::End } else { News::Some });
            self.records.push_report(report);
        }
        news
    }
}
