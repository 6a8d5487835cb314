//! The parent's side: one pool of worker processes.

use std::ffi::CString;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use millrace_core::{
    CallId, CancelMode, DefinitionId, Pool, PoolConfig, WorkerId, WorkerSnapshot, WorkerState,
};
use napi::CleanupEnvHook;
use napi::bindgen_prelude::{BufferSlice, Env, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::error::to_napi;
use crate::loop_watcher::{self, WatcherHandle};
use crate::region::to_id;
use crate::wire::{self, Written};

/// A hundred years. No pool is idle for longer, and it can be added to a time.
const FOR_EVER: Duration = Duration::from_secs(3_155_760_000);

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
    /// Whether they come as records.
    pub piped: bool,
    /// Milliseconds after which an idle worker leaves; absent: it stays.
    pub idle_timeout: Option<f64>,
    /// Milliseconds that a worker may take to become ready, and to load a function.
    pub start_timeout: f64,
    /// Handed to every worker as it is.
    pub worker_config: String,
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
    /// Resident bytes, as it measured them last.
    pub rss: f64,
}

/// A pool of worker processes.
#[napi]
pub struct RawPool {
    /// Until it is released.
    pool: Option<Arc<Pool>>,
    /// Watches the workers, and ends the pool with the environment.
    watcher: Option<WatcherHandle>,
    /// Ends it where there is no watcher. Weak: the data of a hook that was removed is never freed.
    hook: Option<CleanupEnvHook<Weak<Pool>>>,
}

impl fmt::Debug for RawPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RawPool").field("pool", &self.pool).finish_non_exhaustive()
    }
}

#[napi]
impl RawPool {
    /// Starts nothing yet. It calls `collect` when records wait to be collected; `collect` must not throw. With `use_loop`
    /// the event loop itself watches the workers while it sleeps, if the program has libuv's functions. When the environment
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
            is_piped: options.piped,
            idle_timeout: options.idle_timeout.map(to_duration),
            start_timeout: Some(to_duration(options.start_timeout)),
            worker_config: options.worker_config.into_bytes(),
        };
        let wake = move || {
            // Node refuses only while the environment ends, and then nobody collects.
            let _status = notify.call((), ThreadsafeFunctionCallMode::NonBlocking);
        };
        let pool = Arc::new(Pool::new(config, Box::new(wake)).map_err(to_napi)?);
        let watcher = if use_loop { loop_watcher::watch(&env, &pool, &collect) } else { None };
        let hook = match watcher {
            Some(_) => None,
            None => Some(env.add_env_cleanup_hook(Arc::downgrade(&pool), shut_down)?),
        };
        Ok(Self { pool: Some(pool), watcher, hook })
    }

    /// Releases everything that the pool has of the system and of the environment. Call it when the pool has closed, and
    /// nothing else after it.
    ///
    /// # Errors
    ///
    /// If the environment refuses to forget the pool.
    #[napi(catch_unwind)]
    pub fn release(&mut self, env: Env) -> napi::Result<()> {
        // If processes are left, the end of the environment waits for them.
        if self.pool.take_if(|pool| pool.has_ended()).is_none() {
            return Ok(());
        }
        if let Some(watcher) = self.watcher.take() {
            watcher.close();
        }
        self.hook.take().map_or(Ok(()), |hook| env.remove_env_cleanup_hook(hook))
    }

    fn pool(&self) -> napi::Result<&Pool> {
        self.pool.as_deref().ok_or_else(|| napi::Error::from_reason("the pool was released"))
    }

    /// Makes a function known under `id`. `regions` are the ids of those that the bytes refer to.
    ///
    /// # Errors
    ///
    /// If the bytes do not fit into a message, or the pool was released.
    #[napi(catch_unwind)]
    pub fn define(&self, id: u32, bytes: &[u8], regions: Vec<f64>) -> napi::Result<()> {
        let regions: Vec<_> = regions.into_iter().map(to_id).collect();
        self.pool()?.define_sharing(DefinitionId(id), bytes, &regions).map_err(to_napi)
    }

    /// Makes a setup known under `id`. It needs these functions, which are known. The limits are milliseconds.
    ///
    /// # Errors
    ///
    /// If the bytes do not fit into a message, a function is not known, or the pool was released.
    #[napi(catch_unwind)]
    pub fn define_setup(
        &self,
        id: u32,
        bytes: &[u8],
        needs: Vec<u32>,
        limit: Option<f64>,
        exit_limit: Option<f64>,
    ) -> napi::Result<()> {
        let needs: Vec<_> = needs.into_iter().map(DefinitionId).collect();
        let [limit, exit_limit] = [limit, exit_limit].map(|limit| limit.map(to_duration));
        self.pool()?
            .define_setup(DefinitionId(id), bytes, &needs, limit, exit_limit)
            .map_err(to_napi)
    }

    /// Drops a definition.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn forget(&self, id: u32) -> napi::Result<()> {
        self.pool()?.forget(DefinitionId(id));
        Ok(())
    }

    /// Accepts the chunks in the first `length` bytes.
    ///
    /// # Errors
    ///
    /// If the bytes are not valid submissions (then nothing is accepted), or the pool was released.
    #[napi(catch_unwind)]
    pub fn submit(&self, bytes: &[u8], length: u32) -> napi::Result<()> {
        let bytes = bytes.get(..length as usize).unwrap_or(bytes);
        let chunks = wire::submissions(bytes).map_err(to_napi)?;
        self.pool()?.submit_all(chunks).map_err(to_napi)
    }

    /// Copies `bytes` into a block for a chunk. Returns its place, or -1 if there is no room.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn put_block(&self, bytes: &[u8]) -> napi::Result<i32> {
        Ok(self.pool()?.put_block(bytes).map_or(-1, u32::cast_signed))
    }

    /// Drops blocks whose chunks will not be submitted. Their places are little-endian words.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn drop_blocks(&self, places: &[u8]) -> napi::Result<()> {
        self.pool()?.drop_blocks(places.as_chunks().0);
        Ok(())
    }

    /// Fills `into` from a block of the records that were collected last. Returns `false` if it is not there.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind, ts_args_type = "source: number, place: number, into: Uint8Array")]
    pub fn read_block(
        &self,
        source: u32,
        place: u32,
        mut into: BufferSlice<'_>,
    ) -> napi::Result<bool> {
        Ok(self.pool()?.read_block(source, place, &mut into))
    }

    /// Gives the memory of blocks that are not in use back to the system. Returns `false` if some are in use.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn give_back_blocks(&self) -> napi::Result<bool> {
        Ok(self.pool()?.give_back_blocks())
    }

    /// Cancels a call. Running tasks end, and their results are discarded. With `kill_after`, in milliseconds, they get the
    /// reason, and their workers are killed if they still run by then.
    ///
    /// # Errors
    ///
    /// If the reason does not fit into a message, or the pool was released.
    #[napi(catch_unwind)]
    pub fn cancel(&self, call_id: u32, kill_after: Option<u32>, reason: &[u8]) -> napi::Result<()> {
        let mode = kill_after.map_or(CancelMode::Discard, |ms| CancelMode::Kill {
            after: Duration::from_millis(u64::from(ms)),
            reason: reason.into(),
        });
        self.pool()?.cancel(CallId(call_id), &mode).map_err(to_napi)
    }

    /// Finishes what was accepted, then lets the workers exit.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn close(&self) -> napi::Result<()> {
        self.pool()?.close();
        Ok(())
    }

    /// Whether fewer than `limit` urgent chunks wait, including `more` that are not submitted yet.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn has_room(&self, limit: u32, more: u32) -> napi::Result<bool> {
        Ok(self.pool()?.has_room(limit, more))
    }

    /// Replaces the workers, each after its running task. Returns the process ids of those that will end.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn recycle(&self) -> napi::Result<Vec<u32>> {
        Ok(self.pool()?.recycle())
    }

    /// From now on the workers are `0..worker_count`, bound to `cpus`. The others leave, each after its running task, and so do those whose
    /// CPUs change. A record tells `number` when they have ended.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn resize(&self, number: u32, worker_count: u32, cpus: Vec<Vec<u32>>) -> napi::Result<()> {
        self.pool()?.resize(number, worker_count, &cpus);
        Ok(())
    }

    /// Asks idle workers to exit. Returns the process ids of all workers that are exiting.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn leave_idle(&self) -> napi::Result<Vec<u32>> {
        Ok(self.pool()?.leave_idle())
    }

    /// Kills all workers now.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn terminate(&self) -> napi::Result<()> {
        self.pool()?.terminate();
        Ok(())
    }

    /// Moves waiting records into `into`. Returns how many bytes they fill, or minus the bytes that the next record needs.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind, ts_args_type = "into: Uint8Array")]
    pub fn collect(&self, mut into: BufferSlice<'_>) -> napi::Result<f64> {
        match wire::write_records(&mut self.pool()?.collect(), &mut into) {
            Written::Bytes(bytes) => Ok(bytes as f64),
            Written::NeedsRoom(bytes) => Ok(-(bytes as f64)),
        }
    }

    /// The caller is done with this many bytes of a stream, 0 or 1.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn release_output(&self, stream: u32, bytes: u32) -> napi::Result<()> {
        self.pool()?.release_output(stream as usize, bytes as usize);
        Ok(())
    }

    /// Counts of tasks.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> napi::Result<RawStats> {
        let stats = self.pool()?.stats();
        Ok(RawStats {
            submitted: stats.submitted as f64,
            completed: stats.completed as f64,
            failed: stats.failed as f64,
            cancelled: stats.cancelled as f64,
            running: stats.running as f64,
            queued: stats.queued as f64,
        })
    }

    /// The workers that have a process.
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn workers(&self) -> napi::Result<Vec<RawWorker>> {
        let pool = self.pool()?;
        Ok(pool.workers().iter().map(|worker| to_raw(pool, worker)).collect())
    }

    /// The worker of this id, if it has a process. It costs much less than [`Self::workers`].
    ///
    /// # Errors
    ///
    /// If the pool was released.
    #[napi(catch_unwind)]
    pub fn worker(&self, id: u32) -> napi::Result<Option<RawWorker>> {
        let pool = self.pool()?;
        Ok(pool.worker(WorkerId(id)).map(|worker| to_raw(pool, &worker)))
    }
}

fn to_raw(pool: &Pool, worker: &WorkerSnapshot) -> RawWorker {
    RawWorker {
        id: worker.id.0,
        pid: worker.pid,
        state: state_name(worker.state, worker.is_busy).to_owned(),
        cpus: pool.applied_cpus(worker),
        tasks_done: worker.tasks_done as f64,
        rss: pool.resident_bytes(worker) as f64,
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

/// A duration of this many milliseconds. If that is too long for a duration, it is for ever.
fn to_duration(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds / 1_000.0).unwrap_or(FOR_EVER).min(FOR_EVER)
}

fn to_c_string(text: String) -> napi::Result<CString> {
    CString::new(text).map_err(to_napi)
}

fn to_c_strings(texts: Vec<String>) -> napi::Result<Vec<CString>> {
    texts.into_iter().map(to_c_string).collect()
}

fn shut_down(pool: Weak<Pool>) {
    if let Some(pool) = pool.upgrade() {
        pool.shut_down();
    }
}
