//! The spawner thread. It pins itself to the CPUs of a worker, then starts the worker. Nothing else runs on this thread, so its
//! affinity disturbs nothing.

use std::io;
use std::sync::{Arc, OnceLock};

use crossbeam::channel::{Receiver, Sender};

use super::Shared;
use super::blocks::{self, Results};
use super::failing::lost;
use crate::channel::segment::{SEGMENT_BYTES, Segment, word};
use crate::endpoint::lifeline::{self, Extras};
use crate::scheduler::WorkerId;
use crate::sys::{AsFd, Bell, Child, Control, Family, Launch, Pipe, SharedMemory, launch};

/// A request to the spawner.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request {
    /// Start a process for this worker id.
    Start(WorkerId),
    /// The pool has failed: end all processes. Nothing comes after it.
    End,
}

/// The spawner's answer to a request.
pub(super) struct SpawnResult {
    pub(super) worker_id: WorkerId,
    pub(super) spawned: io::Result<SpawnedWorker>,
}

/// A worker process that was just started.
pub(super) struct SpawnedWorker {
    pub(super) child: Child,
    pub(super) control: Control,
    pub(super) segment: Segment,
    pub(super) to_worker: Bell,
    pub(super) to_parent: Arc<Bell>,
    /// Notified instead of `to_parent` while the submitter's event loop listens.
    pub(super) to_loop: Arc<Bell>,
    /// Its large results.
    pub(super) results: Option<Arc<Results>>,
    /// Its standard output and standard error, if they come here.
    pub(super) pipes: Option<[Pipe; 2]>,
    /// The CPUs that it is bound to. Empty: it is not bound.
    pub(super) cpus: Vec<u32>,
}

/// Starts workers on request, one after the other.
pub(super) struct Spawner {
    shared: Arc<Shared>,
    requests: Receiver<Request>,
    result_sender: Sender<SpawnResult>,
    /// Its other end, in case the waiting thread has ended.
    results: Receiver<SpawnResult>,
    /// From the first start on.
    family: OnceLock<Family>,
}

impl Spawner {
    pub(super) fn new(
        shared: Arc<Shared>,
        requests: Receiver<Request>,
        (result_sender, results): (Sender<SpawnResult>, Receiver<SpawnResult>),
    ) -> Self {
        Self { shared, requests, result_sender, results, family: OnceLock::new() }
    }

    /// Runs until the pool drops its end of the requests.
    pub(super) fn run(&self) {
        for request in &self.requests {
            match request {
                Request::Start(worker_id) => self.answer(worker_id),
                Request::End => {
                    // A process that nobody has registered is killed when its result is dropped.
                    self.results.try_iter().for_each(drop);
                    // A panic is reported by now. The end is reported at the bound.
                    let _ = self.shared.guard(|| self.shared.end_processes());
                }
            }
        }
    }

    fn family(&self) -> io::Result<&Family> {
        if let Some(family) = self.family.get() {
            return Ok(family);
        }
        let family = Family::new()?;
        Ok(self.family.get_or_init(|| family))
    }

    fn answer(&self, worker_id: WorkerId) {
        if self.shared.has_failed() {
            return;
        }
        let spawned = self.shared.guard(|| self.start_worker(worker_id)).unwrap_or_else(|_panic| {
            Err(io::Error::other("the thread that starts workers has panicked"))
        });
        // This cannot fail, since this side has the other end too. After its end the waiting thread drops what comes.
        let _ = self.result_sender.send(SpawnResult { worker_id, spawned });
        self.shared.wake_waiter();
    }

    pub(super) fn start_worker(&self, worker_id: WorkerId) -> io::Result<SpawnedWorker> {
        let config = &self.shared.config;
        let (memory, memory_fd) = SharedMemory::create(SEGMENT_BYTES)?;
        let segment = Segment::new(Arc::new(memory)).map_err(io::Error::other)?;
        segment.format();
        // The waiting thread sleeps whenever it is not reading this ring.
        segment.doorbell(word::PARENT_ASLEEP).arm();
        let to_worker = Bell::new()?;
        let [to_parent, to_loop] = self.shared.bells_of_new_worker()?;
        let (control, theirs) = Control::pair()?;
        let results = blocks::results(&segment, &self.shared.processes);
        let arguments = self.shared.arguments().map(|arguments| arguments.reader());
        if arguments.is_some_and(|reader| !reader.is_intact()) {
            let error = lost("the memory with large arguments");
            self.shared.fail(&error);
            return Err(io::Error::other(error));
        }
        let mut worker_config = worker_id.0.to_le_bytes().to_vec();
        worker_config.extend_from_slice(&config.worker_config);
        lifeline::send_handshake(
            &control,
            &worker_config,
            &memory_fd,
            &to_worker,
            [&to_parent, &to_loop],
            Extras {
                arguments: arguments.map(AsFd::as_fd),
                results: results.as_ref().map(|(_, writer)| writer.as_fd()),
            },
        )?;
        let results = results.map(|(results, _)| results);
        let (pipes, outputs) = if config.is_piped {
            let ((output, output_end), (error, error_end)) = (Pipe::new()?, Pipe::new()?);
            (Some([output, error]), Some(Arc::new([output_end, error_end])))
        } else {
            (None, None)
        };
        let cpus = self.shared.cpus_of(worker_id);
        let request = Launch {
            program: config.program.clone(),
            args: config.args.clone(),
            env: config.env.clone(),
            cwd: config.cwd.clone(),
            quiet: config.is_quiet,
            outputs,
            cpus: cpus.clone(),
        };
        let child = launch(&request, theirs, self.family()?)?;
        Ok(SpawnedWorker {
            child,
            control,
            segment,
            to_worker,
            to_parent,
            to_loop,
            results,
            pipes,
            cpus,
        })
    }
}
