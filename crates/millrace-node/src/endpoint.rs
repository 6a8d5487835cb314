//! The worker's side: its identity and its end of the channel.

use millrace_core::endpoint::{self as endpoint, Received, WorkerEndpoint, WorkerIdentity};
use napi::bindgen_prelude::{BufferSlice, Env, Function, Int32Array};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::error::to_napi;
use crate::event_loop::{self, EventLoop};
use crate::heap_limit;
use crate::status;

/// What a worker process knows about itself.
#[napi(object, object_from_js = false)]
#[derive(Debug)]
pub struct RawWorkerIdentity {
    /// The worker id.
    pub worker_id: u32,
    /// The pool's configuration of its workers.
    pub config: String,
}

impl From<&WorkerIdentity> for RawWorkerIdentity {
    fn from(identity: &WorkerIdentity) -> Self {
        Self {
            worker_id: identity.worker_id.0,
            config: String::from_utf8_lossy(&identity.config).into_owned(),
        }
    }
}

/// Makes this process a worker whose life hangs on its parent's.
///
/// # Errors
///
/// If descriptor 3 is not the control socket of a parent.
#[napi(catch_unwind)]
pub fn init_worker() -> napi::Result<RawWorkerIdentity> {
    endpoint::init_worker().map(RawWorkerIdentity::from).map_err(to_napi)
}

/// The identity in a worker process, on any of its threads.
#[napi(catch_unwind)]
pub fn worker_identity() -> Option<RawWorkerIdentity> {
    endpoint::identity().map(RawWorkerIdentity::from)
}

/// Tells the parent why this worker cannot start.
#[napi(catch_unwind)]
pub fn send_start_error(text: String) {
    endpoint::send_start_error(&text);
}

/// The worker's end of the rings. One per process.
#[napi]
#[derive(Debug)]
pub struct RawWorkerEndpoint {
    endpoint: WorkerEndpoint,
    /// Where that is what hears the parent.
    event_loop: Option<EventLoop>,
}

#[napi]
impl RawWorkerEndpoint {
    /// Calls `notify` when the parent has notified this worker; `notify` must not throw. It keeps the process alive. With
    /// `use_loop` Node's event loop itself calls it, if the program has libuv's functions. Otherwise a thread passes the
    /// notification on.
    ///
    /// # Errors
    ///
    /// Outside a worker, and at the second call.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, notify: Function<'_, (), ()>, use_loop: bool) -> napi::Result<Self> {
        let mut endpoint = WorkerEndpoint::take().map_err(to_napi)?;
        let mut event_loop = None;
        if use_loop && event_loop::listen(&env, endpoint.bell(), &notify) {
            event_loop = EventLoop::of(&env);
        } else {
            let notify = notify.build_threadsafe_function::<()>().build()?;
            let wake = move || {
                // Node refuses only while the process ends.
                let _status = notify.call((), ThreadsafeFunctionCallMode::NonBlocking);
            };
            endpoint.listen(Box::new(wake)).map_err(to_napi)?;
        }
        Ok(Self { endpoint, event_loop })
    }

    /// From now on the parent learns when the heap is used up. With `notes_limit` it also learns the limit. Do not combine
    /// that with Node's own use of the same callback: V8 calls only the one that was added last.
    #[napi(catch_unwind)]
    pub fn watch_heap(&self, notes_limit: bool) {
        heap_limit::watch(&self.endpoint.status_block(), notes_limit);
    }

    /// The status block, as memory that both processes see.
    #[napi(catch_unwind)]
    pub fn status_block(&self) -> Int32Array {
        status::view(self.endpoint.status_block())
    }

    /// Copies frames into `into`. If there are none, it looks for a short time whether some come. Returns how many bytes they
    /// fill; 0 if there are none and `notify` will be called; or minus the bytes that the next frame needs.
    ///
    /// # Errors
    ///
    /// If the parent's half is corrupt.
    #[napi(catch_unwind, ts_args_type = "into: Uint8Array")]
    pub fn receive(&mut self, mut into: BufferSlice<'_>) -> napi::Result<f64> {
        let has_other_work =
            self.event_loop.as_ref().is_none_or(|event_loop| !event_loop.would_sleep());
        match self.endpoint.receive(&mut into, has_other_work).map_err(to_napi)? {
            Received::Bytes(bytes) => Ok(bytes as f64),
            Received::Asleep => Ok(0.0),
            Received::NeedsRoom(bytes) => Ok(-(bytes as f64)),
        }
    }

    /// Sends the frames in the first `length` bytes. Blocks while the ring is full. With `is_quiet` a parent that sleeps goes on sleeping
    /// until the next message.
    ///
    /// # Errors
    ///
    /// If the parent's half is corrupt.
    #[napi(catch_unwind)]
    pub fn send(&mut self, frames: &[u8], length: u32, is_quiet: bool) -> napi::Result<()> {
        let frames = frames.get(..length as usize).unwrap_or(frames);
        let sent =
            if is_quiet { self.endpoint.send_quietly(frames) } else { self.endpoint.send(frames) };
        sent.map_err(to_napi)
    }

    /// Copies `bytes` into a block for a result. Returns its place, or -1 if there is no room.
    #[napi(catch_unwind)]
    pub fn put_block(&mut self, bytes: &[u8]) -> i32 {
        self.endpoint.put_block(bytes).map_or(-1, u32::cast_signed)
    }

    /// Fills `into` from a block of the parent. Returns `false` if it is not there.
    #[napi(catch_unwind, ts_args_type = "place: number, into: Uint8Array")]
    pub fn read_block(&self, place: u32, mut into: BufferSlice<'_>) -> bool {
        self.endpoint.read_block(place, &mut into)
    }

    /// Gives the memory of blocks that are not in use back to the system. Returns `false` if some are in use.
    #[napi(catch_unwind)]
    pub fn give_back_blocks(&mut self) -> bool {
        self.endpoint.give_back_blocks()
    }

    /// Notifies the parent's waiting thread, because its event loop has not read for a while.
    #[napi(catch_unwind)]
    pub fn notify_again(&self) {
        self.endpoint.notify_again();
    }

    /// Tells the parent that this worker is ready for work.
    ///
    /// # Errors
    ///
    /// If the parent's half is corrupt.
    #[napi(catch_unwind)]
    pub fn send_ready(&mut self) -> napi::Result<()> {
        self.endpoint.send_ready().map_err(to_napi)
    }
}
