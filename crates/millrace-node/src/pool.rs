//! The parent's side: one pool of worker processes.

use std::ffi::CString;
use std::sync::Arc;

use millrace_core::pool::{Collected, Pool, PoolConfig};
use millrace_core::scheduler::{WorkerSnapshot, WorkerState};
use millrace_core::sys;
use napi::bindgen_prelude::{BufferSlice, Env, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::error::to_napi;
use crate::pool_ear::{self, EarHandle};

/// What a pool is made of; validated by the caller.
#[napi(object, object_to_js = false)]
#[derive(Debug)]
pub struct RawPoolOptions {
    /// Worker ids are `0..workerCount`.
    pub worker_count: u32,
    /// CPU ids by worker id; empty: no pinning.
    pub cpus: Vec<Vec<u32>>,
    /// Path of the executable.
    pub program: String,
    /// Its arguments, the program's name first.
    pub args: Vec<String>,
    /// Its environment, as `NAME=value`.
    pub env: Vec<String>,
    /// Its working directory; absent: the parent's.
    pub cwd: Option<String>,
    /// Whether standard output and error go nowhere.
    pub quiet: bool,
    /// Handed to every worker as it is.
    pub greeting: String,
}

/// Counts of tasks since the pool was made.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct RawStats {
    /// Accepted.
    pub submitted: f64,
    /// Returned a value.
    pub completed: f64,
    /// Threw or were lost.
    pub failed: f64,
    /// Dropped with their call.
    pub cancelled: f64,
    /// At a worker now.
    pub running: f64,
    /// Waiting.
    pub queued: f64,
}

/// A worker process as it is now.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct RawWorker {
    /// The worker id.
    pub id: u32,
    /// Its process id.
    pub pid: u32,
    /// `starting`, `idle`, `busy` or `leaving`.
    pub state: String,
    /// The CPU ids it may use.
    pub cpus: Vec<u32>,
    /// Tasks it has settled.
    pub tasks_done: f64,
    /// Resident bytes.
    pub rss: f64,
}

/// A pool of worker processes.
#[napi]
#[derive(Debug)]
pub struct RawPool {
    pool: Arc<Pool>,
    ear: Option<EarHandle>,
}

#[napi]
impl RawPool {
    /// Starts nothing yet. `collect` is called when records wait to be collected; it must not throw. With `use_loop` the
    /// event loop hears the workers itself while it sleeps, where the program has libuv's functions. When the environment
    /// ends, the pool is shut down.
    ///
    /// # Errors
    ///
    /// When a string holds a NUL or the system refuses resources.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        options: RawPoolOptions,
        collect: Function<'_, (), ()>,
        use_loop: bool,
    ) -> napi::Result<Self> {
        // Weak: an idle pool does not keep the process alive. The facade does so while work is pending.
        let notify = collect.build_threadsafe_function::<()>().weak::<true>().build()?;
        let config = PoolConfig {
            worker_count: options.worker_count,
            cpus: options.cpus,
            program: to_c_string(options.program)?,
            args: to_c_strings(options.args)?,
            env: to_c_strings(options.env)?,
            cwd: options.cwd.map(to_c_string).transpose()?,
            is_quiet: options.quiet,
            greeting: options.greeting.into_bytes(),
        };
        let wake = move || {
            // Refused only while the environment ends, and then nobody collects.
            let _status = notify.call((), ThreadsafeFunctionCallMode::NonBlocking);
        };
        let pool = Arc::new(Pool::new(config, Box::new(wake)).map_err(to_napi)?);
        let ear = if use_loop { pool_ear::attend(&env, &pool, &collect) } else { None };
        if ear.is_none() {
            env.add_env_cleanup_hook(Arc::clone(&pool), |pool| pool.shut_down())?;
        }
        Ok(Self { pool, ear })
    }

    /// Makes a function known under `id`.
    #[napi(catch_unwind)]
    pub fn define(&self, id: u32, bytes: &[u8]) {
        self.pool.define(id, bytes);
    }

    /// Drops a definition.
    #[napi(catch_unwind)]
    pub fn forget(&self, id: u32) {
        self.pool.forget(id);
    }

    /// Accepts the chunks in the first `length` bytes.
    ///
    /// # Errors
    ///
    /// When the bytes are not submissions; nothing is accepted then.
    #[napi(catch_unwind)]
    pub fn submit(&self, bytes: &[u8], length: u32) -> napi::Result<()> {
        let bytes = bytes.get(..length as usize).unwrap_or(bytes);
        self.pool.submit(bytes).map_err(to_napi)
    }

    /// Drops what is left of a call; `kill` also ends the workers that run its tasks.
    #[napi(catch_unwind)]
    pub fn cancel(&self, job: u32, kill: bool) {
        self.pool.cancel(job, kill);
    }

    /// Finishes what was accepted, then lets the workers leave.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.pool.close();
    }

    /// Kills all workers now.
    #[napi(catch_unwind)]
    pub fn terminate(&self) {
        self.pool.terminate();
    }

    /// Copies waiting records into `into`: how many bytes, or minus the bytes that the next record needs.
    #[napi(catch_unwind, ts_args_type = "into: Uint8Array")]
    pub fn collect(&self, mut into: BufferSlice<'_>) -> f64 {
        match self.pool.collect(&mut into) {
            Collected::Bytes(bytes) => bytes as f64,
            Collected::NeedsRoom(bytes) => -(bytes as f64),
        }
    }

    /// Counts of tasks.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> RawStats {
        let stats = self.pool.stats();
        RawStats {
            submitted: stats.submitted as f64,
            completed: stats.completed as f64,
            failed: stats.failed as f64,
            cancelled: stats.cancelled as f64,
            running: stats.running as f64,
            queued: stats.queued as f64,
        }
    }

    /// The workers that have a process.
    #[napi(catch_unwind)]
    pub fn workers(&self) -> Vec<RawWorker> {
        let to_raw = |worker: WorkerSnapshot| RawWorker {
            id: worker.id,
            pid: worker.pid,
            state: state_name(worker.state, worker.is_busy).to_owned(),
            cpus: self.pool.applied_cpus(&worker),
            tasks_done: worker.tasks_done as f64,
            rss: sys::resident_bytes(worker.pid).unwrap_or(0) as f64,
        };
        self.pool.workers().into_iter().map(to_raw).collect()
    }
}

fn state_name(state: WorkerState, is_busy: bool) -> &'static str {
    match state {
        WorkerState::Absent | WorkerState::Spawning | WorkerState::Starting => "starting",
        WorkerState::Ready if is_busy => "busy",
        WorkerState::Ready => "idle",
        WorkerState::Leaving => "leaving",
    }
}

fn to_c_string(text: String) -> napi::Result<CString> {
    CString::new(text).map_err(to_napi)
}

fn to_c_strings(texts: Vec<String>) -> napi::Result<Vec<CString>> {
    texts.into_iter().map(to_c_string).collect()
}
