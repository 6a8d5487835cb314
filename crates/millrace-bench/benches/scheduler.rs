//! What one event costs the scheduler, by the number of workers.
//!
//! `npm run bench:scheduler` runs it. The figures are in `docs/performance.md`, "The scheduler". Each iteration is all events of one
//! task, and leaves the scheduler as it found it.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use millrace_core::testing::scheduler::{
    Began, CallId, Chunk, ChunkFlags, ChunkSeq, Claims, Death, Definition, DefinitionId, Effects,
    Outgoing, Scheduler, Settled, WorkerId,
};

const WORKERS: [u32; 3] = [2, 64, 1_024];
/// Chunks of work of known cost that a full worker has in flight, about.
const DEPTH: u32 = 4;
/// So that workers are filled: four chunks are 2 ms.
const FULL_TASK_US: u32 = 480;

/// The claim words of a worker that begins its chunks in their order.
#[derive(Debug, Default)]
struct Words {
    /// The last chunk that has begun.
    begun: AtomicU32,
    task: AtomicU32,
}

impl Claims for Words {
    fn offer(&self, _seq: ChunkSeq) {}

    fn revoke(&self, seq: ChunkSeq) -> bool {
        !self.has_begun(seq)
    }

    fn has_begun(&self, seq: ChunkSeq) -> bool {
        seq.0 <= self.begun.load(Ordering::Acquire)
    }

    fn cancel(&self, _seq: ChunkSeq) {}

    fn current_task(&self) -> u32 {
        self.task.load(Ordering::Acquire)
    }

    fn began(&self) -> Began {
        Began::default()
    }

    fn condemn(&self, _first: u32, _last: u32) -> Option<u32> {
        None
    }

    fn skip(&self, _first: u32, _last: u32) -> Option<u32> {
        None
    }
}

/// A process, and the chunks that were sent to it: sequence number, first task's number, tasks.
#[derive(Debug, Default)]
struct Process {
    words: Arc<Words>,
    sent: VecDeque<(ChunkSeq, u32, u32)>,
}

/// The scheduler among processes that do what an iteration tells them.
struct World {
    scheduler: Scheduler,
    processes: Vec<Process>,
    definition: Arc<Definition>,
    payload: Arc<[u8]>,
    now: Duration,
    next_chunk: u32,
    next_pid: u32,
    /// The worker that got a chunk last.
    receiver: WorkerId,
}

impl World {
    /// All workers are ready and idle, and have run a task of `task_us`.
    fn new(workers: u32, task_us: u32) -> Self {
        let mut world = Self {
            scheduler: Scheduler::new(workers),
            processes: (0..workers).map(|_| Process::default()).collect(),
            definition: Arc::new(Definition::new(DefinitionId(1), Box::default())),
            payload: Arc::default(),
            now: Duration::from_secs(1),
            next_chunk: 0,
            next_pid: 100,
            receiver: WorkerId(0),
        };
        for worker_id in (0..workers).map(WorkerId) {
            let chunk = Chunk { only: Some(worker_id), ..world.chunk(1) };
            world.submit(chunk);
            world.begin(worker_id);
            world.settle(worker_id, task_us);
        }
        world
    }

    fn chunk(&mut self, count: u32) -> Chunk {
        self.next_chunk += 1;
        let (definition, payload) = (Arc::clone(&self.definition), Arc::clone(&self.payload));
        Chunk::new(CallId(1), self.next_chunk, count, definition, payload)
    }

    fn urgent(&mut self) -> Chunk {
        let call_id = CallId(self.next_chunk + 2);
        Chunk { call_id, flags: ChunkFlags(ChunkFlags::URGENT), ..self.chunk(1) }
    }

    /// As the pool drives it: after each event it asks for all that follows.
    fn drive(&mut self, event: impl FnOnce(&mut Scheduler)) {
        let ((), effects) = self.scheduler.handle(self.now, event);
        black_box(self.scheduler.has_work_in_flight());
        black_box(self.scheduler.has_open());
        black_box(self.scheduler.next_deadline());
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Effects) {
        for (worker_id, frame) in effects.frames {
            if let Outgoing::Chunk { seq, first_task, chunk } = frame {
                let process = &mut self.processes[worker_id.0 as usize];
                process.sent.push_back((seq, first_task, chunk.unsettled()));
                self.receiver = worker_id;
            }
        }
        for worker_id in effects.spawns {
            self.next_pid += 1;
            let (pid, words) = (self.next_pid, Arc::<Words>::default());
            self.processes[worker_id.0 as usize] =
                Process { words: Arc::clone(&words), sent: VecDeque::new() };
            self.drive(|scheduler| scheduler.spawned(worker_id, pid, words));
            self.drive(|scheduler| scheduler.ready(worker_id));
        }
        black_box(effects.reports);
    }

    fn submit(&mut self, chunk: Chunk) {
        self.drive(|scheduler| scheduler.submit(chunk));
    }

    /// The worker begins its next chunk.
    fn begin(&self, worker_id: WorkerId) {
        let process = &self.processes[worker_id.0 as usize];
        let (seq, first_task, _) = process.sent.front().expect("a chunk was sent");
        process.words.begun.store(seq.0, Ordering::Release);
        process.words.task.store(*first_task, Ordering::Release);
    }

    /// The worker has settled the chunk.
    fn settle(&mut self, worker_id: WorkerId, elapsed_us: u32) {
        let sent = self.processes[worker_id.0 as usize].sent.pop_front();
        let (seq, _, count) = sent.expect("a chunk was sent");
        let settled = Settled {
            seq,
            first: 0,
            count,
            is_error: false,
            is_last: true,
            is_dropped: false,
            is_retiring: false,
            is_setup_failure: false,
            elapsed_us: elapsed_us * count,
        };
        black_box(self.scheduler.outcome(worker_id, settled)).expect("the worker has the chunk");
        self.drive(|_| ());
    }

    /// An idle worker gets the chunk, runs it and is idle again.
    fn round_trip(&mut self, chunk: Chunk) {
        self.submit(chunk);
        let worker_id = self.receiver;
        self.begin(worker_id);
        self.settle(worker_id, 10);
    }
}

fn each_size(
    criterion: &mut Criterion,
    name: &str,
    make: impl Fn(u32) -> World,
    mut step: impl FnMut(&mut World),
) {
    let mut group = criterion.benchmark_group(name);
    for workers in WORKERS {
        let mut world = make(workers);
        group.bench_function(BenchmarkId::from_parameter(workers), |bencher| {
            bencher.iter(|| step(&mut world));
        });
    }
    group.finish();
}

/// One task at a time, the others idle.
fn one_task(criterion: &mut Criterion) {
    each_size(
        criterion,
        "one task at a time",
        |workers| World::new(workers, 10),
        |world| {
            let chunk = world.urgent();
            world.round_trip(chunk);
        },
    );
}

/// All workers have chunks in flight, and more wait.
fn full(criterion: &mut Criterion) {
    let make = |workers: u32| {
        let mut world = World::new(workers, FULL_TASK_US);
        for _ in 0..workers * DEPTH * 2 {
            let chunk = world.chunk(1);
            world.submit(chunk);
        }
        world
    };
    let mut next = 0;
    each_size(criterion, "all workers full", make, |world| {
        next = (next + 1) % world.processes.len() as u32;
        let chunk = world.chunk(1);
        world.submit(chunk);
        world.begin(WorkerId(next));
        world.settle(WorkerId(next), FULL_TASK_US);
    });
}

/// One task at a time, while all workers but one run long chunks, which could be split.
fn beside_long_chunks(criterion: &mut Criterion) {
    let make = |workers: u32| {
        let mut world = World::new(workers, 10);
        for _ in 1..workers {
            let chunk = world.chunk(1_000_000);
            world.submit(chunk);
            world.begin(world.receiver);
        }
        world
    };
    each_size(criterion, "one task beside long chunks", make, |world| {
        let chunk = world.urgent();
        world.round_trip(chunk);
    });
}

/// A time-out is set and cleared.
fn with_limit(criterion: &mut Criterion) {
    each_size(
        criterion,
        "one task with a time-out",
        |workers| World::new(workers, 10),
        |world| {
            let limit = Some(Duration::from_secs(30));
            let flags = ChunkFlags(ChunkFlags::URGENT | ChunkFlags::EACH | ChunkFlags::TIMED);
            let chunk = Chunk { limit, flags, ..world.urgent() };
            world.round_trip(chunk);
            // Time goes on, so that the deadline of each task is another one.
            world.now += Duration::from_micros(10);
        },
    );
}

/// A worker dies while it runs a task, and its replacement runs the next one.
fn death(criterion: &mut Criterion) {
    each_size(
        criterion,
        "a death and a replacement",
        |workers| World::new(workers, 10),
        |world| {
            let chunk = world.urgent();
            world.submit(chunk);
            let worker_id = world.receiver;
            world.begin(worker_id);
            world.drive(|scheduler| scheduler.died(worker_id, &Death::default()));
            let chunk = Chunk { only: Some(worker_id), ..world.chunk(1) };
            world.round_trip(chunk);
        },
    );
}

criterion_group!(benches, one_task, full, beside_long_chunks, with_limit, death);
criterion_main!(benches);
