//! The scheduler among model processes: its effects are carried out, and what must hold is checked after each step.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::ledger::{Fate, Ledger};
use super::process::{Ending, FINE, Process, Step};
use crate::channel::claim::NUMBER_MASK;
use crate::scheduler::worker::Worker;
use crate::scheduler::{
    CallId, CancelMode, Chunk, ChunkFlags, ChunkSeq, Claims, Death, Definition, DefinitionId,
    Effects, ExitReason, Lateness, Outgoing, ProtocolViolation, Report, Scheduler, Settled,
    SetupFailure, WorkerExit, WorkerId, WorkerState,
};

/// A chunk of `count` tasks.
pub(super) fn chunk(call_id: u32, id: u32, count: u32) -> Chunk {
    let definition = Arc::new(Definition::new(DefinitionId(1), Box::default()));
    Chunk::new(CallId(call_id), id, count, definition, Arc::default())
}

/// The same with `flags`.
pub(super) fn flagged(call_id: u32, id: u32, count: u32, flags: u32) -> Chunk {
    Chunk { flags: ChunkFlags(flags), ..chunk(call_id, id, count) }
}

/// The same with `flags`, and a limit of so many milliseconds for each task.
pub(super) fn limited(call_id: u32, id: u32, count: u32, flags: u32, limit_ms: u64) -> Chunk {
    let limit = Some(Duration::from_millis(limit_ms));
    let flags = flags | ChunkFlags::EACH | ChunkFlags::TIMED;
    Chunk { limit, ..flagged(call_id, id, count, flags) }
}

/// Ended by signal 9.
pub(super) fn sigkill() -> Death {
    Death { signal: Some(9), ..Death::default() }
}

/// Could not be started.
pub(super) fn no_start() -> Death {
    Death { reason: Some("no such file".to_owned()), ..Death::default() }
}

/// The scheduler, the processes it has asked for, and what is owed to submitters.
#[derive(Debug)]
pub(super) struct World {
    pub(super) scheduler: Scheduler,
    pub(super) processes: Vec<Option<Process>>,
    pub(super) spawning: BTreeSet<u32>,
    /// Workers whose present process was sent a SIGKILL; it goes on until [`Self::die`].
    pub(super) killed: BTreeSet<u32>,
    pub(super) ledger: Ledger,
    pub(super) is_closed: bool,
    /// Why workers have ended, in that order.
    pub(super) exits: Vec<ExitReason>,
    /// Why workers could not set themselves up.
    pub(super) failed_setups: Vec<SetupFailure>,
    /// What workers had not done when they ended.
    pub(super) unfinished_exits: Vec<Lateness>,
    /// The resizes whose end was not reported.
    pub(super) open_resizes: BTreeSet<u32>,
    next_resize: u32,
    /// The setup of each call.
    setups: Vec<(DefinitionId, u32)>,
    forgotten: BTreeSet<DefinitionId>,
    /// Processes are taken to have had so many chunks and tasks before; 30 bits.
    pub(super) numbers_from: u32,
    next_pid: u32,
}

impl World {
    /// None of the workers exists yet.
    pub(super) fn new(workers: u32) -> Self {
        Self {
            scheduler: Scheduler::new(workers),
            processes: (0..workers).map(|_| None).collect(),
            spawning: BTreeSet::new(),
            killed: BTreeSet::new(),
            ledger: Ledger::default(),
            is_closed: false,
            exits: Vec::new(),
            failed_setups: Vec::new(),
            unfinished_exits: Vec::new(),
            open_resizes: BTreeSet::new(),
            next_resize: 0,
            setups: Vec::new(),
            forgotten: BTreeSet::new(),
            numbers_from: 0,
            next_pid: 100,
        }
    }

    /// All workers are ready and idle; a task of definition 1 is known to take `task_us`, if given.
    pub(super) fn started(workers: u32, task_us: Option<u32>) -> Self {
        let mut world = Self::new(workers);
        world.submit_all(
            (0..workers).map(|id| Chunk { only: Some(WorkerId(id)), ..chunk(u32::MAX, id, 1) }),
        );
        world.rest();
        world.scheduler.costs.forget(DefinitionId(1));
        if let Some(us) = task_us {
            world.scheduler.costs.learn(DefinitionId(1), 1, us);
        }
        world
    }

    pub(super) fn workers(&self) -> u32 {
        self.processes.len() as u32
    }

    /// Submits without [`Self::act`], as the first of a batch.
    pub(super) fn enqueue(&mut self, chunk: Chunk) {
        self.ledger.submit(&chunk);
        if let Some(setup) = &chunk.setup {
            self.setups.push((setup.id, chunk.call_id.0));
            if setup.has_failed() {
                self.ledger.cancel(chunk.call_id.0);
            }
        }
        self.scheduler.submit(chunk);
    }

    pub(super) fn submit(&mut self, chunk: Chunk) {
        self.submit_all([chunk]);
    }

    pub(super) fn submit_all(&mut self, chunks: impl IntoIterator<Item = Chunk>) {
        chunks.into_iter().for_each(|chunk| self.enqueue(chunk));
        self.act();
    }

    /// The process asked for exists.
    pub(super) fn spawn(&mut self, worker_id: u32) {
        assert!(self.spawning.remove(&worker_id), "nobody asked for worker {worker_id}");
        let process = Process::new(worker_id);
        let words = Arc::clone(&process.words);
        self.processes[worker_id as usize] = Some(process);
        self.next_pid += 1;
        self.scheduler.spawned(WorkerId(worker_id), self.next_pid, words);
        self.act();
    }

    pub(super) fn ready(&mut self, worker_id: u32) {
        let numbers_from = self.numbers_from & NUMBER_MASK;
        let process = self.process(worker_id);
        process.is_ready = true;
        process.words.begin_task(numbers_from);
        let mut worker = self.scheduler.workers.at(WorkerId(worker_id));
        (worker.next_seq, worker.next_task) = (ChunkSeq(numbers_from), numbers_from);
        drop(worker);
        self.scheduler.ready(WorkerId(worker_id));
        self.act();
    }

    /// The process asked for exists and is ready.
    pub(super) fn start(&mut self, worker_id: u32) {
        self.spawn(worker_id);
        self.ready(worker_id);
    }

    pub(super) fn process(&mut self, worker_id: u32) -> &mut Process {
        self.processes[worker_id as usize].as_mut().expect("a process")
    }

    pub(super) fn step(&mut self, worker_id: u32, ending: Ending) -> Step {
        let now = self.scheduler.now;
        let process = self.process(worker_id);
        process.now_ms = now.as_millis() as u32;
        let step = process.step(ending);
        if let Step::Began { call_id, chunk, index } = step {
            // It loads a function, which is no task of a submitter.
            if call_id == 0 && !self.ledger.has_task((call_id, chunk, index)) {
                return Step::Moved;
            }
            self.ledger.begin(call_id, chunk, index, now);
        }
        step
    }

    /// Steps until the worker has just begun a task; which one, as (call, chunk, index). When it is idle, its outcomes are delivered.
    pub(super) fn run_to_task(&mut self, worker_id: u32) -> (u32, u32, u32) {
        loop {
            match self.step(worker_id, FINE) {
                Step::Began { call_id, chunk, index } => return (call_id, chunk, index),
                Step::Moved => {}
                Step::Rest => {
                    assert!(
                        !self.process(worker_id).sent.is_empty(),
                        "worker {worker_id} has nothing to run"
                    );
                    self.deliver(worker_id);
                }
            }
        }
    }

    /// Delivers what a worker has sent to the scheduler.
    pub(super) fn deliver(&mut self, worker_id: u32) {
        while let Some(settled) = self.process(worker_id).sent.pop_front() {
            // The parent stops listening to a worker that lies.
            if self.take_in(worker_id, settled).is_err() {
                assert!(self.ledger.may_be_wrong(), "an honest worker is accused: {settled:?}");
                self.process(worker_id).sent.clear();
            }
        }
        self.act();
    }

    /// Takes in one outcome.
    pub(super) fn take_in(
        &mut self,
        worker_id: u32,
        settled: Settled,
    ) -> Result<(), ProtocolViolation> {
        let front = self.scheduler.workers[worker_id as usize]
            .in_flight
            .front()
            .map(|sent| sent.chunk.clone());
        let verdict = self.scheduler.outcome(WorkerId(worker_id), settled)?;
        self.ledger.report(verdict, &settled, &front.expect("an outcome was taken in for a chunk"));
        Ok(())
    }

    /// The process ends, or could not be started; what it had sent is delivered first.
    pub(super) fn die(&mut self, worker_id: u32, death: &Death) {
        if self.processes[worker_id as usize].is_some() {
            self.deliver(worker_id);
            self.processes[worker_id as usize] = None;
        }
        self.spawning.remove(&worker_id);
        self.killed.remove(&worker_id);
        self.scheduler.died(WorkerId(worker_id), death);
        self.act();
    }

    pub(super) fn cancel(&mut self, call_id: u32, kill: bool) {
        self.cancel_by(call_id, kill.then_some(0));
    }

    /// Cancels a call; its workers are killed after so many milliseconds, if at all.
    pub(super) fn cancel_by(&mut self, call_id: u32, kill_after: Option<u64>) {
        let mode = kill_after.map_or(CancelMode::Discard, |ms| CancelMode::Kill {
            after: Duration::from_millis(ms),
            reason: Arc::from(&b"why"[..]),
        });
        self.ledger.cancel(call_id);
        self.scheduler.cancel(CallId(call_id), &mode);
        self.act();
    }

    pub(super) fn terminate(&mut self) {
        self.ledger.terminate();
        self.scheduler.terminate();
        self.act();
    }

    /// Nothing is submitted with the definition any more.
    pub(super) fn forget(&mut self, definition: &Definition) {
        self.forgotten.insert(definition.id);
        self.scheduler.forget(definition);
        self.act();
    }

    /// The pids of the workers that will be replaced.
    pub(super) fn recycle(&mut self) -> Vec<u32> {
        let present = self.scheduler.recycle();
        self.act();
        present
    }

    /// From now on there are so many workers, and `rebound` are to be bound to other CPUs. Returns the number of the resize.
    pub(super) fn resize(&mut self, count: u32, rebound: &[u32]) -> u32 {
        let places = self.processes.len().max(count as usize);
        self.processes.resize_with(places, || None);
        self.next_resize += 1;
        self.open_resizes.insert(self.next_resize);
        let rebound: Vec<_> = rebound.iter().copied().map(WorkerId).collect();
        self.scheduler.resize(self.next_resize, count, &rebound);
        self.act();
        self.next_resize
    }

    pub(super) fn want_to_leave(&mut self, worker_id: u32) {
        assert!(self.scheduler.wants_to_leave(WorkerId(worker_id)).is_ok());
        self.act();
    }

    pub(super) fn leave_idle(&mut self) -> Vec<u32> {
        let leaving = self.scheduler.leave_idle();
        self.act();
        leaving
    }

    pub(super) fn close(&mut self) {
        self.scheduler.close();
        self.act();
    }

    pub(super) fn tick(&mut self, milliseconds: u64) {
        self.tick_to(self.scheduler.now + Duration::from_millis(milliseconds));
    }

    /// As the waiting thread does at a deadline: what has come is taken in before limits are looked at.
    fn tick_to(&mut self, now: Duration) {
        self.scheduler.tick(now);
        let overdue = self.scheduler.overdue(now);
        for worker_id in &overdue {
            self.deliver(worker_id.0);
        }
        self.scheduler.expire_limits(&overdue);
        self.act();
        let next = self.scheduler.next_deadline();
        assert!(next.is_none_or(|at| at > now), "a deadline stays in the past");
    }

    /// The chunks in flight at a worker, as (call, chunk).
    pub(super) fn in_flight(&self, worker_id: u32) -> Vec<(u32, u32)> {
        let in_flight = &self.scheduler.workers[worker_id as usize].in_flight;
        in_flight.iter().map(|sent| (sent.chunk.call_id.0, sent.chunk.id)).collect()
    }

    pub(super) fn state(&self, worker_id: u32) -> WorkerState {
        self.scheduler.workers[worker_id as usize].state
    }

    /// Dispatches, carries the effects out, and checks.
    pub(super) fn act(&mut self) {
        self.scheduler.dispatch();
        let effects = self.scheduler.take_effects();
        self.carry_out(effects);
        self.check();
    }

    fn carry_out(&mut self, effects: Effects) {
        let Effects { kills, frames, spawns, reports } = effects;
        for (worker_id, frame) in frames {
            // A process may outlive the end by a moment.
            assert!(
                !self.is_closed || matches!(frame, Outgoing::Forget(_)),
                "{frame:?} after the end"
            );
            self.process(worker_id.0).receive(frame);
        }
        for worker_id in kills {
            // A process that does not exist yet cannot be killed.
            if let Some(process) = &self.processes[worker_id.index()] {
                let late = self.scheduler.workers[worker_id.index()].late;
                assert!(late.is_none_or(|late| process.words.current_task() == late.task));
                self.killed.insert(worker_id.0);
            }
        }
        for worker_id in spawns {
            assert!(!self.is_closed, "worker {worker_id} is wanted after the end");
            assert!(
                self.scheduler.workers.is_wanted(worker_id),
                "worker {worker_id} is started though the pool is smaller"
            );
            assert!(
                self.processes[worker_id.index()].is_none(),
                "worker {worker_id} has a process"
            );
            assert!(self.spawning.insert(worker_id.0), "worker {worker_id} was asked for twice");
        }
        for report in reports {
            // A process may outlive the end by a moment, or come into being after it.
            let is_aftermath = matches!(report, Report::Exited(_));
            assert!(!self.is_closed || is_aftermath, "{report:?} after the end");
            self.take_report(report);
        }
    }

    fn take_report(&mut self, report: Report) {
        match report {
            Report::Retried { call_id: CallId(call_id), chunk, index, .. } => {
                self.ledger.retry(call_id, chunk, index);
            }
            Report::Lost { call_id: CallId(call_id), chunk, first, count, loss } => {
                self.ledger.lose((call_id, chunk), first, count, loss, self.scheduler.now);
            }
            Report::Closed => {
                self.is_closed = true;
                self.ledger.close();
            }
            Report::Exited(WorkerExit { reason, unfinished_exit, .. }) => {
                self.exits.push(reason);
                self.unfinished_exits.extend(unfinished_exit);
            }
            Report::SetupFailed { failure, setup, .. } => {
                self.failed_setups.push(failure);
                self.fail_setup(setup);
            }
            Report::Resized { number } => {
                assert!(self.open_resizes.remove(&number), "resize {number} is told twice");
            }
            Report::Started { .. } => {}
        }
    }

    /// The submitter hears that the setup has failed.
    pub(super) fn fail_setup(&mut self, setup: DefinitionId) {
        for (_, call_id) in self.setups.iter().filter(|(of, _)| *of == setup) {
            self.ledger.fail_setup(*call_id);
        }
    }

    fn check(&self) {
        self.scheduler.workers.check();
        self.scheduler.queue.check();
        let sent = self.scheduler.workers.into_iter().flat_map(|worker| &worker.in_flight);
        let discarding =
            sent.filter(|sent| sent.is_cancelled).map(|sent| sent.chunk.open_tasks()).sum();
        let stats = self.scheduler.stats();
        self.ledger.check(stats, discarding);
        assert!(
            stats.running <= self.processes.iter().flatten().count() as u64,
            "more running than processes"
        );
        for (id, worker) in (0..).zip(&self.scheduler.workers) {
            let is_surplus = !self.scheduler.workers.is_wanted(WorkerId(id));
            assert!(
                !is_surplus || !worker.takes_work(),
                "worker {id} takes work though the pool is smaller"
            );
            if worker.takes_work() && worker.in_flight.is_empty() {
                assert!(
                    !self.scheduler.workers.into_iter().any(Self::has_stealable),
                    "worker {id} is idle while a chunk could be stolen"
                );
                assert_eq!(
                    self.scheduler.queue.shared_count(),
                    0,
                    "worker {id} is idle while a chunk waits"
                );
                assert_eq!(
                    self.scheduler.queue.ordered_count(WorkerId(id)),
                    0,
                    "worker {id} is idle while its chunk waits"
                );
            }
        }
    }

    /// Whether the worker has a chunk in flight, behind the front, that another may run.
    fn has_stealable(worker: &Worker) -> bool {
        let has_begun = |seq| worker.claims.as_ref().is_some_and(|claims| claims.has_begun(seq));
        worker
            .in_flight
            .iter()
            .skip(1)
            .any(|sent| sent.chunk.only.is_none() && !has_begun(sent.seq))
    }

    /// Lets everything go on until nothing moves: processes start, work and die, time passes to each deadline.
    pub(super) fn rest(&mut self) {
        self.act();
        for _ in 0..100_000 {
            let moved = (0..self.workers()).filter(|worker_id| self.go_on(*worker_id)).count();
            if moved == 0 {
                let Some(deadline) = self.scheduler.next_deadline() else { return };
                self.tick_to(deadline);
            }
        }
        panic!("it never comes to rest");
    }

    fn go_on(&mut self, worker_id: u32) -> bool {
        if self.spawning.contains(&worker_id) {
            self.spawn(worker_id);
            return true;
        }
        let Some(process) = &self.processes[worker_id as usize] else { return false };
        if self.killed.contains(&worker_id) {
            self.die(worker_id, &sigkill());
        } else if process.has_left {
            self.die(worker_id, &Death { code: Some(0), ..Death::default() });
        } else if !process.is_ready {
            self.ready(worker_id);
        } else if self.step(worker_id, FINE) == Step::Rest {
            let has_sent = !self.process(worker_id).sent.is_empty();
            self.deliver(worker_id);
            return has_sent;
        }
        true
    }

    /// Comes to rest, and finds every task settled; then closes, and finds no process left.
    pub(super) fn end(&mut self) {
        self.rest();
        assert_eq!(self.ledger.count(Fate::Open), 0, "a task stays open");
        let stats = self.scheduler.stats();
        assert_eq!((stats.running, stats.queued), (0, 0));
        assert!(self.is_closed || self.open_resizes.is_empty(), "a resize never ends");
        for process in self.processes.iter().flatten().filter(|process| !process.is_halted) {
            let kept = process.known.iter().find(|id| self.forgotten.contains(id));
            assert_eq!(kept, None, "a worker keeps a function that was forgotten");
        }
        self.close();
        self.rest();
        assert!(self.is_closed, "it never closes");
        assert!(self.processes.iter().all(Option::is_none), "a process stays behind");
    }
}
