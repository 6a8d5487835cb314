//! The scheduler among workers that say anything at any time, and whose claim words answer at random.
#![no_main]

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use millrace_core::testing::scheduler::{
    Began, CallId, CancelMode, Cause, Chunk, ChunkFlags, ChunkSeq, Claims, Death, Definition,
    DefinitionId, Effects, Outgoing, Report, Scheduler, Settled, Setup, Verdict, WorkerId,
};

const DEFINITIONS: usize = 3;
const CALLS: usize = 3;
const SETUPS: usize = 2;
/// The most workers after a resize.
const WORKERS_MAX: u32 = 6;
/// More than the deaths that any input can ask for.
const ROUNDS_MAX: usize = 20_000;

#[derive(Debug, Arbitrary)]
struct Input {
    workers: u8,
    idle_ms: Option<u8>,
    steps: Vec<Step>,
    answers: Vec<u8>,
    /// At the end the pool is terminated; otherwise it is closed, and every worker dies as soon as it is ready.
    terminates: bool,
    /// What a task costs is known from the start: workers are filled.
    is_measured: bool,
}

#[derive(Debug, Arbitrary)]
enum Step {
    Submit {
        call: u8,
        count: u8,
        flags: u8,
        only: Option<u8>,
        definition: u8,
        limit_ms: Option<u8>,
        more: u8,
        lifespan: Option<u8>,
        setup: Option<u8>,
    },
    Spawned {
        worker_id: u8,
    },
    Ready {
        worker_id: u8,
    },
    Start {
        worker_id: u8,
    },
    Outcome {
        worker_id: u8,
        which: u8,
        skew: i8,
        count: u8,
        bits: u8,
        is_honest: bool,
    },
    Broke {
        worker_id: u8,
    },
    Severed {
        worker_id: u8,
    },
    Faulted {
        worker_id: u8,
    },
    WantsToLeave {
        worker_id: u8,
    },
    ExitResult {
        worker_id: u8,
    },
    ExitDone {
        worker_id: u8,
    },
    Resize {
        count: u8,
        rebound: Option<u8>,
    },
    LeaveIdle,
    Died {
        worker_id: u8,
        code: Option<u8>,
    },
    Cancel {
        call: u8,
        kill_ms: Option<u8>,
    },
    Forget {
        definition: u8,
    },
    Tick {
        ms: u16,
    },
    Recycle,
    CannotStart,
    Close,
    Terminate,
}

/// Words that answer as the input says, again and again.
#[derive(Debug)]
struct Words(Arc<Mutex<VecDeque<u8>>>);

impl Words {
    fn next(&self) -> u8 {
        let mut answers = self.0.lock().expect("nobody panics with it");
        let Some(answer) = answers.pop_front() else { return 0 };
        answers.push_back(answer);
        answer
    }
}

impl Claims for Words {
    fn offer(&self, _seq: ChunkSeq) {}

    fn revoke(&self, _seq: ChunkSeq) -> bool {
        self.next() & 1 == 1
    }

    fn has_begun(&self, _seq: ChunkSeq) -> bool {
        self.next() & 1 == 1
    }

    fn cancel(&self, _seq: ChunkSeq) {}

    fn current_task(&self) -> u32 {
        u32::from(self.next())
    }

    fn began(&self) -> Began {
        let ms = u32::from(self.next()) << (self.next() & 31);
        Began { ms, is_loading: self.next() & 1 == 1, is_setting_up: self.next() & 1 == 1 }
    }

    fn condemn(&self, first: u32, last: u32) -> Option<u32> {
        (self.next() & 1 == 1).then_some(first.max(last.min(u32::from(self.next()))))
    }

    fn skip(&self, first: u32, _last: u32) -> Option<u32> {
        (self.next() & 1 == 1).then_some(first)
    }
}

#[derive(Debug)]
enum Process {
    Absent,
    Asked,
    Alive(Alive),
}

#[derive(Debug, Default)]
struct Alive {
    /// Chunks that were sent: number, first open task, the index after the last one.
    chunks: VecDeque<(u32, u32, u32)>,
    known: HashSet<DefinitionId>,
    was_told_to_leave: bool,
}

struct World {
    scheduler: Scheduler,
    processes: Vec<Process>,
    answers: Arc<Mutex<VecDeque<u8>>>,
    /// The open tasks of each chunk, by call and number in it, and the index after its last one.
    open: HashMap<(u32, u32), (HashSet<u32>, u32)>,
    calls: [u32; CALLS],
    definitions: [Arc<Definition>; DEFINITIONS],
    setups: [Arc<Definition>; SETUPS],
    /// The calls that name each setup.
    named: HashMap<DefinitionId, HashSet<u32>>,
    next_definition: u32,
    /// The resizes whose end was not told.
    resizes: HashSet<u32>,
    next_resize: u32,
    wanted: u32,
    forgotten: HashSet<DefinitionId>,
    next_chunk: u32,
    next_pid: u32,
    now: Duration,
    closed: u32,
    is_terminated: bool,
}

impl World {
    /// As the pool gives the scheduler each event.
    fn drive<R>(&mut self, event: impl FnOnce(&mut Scheduler) -> R) -> R {
        let (result, effects) = self.scheduler.handle(self.now, event);
        self.carry_out(effects);
        self.check();
        result
    }

    /// As the waiting thread does at a deadline.
    fn enforce(&mut self) {
        let overdue = self.scheduler.overdue(self.now);
        self.drive(|scheduler| scheduler.expire_limits(&overdue));
        let next = self.scheduler.next_deadline();
        assert!(
            next.is_none_or(|at| at > self.now),
            "{next:?} stays in the past at {:?}",
            self.now
        );
    }

    fn check(&mut self) {
        let stats = self.scheduler.stats();
        let settled = stats.completed + stats.failed + stats.cancelled;
        assert_eq!(stats.submitted, settled + stats.running + stats.queued);
        assert!(stats.running <= self.processes.len() as u64);
        let open: usize = self.open.values().map(|(tasks, _)| tasks.len()).sum();
        for process in &self.processes {
            if let Process::Alive(alive) = process {
                assert!(
                    alive.known.is_disjoint(&self.forgotten),
                    "a worker keeps what was forgotten"
                );
            }
        }
        assert!(open as u64 <= stats.running + stats.queued, "{open} are open, {stats:?}");
    }

    fn carry_out(&mut self, effects: Effects) {
        for (worker_id, frame) in effects.frames {
            let Process::Alive(alive) = &mut self.processes[worker_id.0 as usize] else {
                panic!("{frame:?} for worker {worker_id}, which has no process");
            };
            alive.receive(worker_id.0, frame);
        }
        for worker_id in effects.spawns {
            assert!(worker_id.0 < self.wanted, "{worker_id} is started though the pool is smaller");
            let process = &mut self.processes[worker_id.0 as usize];
            assert!(matches!(process, Process::Absent), "{worker_id} has a process");
            *process = Process::Asked;
        }
        effects.reports.into_iter().for_each(|report| self.take_report(report));
    }

    fn take_report(&mut self, report: Report) {
        match report {
            Report::Started { .. } | Report::Exited(_) => {}
            Report::SetupFailed { setup, .. } => self.fail_setup(setup),
            Report::Resized { number } => {
                assert!(self.resizes.remove(&number), "resize {number} is told again");
            }
            Report::Lost { call_id: CallId(call_id), chunk, first, count, .. } => {
                assert!(count > 0);
                (first..first + count).for_each(|index| self.settle(call_id, chunk, index));
            }
            Report::Retried { call_id: CallId(call_id), chunk, index, .. } => {
                assert!(
                    self.open[&(call_id, chunk)].0.contains(&index),
                    "tried again though settled"
                );
            }
            Report::Closed => {
                self.closed += 1;
                self.resizes.clear();
                assert!(self.open.is_empty(), "closed with open tasks");
            }
        }
    }

    fn settle(&mut self, call_id: u32, chunk: u32, index: u32) {
        let (tasks, _) = self.open.get_mut(&(call_id, chunk)).expect("a chunk that is open");
        assert!(tasks.remove(&index), "task {call_id}.{chunk}[{index}] settled again");
        if tasks.is_empty() {
            self.open.remove(&(call_id, chunk));
        }
    }

    /// The calls that name it are over, and later ones name another one.
    fn fail_setup(&mut self, setup: DefinitionId) {
        let calls = self.named.remove(&setup).expect("a setup that nobody was told of before");
        for call in &mut self.calls {
            if calls.contains(call) {
                *call += CALLS as u32;
            }
        }
        self.open.retain(|(call_id, _), _| !calls.contains(call_id));
        if let Some(at) = self.setups.iter().position(|known| known.id == setup) {
            self.setups[at] = self.new_setup();
        }
    }

    fn new_setup(&mut self) -> Arc<Definition> {
        self.next_definition += 1;
        let id = DefinitionId(1_000_000 + self.next_definition);
        let limit = (self.next_definition & 1 == 1).then_some(Duration::from_millis(20));
        let exit_limit = (self.next_definition & 2 == 2).then_some(Duration::from_millis(30));
        let setup = Setup { needs: Vec::new(), limit, exit_limit };
        Arc::new(Definition::of_setup(id, Box::default(), setup))
    }

    fn outcome(&mut self, worker_id: u32, settled: Settled) {
        // The pool stops reading a worker that has lied; that one goes on here.
        let verdict = self.scheduler.outcome(WorkerId(worker_id), settled);
        if let Ok(Verdict::SetupFailed { setup, .. }) = verdict {
            self.fail_setup(setup);
        }
        if let Ok(Verdict::Report { call_id: CallId(call_id), chunk, is_last }) = verdict {
            let end = self.open[&(call_id, chunk)].1;
            let last = settled.first + settled.count;
            (settled.first..last).for_each(|index| self.settle(call_id, chunk, index));
            if is_last && settled.is_dropped {
                (last..end).for_each(|index| self.settle(call_id, chunk, index));
            }
            let is_open = self.open.contains_key(&(call_id, chunk));
            assert!(
                !is_last || !is_open,
                "the submitter holds chunk {call_id}.{chunk} to have ended"
            );
        }
        self.drive(|_| ());
    }

    fn spawned(&mut self, worker_id: u32) {
        if matches!(self.processes[worker_id as usize], Process::Asked) {
            self.processes[worker_id as usize] = Process::Alive(Alive::default());
            self.next_pid += 1;
            let (pid, words) = (self.next_pid, Arc::new(Words(Arc::clone(&self.answers))));
            self.drive(|scheduler| scheduler.spawned(WorkerId(worker_id), pid, words));
        }
    }

    fn ready(&mut self, worker_id: u32) {
        if matches!(self.processes[worker_id as usize], Process::Alive(_)) {
            self.drive(|scheduler| scheduler.ready(WorkerId(worker_id)));
        }
    }

    fn died(&mut self, worker_id: u32, code: Option<u8>) {
        if matches!(self.processes[worker_id as usize], Process::Absent) {
            return;
        }
        self.processes[worker_id as usize] = Process::Absent;
        let death = Death { code: code.map(i32::from), ..Death::default() };
        self.drive(|scheduler| scheduler.died(WorkerId(worker_id), &death));
    }

    fn submit(&mut self, chunk: Chunk) {
        let tasks = (0..chunk.count).collect();
        if self.is_accepting() {
            self.open.insert((chunk.call_id.0, chunk.id), (tasks, chunk.count));
        }
        self.drive(|scheduler| scheduler.submit(chunk));
    }

    fn is_accepting(&self) -> bool {
        !self.is_terminated && self.closed == 0
    }
}

impl Alive {
    fn receive(&mut self, worker_id: u32, frame: Outgoing) {
        let is_late =
            matches!(frame, Outgoing::Define(_) | Outgoing::Chunk { .. } | Outgoing::Leave);
        assert!(!is_late || !self.was_told_to_leave, "{frame:?} behind Leave");
        match frame {
            Outgoing::Define(definition) => {
                assert!(self.known.insert(definition.id), "defined twice")
            }
            Outgoing::Forget(id) => assert!(self.known.remove(&id), "it never knew {id}"),
            Outgoing::Chunk { seq, chunk, .. } => {
                assert!(self.known.contains(&chunk.definition.id), "a chunk before its function");
                assert!(
                    chunk.only.is_none_or(|only| only == WorkerId(worker_id)),
                    "a chunk for another worker"
                );
                assert!(chunk.from < chunk.count, "a chunk without tasks");
                self.chunks.push_back((seq.0, chunk.from, chunk.count));
            }
            Outgoing::Cancel { .. } | Outgoing::Setup(_) => {}
            Outgoing::Leave => self.was_told_to_leave = true,
        }
    }

    /// What it could say of a chunk it was sent, more or less.
    fn outcome(&mut self, which: u8, skew: i8, count: u8, bits: u8, is_honest: bool) -> Settled {
        let place = usize::from(which) % self.chunks.len().max(1);
        let (seq, first, end) = self.chunks.get(place).copied().unwrap_or((1, 0, 1));
        let has = |bit: u8| bits & bit != 0;
        let (is_error, is_retiring) = (has(1), has(2));
        let is_setup_failure = has(16);
        if !is_honest {
            let first = first.wrapping_add_signed(i32::from(skew));
            let (is_last, is_dropped) = (has(4), has(8));
            let count = u32::from(count) << (bits >> 4);
            return Settled {
                seq: ChunkSeq(seq),
                first,
                count,
                is_error,
                is_last,
                is_dropped,
                is_retiring,
                is_setup_failure,
                elapsed_us: 1,
            };
        }
        let count = if is_error { 1 } else { u32::from(count) % (end - first + 1) };
        let is_dropped = has(8) || count == 0;
        let is_last = is_dropped || first + count == end;
        if is_last {
            self.chunks.drain(..self.chunks.len().min(place + 1));
        } else if let Some(chunk) = self.chunks.get_mut(place) {
            chunk.1 += count;
        }
        let is_retiring = is_retiring && count > 0;
        let elapsed_us = u32::from(bits) << (skew & 7);
        Settled {
            seq: ChunkSeq(seq),
            first,
            count,
            is_error: is_error && count == 1,
            is_last,
            is_dropped,
            is_retiring,
            is_setup_failure: false,
            elapsed_us,
        }
    }
}

impl World {
    fn new(input: &Input) -> Self {
        let workers = u32::from(input.workers % 4) + 1;
        let timeout = input.idle_ms.map(|ms| Duration::from_millis(u64::from(ms)));
        let mut world = Self {
            scheduler: Scheduler::new(workers).with_idle_timeout(timeout),
            processes: (0..workers).map(|_| Process::Absent).collect(),
            answers: Arc::new(Mutex::new(input.answers.iter().copied().collect())),
            open: HashMap::new(),
            calls: [0, 1, 2],
            definitions: [0, 1, 2]
                .map(|id| Arc::new(Definition::new(DefinitionId(id), Box::default()))),
            setups: [0, 1].map(|id| Arc::new(Definition::new(DefinitionId(id), Box::default()))),
            named: HashMap::new(),
            next_definition: 0,
            resizes: HashSet::new(),
            next_resize: 0,
            wanted: workers,
            forgotten: HashSet::new(),
            next_chunk: 0,
            next_pid: 100,
            now: Duration::ZERO,
            closed: 0,
            is_terminated: false,
        };
        for at in 0..SETUPS {
            world.setups[at] = world.new_setup();
        }
        world
    }

    /// Each worker runs one task, or says so.
    fn measure(&mut self) {
        for (worker_id, definition) in (0..self.processes.len() as u8).zip(0..DEFINITIONS as u8) {
            let (call, count, flags, only, more) = (0, 0, 0, Some(worker_id), 0);
            self.step(Step::Submit {
                call,
                count,
                flags,
                only,
                definition,
                limit_ms: None,
                more,
                lifespan: None,
                setup: None,
            });
            self.step(Step::Start { worker_id });
            let (which, skew, count, bits, is_honest) = (0, 0, 1, 0, true);
            self.step(Step::Outcome { worker_id, which, skew, count, bits, is_honest });
        }
    }

    fn one(&self, worker_id: u8) -> u32 {
        u32::from(worker_id) % self.processes.len() as u32
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Submit {
                call,
                count,
                flags,
                only,
                definition,
                limit_ms,
                more,
                lifespan,
                setup,
            } => {
                let limit = limit_ms.map(|ms| Duration::from_millis(u64::from(ms) + 1));
                let timed = if limit.is_some() { ChunkFlags::TIMED } else { 0 };
                let retries = u32::from(more % 3);
                let each = if limit.is_some() || retries > 0 { ChunkFlags::EACH } else { 0 };
                let definition = &self.definitions[usize::from(definition) % DEFINITIONS];
                let definition = Arc::clone(definition);
                self.next_chunk += 1;
                let call_id = CallId(self.calls[usize::from(call) % CALLS]);
                let count = u32::from(count % 6) + 1;
                let setup = setup.map(|at| Arc::clone(&self.setups[usize::from(at) % SETUPS]));
                if let Some(setup) = &setup {
                    self.named.entry(setup.id).or_default().insert(call_id.0);
                }
                self.submit(Chunk {
                    setup,
                    flags: ChunkFlags(u32::from(flags & 15) | timed | each),
                    only: only.map(|worker_id| WorkerId(self.one(worker_id))),
                    limit,
                    retries,
                    lifespan: lifespan.map(|tasks| u32::from(tasks) + 1),
                    ..Chunk::new(call_id, self.next_chunk, count, definition, Arc::default())
                });
            }
            Step::Spawned { worker_id } => self.spawned(self.one(worker_id)),
            Step::Ready { worker_id } => self.ready(self.one(worker_id)),
            Step::Start { worker_id } => {
                self.spawned(self.one(worker_id));
                self.ready(self.one(worker_id));
            }
            Step::Outcome { worker_id, which, skew, count, bits, is_honest } => {
                let worker_id = self.one(worker_id);
                if let Process::Alive(alive) = &mut self.processes[worker_id as usize] {
                    let settled = alive.outcome(which, skew, count, bits, is_honest);
                    self.outcome(worker_id, settled);
                }
            }
            Step::Broke { worker_id } => {
                let (worker_id, pid) = (self.one(worker_id), self.next_pid);
                self.drive(|scheduler| {
                    scheduler.unreadable(WorkerId(worker_id), pid, Cause::OutOfMemory)
                });
            }
            Step::Severed { worker_id } => {
                let (worker_id, pid) = (self.one(worker_id), self.next_pid);
                self.drive(|scheduler| scheduler.disconnected(WorkerId(worker_id), pid));
            }
            Step::Faulted { worker_id } => {
                let worker_id = self.one(worker_id);
                if matches!(self.processes[worker_id as usize], Process::Alive(_)) {
                    let _violation = self.drive(|scheduler| scheduler.faulted(WorkerId(worker_id)));
                }
            }
            Step::WantsToLeave { worker_id } => {
                let worker_id = self.one(worker_id);
                if matches!(self.processes[worker_id as usize], Process::Alive(_)) {
                    let _violation =
                        self.drive(|scheduler| scheduler.wants_to_leave(WorkerId(worker_id)));
                }
            }
            Step::ExitResult { worker_id } => {
                let worker_id = self.one(worker_id);
                if matches!(self.processes[worker_id as usize], Process::Alive(_)) {
                    let _violation =
                        self.drive(|scheduler| scheduler.exit_result(WorkerId(worker_id)));
                }
            }
            Step::ExitDone { worker_id } => {
                let worker_id = self.one(worker_id);
                if matches!(self.processes[worker_id as usize], Process::Alive(_)) {
                    let _violation =
                        self.drive(|scheduler| scheduler.exit_done(WorkerId(worker_id)));
                }
            }
            Step::Resize { count, rebound } => {
                let rebound = rebound.map(|worker_id| WorkerId(self.one(worker_id)));
                self.resize(u32::from(count) % WORKERS_MAX + 1, rebound.as_slice());
            }
            Step::LeaveIdle => drop(self.drive(Scheduler::leave_idle)),
            Step::Died { worker_id, code } => self.died(self.one(worker_id), code),
            Step::Cancel { call, kill_ms } => {
                let call_id = &mut self.calls[usize::from(call) % CALLS];
                let cancelled = *call_id;
                *call_id += CALLS as u32;
                self.open.retain(|(call_id, _), _| *call_id != cancelled);
                let mode = kill_ms.map_or(CancelMode::Discard, |ms| CancelMode::Kill {
                    after: Duration::from_millis(u64::from(ms)),
                    reason: Arc::default(),
                });
                self.drive(|scheduler| scheduler.cancel(CallId(cancelled), &mode));
            }
            Step::Forget { definition } => {
                let place = &mut self.definitions[usize::from(definition) % DEFINITIONS];
                let next = place.id.0 + DEFINITIONS as u32;
                let next = Arc::new(Definition::new(DefinitionId(next), Box::default()));
                let dropped = std::mem::replace(place, next);
                self.drive(|scheduler| scheduler.forget(&dropped));
                self.forgotten.insert(dropped.id);
            }
            Step::Tick { ms } => {
                self.now += Duration::from_millis(u64::from(ms));
                self.enforce();
            }
            Step::Recycle => drop(self.drive(Scheduler::recycle)),
            Step::CannotStart => self.drive(|scheduler| scheduler.cannot_start("no threads")),
            Step::Close => self.drive(Scheduler::close),
            Step::Terminate => self.terminate(),
        }
    }

    fn resize(&mut self, count: u32, rebound: &[WorkerId]) {
        if !self.is_accepting() {
            return;
        }
        let places = self.processes.len().max(count as usize);
        self.processes.resize_with(places, || Process::Absent);
        self.next_resize += 1;
        self.wanted = count;
        let number = self.next_resize;
        self.resizes.insert(number);
        self.drive(|scheduler| scheduler.resize(number, count, rebound));
    }

    fn terminate(&mut self) {
        self.open.clear();
        self.is_terminated = true;
        self.drive(Scheduler::terminate);
    }

    /// Every worker starts when it is asked for, and dies; time goes on to each deadline.
    fn end(&mut self) {
        for _ in 0..ROUNDS_MAX {
            for worker_id in 0..self.processes.len() as u32 {
                self.spawned(worker_id);
                self.ready(worker_id);
                self.died(worker_id, None);
            }
            let is_gone = |process: &Process| matches!(process, Process::Absent);
            if self.closed > 0 && self.processes.iter().all(is_gone) {
                break;
            }
            if let Some(next) = self.scheduler.next_deadline() {
                self.now = self.now.max(next);
                self.enforce();
            }
        }
        assert_eq!(self.closed, 1, "it is closed once");
        assert!(self.resizes.is_empty(), "resizes that never end: {:?}", self.resizes);
        assert!(self.scheduler.has_ended());
        assert_eq!(self.scheduler.next_deadline(), None);
        let stats = self.scheduler.stats();
        assert_eq!((stats.running, stats.queued), (0, 0), "{stats:?}");
        assert!(self.open.is_empty(), "open tasks: {:?}", self.open);
    }
}

fuzz_target!(|input: Input| {
    let mut world = World::new(&input);
    if input.is_measured {
        world.measure();
    }
    for step in input.steps {
        world.step(step);
    }
    if input.terminates {
        world.terminate();
    } else {
        world.drive(Scheduler::close);
    }
    world.end();
});
