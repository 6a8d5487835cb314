//! The waiting thread. It sleeps until a worker notifies it, dies or writes, until a new worker was started, or until a deadline.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crossbeam::channel::Receiver;

use super::Listener;
use super::common_bells::COMMON;
use super::inbound::{Inbound, LAST_TURNS};
use crate::channel::segment::Segment;
use crate::pool::Shared;
use crate::pool::causes::Causes;
use crate::pool::claims::SegmentClaims;
use crate::pool::failing::lost;
use crate::pool::output::Output;
use crate::pool::process::Process;
use crate::pool::regions::{Heard, Line};
use crate::pool::spawner::{SpawnResult, SpawnedWorker};
use crate::pool::worker_handle::FrameWriter;
use crate::region::message;
use crate::scheduler::{Cause, Death, WorkerId};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sys::{
    AsFd, Bell, OwnedFd, Poller, Received, affinity_of, is_self_inflicted, was_killed_for_memory,
};

/// The kind of a worker's descriptor: the low bits of a token. The worker id stands above them.
const BELL: u64 = 0;
const DEATH: u64 = 1;
const CONTROL: u64 = 2;
/// Standard output; standard error is the next.
const OUTPUT: u64 = 3;
const OUTPUT_OF_ERRORS: u64 = 4;
const LINE: u64 = 5;
const KIND_BITS: u32 = 3;
pub(in crate::pool) const WAKE: u64 = u64::MAX;

impl SpawnedWorker {
    /// Whether all descriptors are still the worker's. Otherwise the pool would watch a descriptor of something else in its
    /// place.
    fn is_intact(&self) -> bool {
        let bells = [&self.to_worker, &*self.to_parent, &*self.to_loop];
        bells.into_iter().all(Bell::is_open) && self.child.is_intact() && self.control.is_intact()
    }
}

/// A living worker process, as the waiting thread knows it.
struct WorkerProcess {
    process: Arc<Process>,
    bell: Arc<Bell>,
    to_loop: Arc<Bell>,
    segment: Segment,
    /// The last message that it sent over its control socket.
    start_error: Option<String>,
    outputs: [Option<Output>; 2],
}

/// The waiting thread.
pub(in crate::pool) struct Waiter {
    shared: Arc<Shared>,
    poller: Arc<Poller>,
    /// A twin of the pool's wake bell, for the poller. It keeps a notification even if the other descriptor is closed right
    /// afterwards.
    _wake: Bell,
    results: Receiver<SpawnResult>,
    processes: Vec<Option<WorkerProcess>>,
    /// How many there are.
    running: usize,
    /// Streams of workers that are not read because there is no room. Some of them may have ended.
    paused: Vec<(WorkerId, usize)>,
    causes: Causes,
}

impl Waiter {
    pub(in crate::pool) fn new(
        shared: Arc<Shared>,
        results: Receiver<SpawnResult>,
    ) -> io::Result<Self> {
        let poller = Arc::new(Poller::new()?);
        let wake = shared.wake.twin()?;
        poller.add(wake.as_fd(), WAKE)?;
        if let Some(common) = &shared.common_bells {
            poller.add(common.to_waiter.as_fd(), COMMON)?;
        }
        // A pool makes one waiter, except for attempts that fail here.
        let _ = shared.poller.set(Arc::clone(&poller));
        let processes = shared.handles.iter().map(|_| None).collect();
        let causes = Causes::new(Path::new("/"), was_killed_for_memory);
        Ok(Self {
            shared,
            poller,
            _wake: wake,
            results,
            processes,
            running: 0,
            paused: Vec::new(),
            causes,
        })
    }

    /// Runs until the pool has closed.
    pub(in crate::pool) fn run(&mut self) {
        let shared = Arc::clone(&self.shared);
        // A panic has failed the pool by now.
        let _ = shared.guard(|| self.serve());
        let _ = shared.guard(|| self.leave());
    }

    fn serve(&mut self) {
        let mut tokens = Vec::new();
        while !self.is_over() {
            let timeout = self.shared.time_to_deadline();
            if let Err(error) = self.poller.wait(&mut tokens, timeout) {
                // It would fail at once each time, and no event would be noticed any more.
                return self
                    .shared
                    .fail(&format!("{}: {error}", lost("the waiting thread's poller")));
            }
            self.shared.submit_gathered();
            self.causes.look_again(Instant::now());
            self.shared.give_back_excess();
            self.shared.close_dropped_regions();
            for token in &tokens {
                self.handle(*token);
            }
            while let Ok(result) = self.results.try_recv() {
                self.register(result);
            }
            if timeout.is_some() {
                self.enforce_limits();
            }
        }
    }

    fn is_over(&self) -> bool {
        self.shared.is_closed.load(Ordering::SeqCst) || self.shared.has_failed()
    }

    fn leave(&mut self) {
        if self.shared.has_failed() {
            // The spawner ends the processes, which it finds in the handles.
            self.processes.clear();
            self.results.iter().for_each(drop);
            return;
        }
        // These processes did not end in time. The last owner of each reaps it.
        for (worker, handle) in self.processes.iter_mut().zip(self.shared.handles.iter()) {
            if let Some(worker) = worker.take() {
                // The worker has the bell as well, so closing this side's descriptor would not remove it.
                if self.shared.common_bells.is_none() {
                    let _ = self.shared.loop_poller.remove(worker.to_loop.as_fd());
                }
                handle.disconnect();
            }
        }
        // A worker that the spawner is still starting is killed when its result is dropped. The spawner ends now.
        self.results.iter().for_each(drop);
        self.shared.scheduler().abandon();
    }

    /// A deadline may have passed. A task whose result is here already is in time.
    fn enforce_limits(&mut self) {
        let overdue = self.shared.scheduler().overdue(self.shared.started_at.elapsed());
        for worker_id in &overdue {
            self.shared.handles[worker_id.index()].take_in(&self.shared, Listener::Thread);
        }
        self.shared.drive(|scheduler| scheduler.expire_limits(&overdue));
    }

    fn handle(&mut self, token: u64) {
        if token == WAKE {
            if !self.shared.wake.clear() {
                self.shared.fail(&lost("the waiting thread's bell"));
            }
            self.resume_outputs();
            return;
        }
        if token == COMMON {
            return self.on_common_bell();
        }
        let worker_id = WorkerId((token >> KIND_BITS) as u32);
        match token & ((1 << KIND_BITS) - 1) {
            BELL => self.on_bell(worker_id),
            DEATH => self.reap(worker_id),
            CONTROL => self.read_control(worker_id),
            LINE => self.read_line(worker_id),
            kind @ (OUTPUT | OUTPUT_OF_ERRORS) => {
                self.read_output(worker_id, (kind - OUTPUT) as usize);
            }
            _ => {}
        }
    }

    fn register(&mut self, result: SpawnResult) {
        let worker_id = result.worker_id;
        match result.spawned.and_then(|spawned| self.connect(worker_id, spawned)) {
            Ok((pid, claims)) => {
                self.shared.drive(|scheduler| scheduler.spawned(worker_id, pid, claims));
                if self.shared.common_bells.is_some() {
                    // It may have notified this thread before it was known here. Then nobody has looked at it.
                    self.look_at(worker_id);
                }
            }
            Err(_) if !self.poller.is_intact() => {
                self.shared.fail(&lost("the waiting thread's poller"));
            }
            Err(_) if !self.shared.loop_poller.is_intact() => {
                self.shared.fail(&lost("the event loop's poller"));
            }
            Err(error) => {
                self.shared.handles[worker_id.index()].disconnect();
                let death = Death { reason: Some(error.to_string()), ..Death::default() };
                self.shared.drive(|scheduler| scheduler.died(worker_id, &death));
            }
        }
    }

    fn connect(
        &mut self,
        worker_id: WorkerId,
        spawned: SpawnedWorker,
    ) -> io::Result<(u32, Arc<SegmentClaims>)> {
        if !spawned.is_intact() {
            return Err(io::Error::other(
                "other code of this process has closed a descriptor of the worker while it started",
            ));
        }
        let SpawnedWorker {
            child,
            control,
            segment,
            to_worker,
            to_parent,
            to_loop,
            results,
            pipes,
            cpus: pins,
        } = spawned;
        let pid = child.pid();
        // It was bound to them before its first instruction.
        let cpus = if pins.is_empty() { Vec::new() } else { affinity_of(pid).unwrap_or_default() };
        let resident_bytes = AtomicU64::default();
        let process =
            Arc::new(Process { control, child, line: OnceLock::new(), cpus, resident_bytes });
        let (to_worker, bell) = (Arc::new(to_worker), to_parent);
        let (outbound, inbound) = segment.parent_ends();
        let writer = FrameWriter {
            segment: segment.clone(),
            ring: outbound,
            bell: Arc::clone(&to_worker),
            current: None,
        };
        let token = |kind| u64::from(worker_id.0) << KIND_BITS | kind;
        if self.shared.common_bells.is_none() {
            self.poller.add(bell.as_fd(), token(BELL))?;
            self.shared.loop_poller.add(to_loop.as_fd(), u64::from(worker_id.0))?;
        }
        self.poller.add(process.child.as_fd(), token(DEATH))?;
        self.poller.add(process.control.as_fd(), token(CONTROL))?;
        let mut outputs = [None, None];
        for (stream, pipe) in pipes.into_iter().flatten().enumerate() {
            self.poller.add(pipe.as_fd(), token(OUTPUT + stream as u64))?;
            outputs[stream] = Some(Output::new(pipe));
        }
        let inbound = Inbound::new(
            worker_id,
            segment.clone(),
            inbound,
            [to_worker, Arc::clone(&bell)],
            results,
        );
        self.shared.handles[worker_id.index()].connect(
            writer,
            Arc::clone(&process),
            inbound,
            Arc::clone(&to_loop),
        );
        self.shared.set_running(worker_id, Some((&segment, pins)));
        self.causes.look(Instant::now());
        self.running += 1;
        let places = self.processes.len().max(worker_id.index() + 1);
        self.processes.resize_with(places, || None);
        self.processes[worker_id.index()] = Some(WorkerProcess {
            process,
            bell,
            to_loop,
            segment: segment.clone(),
            start_error: None,
            outputs,
        });
        Ok((pid, Arc::new(SegmentClaims { segment, epoch_ms: self.shared.epoch_ms })))
    }

    fn on_bell(&mut self, worker_id: WorkerId) {
        let Some(worker) = self.processes[worker_id.index()].as_mut() else { return };
        if !worker.bell.clear() {
            return self.shared.fail(&lost(&format!("the bell of worker {worker_id}")));
        }
        self.shared.handles[worker_id.index()].take_in(&self.shared, Listener::Thread);
        self.shared.pump(worker_id);
    }

    /// Some workers have notified this thread by the bell that they share.
    fn on_common_bell(&mut self) {
        let shared = &self.shared;
        if shared.common_bells.as_ref().is_some_and(|common| !common.to_waiter.clear()) {
            return shared.fail(&lost("the bell of the workers"));
        }
        let running = self.processes.iter().map(Option::is_some);
        for (worker_id, _) in WorkerId::all().zip(running).filter(|(_, is_running)| *is_running) {
            self.look_at(worker_id);
        }
    }

    /// Handles what a worker may have notified this thread of.
    fn look_at(&self, worker_id: WorkerId) {
        let handle = &self.shared.handles[worker_id.index()];
        // A flag that is armed says that somebody has read the ring since, or that what is in it can wait.
        if handle.has_notified() {
            handle.take_in(&self.shared, Listener::Thread);
        }
        self.shared.pump(worker_id);
    }

    fn read_control(&mut self, worker_id: WorkerId) {
        let Some(worker) = self.processes[worker_id.index()].as_mut() else { return };
        let Process { child, control, .. } = &*worker.process;
        match control.try_recv() {
            Ok(Received::Message(bytes, fds)) if bytes == message::LINE => {
                self.open_line(worker_id, fds);
            }
            Ok(Received::Message(bytes, _)) => {
                worker.start_error = Some(String::from_utf8_lossy(&bytes).into_owned());
            }
            Ok(Received::Empty) => {}
            Err(_) if !control.is_intact() => {
                self.shared.fail(&lost(&format!("the control socket of worker {worker_id}")));
            }
            // It is dead, or it has cut its own lifeline and must not live on.
            Ok(Received::Closed) | Err(_) => {
                if !child.is_intact() {
                    // Its death would not be noticed.
                    return self.shared.fail(&lost(&format!("the process of worker {worker_id}")));
                }
                // It may be gone from the poller already.
                let _ = self.poller.remove(control.as_fd());
                let pid = child.pid();
                self.shared.drive(|scheduler| scheduler.disconnected(worker_id, pid));
            }
        }
    }

    /// A worker needs a line for regions. If it cannot have one, its end closes and it is told so.
    fn open_line(&self, worker_id: WorkerId, fds: Vec<OwnedFd>) {
        let Some(worker) = self.processes[worker_id.index()].as_ref() else { return };
        let opened = Line::open(&worker.process.control, fds).ok();
        // An honest worker opens one.
        if let Some(opened) = opened
            && worker.process.line.set(opened).is_ok()
            && let Some(line) = worker.process.line.get()
        {
            let token = u64::from(worker_id.0) << KIND_BITS | LINE;
            // Without it the worker is not answered. The system refuses it only without memory.
            let _ = self.poller.add(line.as_fd(), token);
        }
    }

    fn read_line(&self, worker_id: WorkerId) {
        let Some(worker) = self.processes[worker_id.index()].as_ref() else { return };
        let Some(line) = worker.process.line.get() else { return };
        match line.listen() {
            Heard::All => {}
            Heard::End => {
                let _ = self.poller.remove(line.as_fd());
            }
            Heard::Garbage => {
                let _ = self.poller.remove(line.as_fd());
                let pid = worker.process.child.pid();
                self.shared.drive(|scheduler| {
                    scheduler.unreadable(worker_id, pid, Cause::ProtocolViolation);
                });
            }
        }
    }

    fn read_output(&mut self, worker_id: WorkerId, stream: usize) {
        let Some(worker) = self.processes[worker_id.index()].as_mut() else { return };
        let pid = worker.process.child.pid();
        let Some(output) = worker.outputs[stream].as_mut() else { return };
        if !output.read(&self.shared, (worker_id, pid, stream)) {
            // What it wrote last is read when it is dead.
            let _ = self.poller.remove(output.as_fd());
            if output.is_paused() {
                self.paused.push((worker_id, stream));
            }
        }
    }

    /// Resumes reading what was paused because there was no room.
    fn resume_outputs(&mut self) {
        let (shared, poller, processes) = (&self.shared, &self.poller, &mut self.processes);
        self.paused.retain(|(worker_id, stream)| {
            let worker = processes[worker_id.index()].as_mut();
            let Some(output) = worker.and_then(|worker| worker.outputs[*stream].as_mut()) else {
                return false;
            };
            if output.resumes(shared, *stream) {
                let token = u64::from(worker_id.0) << KIND_BITS | (OUTPUT + *stream as u64);
                // The system refuses it only without memory. Then it is read to its end when the worker has died.
                let _ = poller.add(output.as_fd(), token);
            }
            output.is_paused()
        });
    }

    /// Reads what a dead worker has written. Returns the end of its standard error.
    fn drain_outputs(&self, worker_id: WorkerId, worker: &mut WorkerProcess) -> String {
        let pid = worker.process.child.pid();
        let mut last = String::new();
        for (stream, output) in worker.outputs.iter_mut().enumerate() {
            if let Some(mut output) = output.take() {
                last = output.drain(&self.shared, (worker_id, pid, stream));
                // Not in the poller while it is paused.
                let _ = self.poller.remove(output.as_fd());
            }
        }
        last
    }

    fn reap(&mut self, worker_id: WorkerId) {
        self.read_control(worker_id);
        let Some(worker) = self.processes[worker_id.index()].as_mut() else { return };
        for _ in 0..LAST_TURNS {
            if !self.shared.handles[worker_id.index()].take_in(&self.shared, Listener::Thread) {
                break;
            }
        }
        let child = &worker.process.child;
        let remains = self.causes.examine(child);
        let Some(exit) = child.reap() else {
            if !child.is_intact() {
                // The readable descriptor belongs to something else.
                self.shared.fail(&lost(&format!("the process of worker {worker_id}")));
            }
            return;
        };
        if let Some(mut worker) = self.processes[worker_id.index()].take() {
            let last_output = self.drain_outputs(worker_id, &mut worker);
            let Process { child, control, .. } = &*worker.process;
            let line = worker.process.line.get().map(AsFd::as_fd);
            for fd in [child.as_fd(), control.as_fd()].into_iter().chain(line) {
                // The sockets may be gone from the poller already.
                let _ = self.poller.remove(fd);
            }
            if self.shared.common_bells.is_none() {
                let _ = self.poller.remove(worker.bell.as_fd());
                let _ = self.shared.loop_poller.remove(worker.to_loop.as_fd());
            }
            let handle = &self.shared.handles[worker_id.index()];
            handle.disconnect();
            self.shared.set_running(worker_id, None);
            let workers = self.running;
            self.running -= 1;
            let cause = self.causes.judge(exit, &worker.segment, &remains, workers);
            let (code, signal) = (exit.code, exit.signal);
            let measured = worker.process.killed_with();
            let resident_bytes = measured.unwrap_or_else(|| worker.segment.resident_bytes());
            let death = Death {
                code,
                signal,
                is_by_outsider: signal.is_some_and(|signal| !is_self_inflicted(signal)),
                reason: worker.start_error,
                cause,
                last_output,
                resident_bytes,
            };
            self.shared.drive(|scheduler| {
                scheduler.died(worker_id, &death);
                handle.clear();
            });
        }
    }
}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests;
