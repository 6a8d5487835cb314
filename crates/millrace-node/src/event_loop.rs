//! Hears a bell through Node's own event loop: no thread stands between the bell and JavaScript.
//!
//! libuv's functions are looked up in the running program, which need not have them; then a thread has to listen. Only
//! the main thread of a worker process listens this way, so what is made here lives as long as the process.
#![expect(unsafe_code, reason = "calls libuv and Node-API by their C interfaces")]

use std::ffi::{c_int, c_uint, c_void};
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::Arc;

use millrace_core::sys::{AsFd, Bell, look_up};
use napi::bindgen_prelude::{Env, Function, JsValue};
use napi::sys::{self, Status};

/// `UV_POLL` of `uv_handle_type`.
const POLL: c_uint = 8;
/// `UV_READABLE` of `uv_poll_event`.
const READABLE: c_int = 1;

type OnReady = unsafe extern "C" fn(handle: *mut c_void, status: c_int, events: c_int);
type HandleSize = unsafe extern "C" fn(kind: c_uint) -> usize;
type PollInit = unsafe extern "C" fn(event_loop: *mut c_void, handle: *mut c_void, fd: c_int) -> c_int;
type PollStart = unsafe extern "C" fn(handle: *mut c_void, events: c_int, on_ready: OnReady) -> c_int;

/// A `uv_poll_t` and what its callback needs. libuv knows the handle by its address, so this is never moved or freed.
#[repr(C)]
struct Listener {
    /// First, so that the handle's address is the listener's.
    handle: [u64; HANDLE_WORDS],
    env: sys::napi_env,
    function: sys::napi_ref,
    bell: Arc<Bell>,
}

/// Room for a `uv_poll_t`: 160 bytes in libuv 1.x on 64-bit systems; what the running one needs is checked.
const HANDLE_WORDS: usize = 64;

/// Calls `function` from the event loop each time the bell is rung. `false` where the program has no libuv.
pub(crate) fn listen(env: &Env, bell: &Arc<Bell>, function: &Function<'_, (), ()>) -> bool {
    let Some(libuv) = Libuv::find() else { return false };
    // SAFETY: takes a number and gives one.
    let handle_bytes = unsafe { (libuv.handle_size)(POLL) };
    if handle_bytes > size_of::<[u64; HANDLE_WORDS]>() {
        return false;
    }
    let mut event_loop = ptr::null_mut();
    // SAFETY: `env` is the environment of the calling thread, and the place for the answer lives on.
    let status = unsafe { sys::napi_get_uv_event_loop(env.raw(), &raw mut event_loop) };
    let mut reference = ptr::null_mut();
    // SAFETY: `function` is a value of this environment and in scope.
    let referenced = unsafe { sys::napi_create_reference(env.raw(), function.raw(), 1, &raw mut reference) };
    if status != Status::napi_ok || referenced != Status::napi_ok {
        return false;
    }
    let fd = bell.as_fd().as_raw_fd();
    let listener = Listener { handle: [0; HANDLE_WORDS], env: env.raw(), function: reference, bell: Arc::clone(bell) };
    let handle: *mut c_void = ptr::from_mut(Box::leak(Box::new(listener))).cast();
    // SAFETY: the handle has the room that libuv asked for, is never moved or freed, and the loop is this thread's.
    let initialised = unsafe { (libuv.poll_init)(event_loop.cast(), handle, fd) } == 0;
    // SAFETY: the handle was initialised, and the callback takes what libuv gives.
    initialised && unsafe { (libuv.poll_start)(handle, READABLE, on_ready) } == 0
}

/// Runs on the event loop's thread.
unsafe extern "C" fn on_ready(handle: *mut c_void, _status: c_int, _events: c_int) {
    // SAFETY: libuv gives the handle's address, which is the listener's; nothing else refers to it.
    let listener = unsafe { &*handle.cast::<Listener>() };
    listener.bell.silence();
    let env = listener.env;
    let (mut scope, mut function, mut receiver) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the callback runs on the environment's thread.
    unsafe { sys::napi_open_handle_scope(env, &raw mut scope) };
    // SAFETY: the reference is strong and never deleted.
    unsafe { sys::napi_get_reference_value(env, listener.function, &raw mut function) };
    // SAFETY: as for the scope.
    unsafe { sys::napi_get_global(env, &raw mut receiver) };
    // SAFETY: the values are in scope; null stands for no asynchronous context, no arguments and no result.
    let status = unsafe {
        sys::napi_make_callback(env, ptr::null_mut(), receiver, function, 0, ptr::null(), ptr::null_mut())
    };
    if status == Status::napi_pending_exception {
        let mut error = ptr::null_mut();
        // SAFETY: as for the scope.
        unsafe { sys::napi_get_and_clear_last_exception(env, &raw mut error) };
        // SAFETY: `error` was just handed out.
        unsafe { sys::napi_fatal_exception(env, error) };
    }
    // SAFETY: closes the scope opened above.
    unsafe { sys::napi_close_handle_scope(env, scope) };
}

struct Libuv {
    handle_size: HandleSize,
    poll_init: PollInit,
    poll_start: PollStart,
}

impl Libuv {
    fn find() -> Option<Self> {
        let symbols = [c"uv_handle_size", c"uv_poll_init", c"uv_poll_start"].map(look_up);
        let [handle_size, poll_init, poll_start] = &symbols;
        // SAFETY: libuv documents this type for the name, and an optional function pointer may be null.
        let handle_size = unsafe { ptr::from_ref(handle_size).cast::<Option<HandleSize>>().read() }?;
        // SAFETY: as above.
        let poll_init = unsafe { ptr::from_ref(poll_init).cast::<Option<PollInit>>().read() }?;
        // SAFETY: as above.
        let poll_start = unsafe { ptr::from_ref(poll_start).cast::<Option<PollStart>>().read() }?;
        Some(Self { handle_size, poll_init, poll_start })
    }
}
