//! Watches bells through Node's own event loop, so that no thread stands between a bell and JavaScript.
//!
//! libuv knows handles by their addresses. So their owner is leaked here, and freed, if ever, when libuv has released them.
#![expect(unsafe_code, reason = "calls libuv and Node-API by their C interfaces")]

use std::ffi::{c_int, c_void};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;
use std::sync::Arc;

use millrace_core::endpoint::{Bell, end_without_bell};
use napi::bindgen_prelude::{Env, Function, JsValue};
use napi::sys::{self, Status};

use crate::libuv::{Handle, Libuv, READABLE, RawHandle, data_of};

/// A JavaScript function that the event loop calls. It lives as long as the environment.
pub(crate) struct Callback {
    env: sys::napi_env,
    function: sys::napi_ref,
}

impl Callback {
    pub(crate) fn new(env: &Env, function: &Function<'_, (), ()>) -> Option<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: `function` is a value of this environment and in scope.
        let status =
            unsafe { sys::napi_create_reference(env.raw(), function.raw(), 1, &raw mut reference) };
        (status == Status::napi_ok).then_some(Self { env: env.raw(), function: reference })
    }

    /// Calls the function as the event loop calls back: ticks and microtasks run after it.
    pub(crate) fn call(&self) {
        let env = self.env;
        let (mut scope, mut function, mut receiver) =
            (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: this runs on the environment's thread, as all callbacks of its loop do.
        unsafe { sys::napi_open_handle_scope(env, &raw mut scope) };
        // SAFETY: as above; the reference is strong, and deleted only with `self`.
        unsafe { sys::napi_get_reference_value(env, self.function, &raw mut function) };
        // SAFETY: as above.
        // The receiver is a new object: if domains are in use, Node enters the receiver's domain, and that of the REPL's
        // global is not a domain.
        unsafe { sys::napi_create_object(env, &raw mut receiver) };
        // SAFETY: the values are in scope; null stands for no asynchronous context, no arguments and no result.
        let status = unsafe {
            sys::napi_make_callback(
                env,
                ptr::null_mut(),
                receiver,
                function,
                0,
                ptr::null(),
                ptr::null_mut(),
            )
        };
        if status == Status::napi_pending_exception {
            let mut error = ptr::null_mut();
            // SAFETY: as above.
            unsafe { sys::napi_get_and_clear_last_exception(env, &raw mut error) };
            // SAFETY: `error` was just handed out.
            unsafe { sys::napi_fatal_exception(env, error) };
        }
        // SAFETY: closes the scope opened above.
        unsafe { sys::napi_close_handle_scope(env, scope) };
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        // SAFETY: what holds a callback lives on the environment's thread, and ends before the environment.
        unsafe { sys::napi_delete_reference(self.env, self.function) };
    }
}

/// The event loop of the thread that made this.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventLoop {
    address: *mut c_void,
    libuv: &'static Libuv,
}

impl EventLoop {
    /// That of the calling thread; `None` where the program has no libuv.
    pub(crate) fn of(env: &Env) -> Option<Self> {
        let libuv = Libuv::find()?;
        let mut event_loop = ptr::null_mut();
        // SAFETY: `env` is the environment of the calling thread.
        let status = unsafe { sys::napi_get_uv_event_loop(env.raw(), &raw mut event_loop) };
        (status == Status::napi_ok).then_some(Self { address: event_loop.cast(), libuv })
    }

    pub(crate) fn libuv(self) -> &'static Libuv {
        self.libuv
    }

    /// What libuv's functions take.
    pub(crate) fn as_ptr(self) -> *mut c_void {
        self.address
    }

    /// Whether it would sleep now: it has no immediates, timers that are due, or handles that close.
    pub(crate) fn would_sleep(self) -> bool {
        // SAFETY: the loop lives as long as its thread, and this value stays on the thread: it holds a pointer.
        unsafe { (self.libuv.backend_timeout)(self.address) != 0 }
    }
}

/// Watches the bell of a worker's parent. It lives as long as the process.
struct BellWatcher {
    poll: RawHandle,
    bell: Arc<Bell>,
    callback: Callback,
}

/// Calls `function` each time `bell` is notified, and keeps the process alive. Returns `false` if the program has no libuv.
pub(crate) fn listen(env: &Env, bell: &Arc<Bell>, function: &Function<'_, (), ()>) -> bool {
    let Some(EventLoop { address: event_loop, libuv }) = EventLoop::of(env) else { return false };
    let Some(callback) = Callback::new(env, function) else { return false };
    let watcher = BellWatcher { poll: RawHandle::new(), bell: Arc::clone(bell), callback };
    let watcher: &'static BellWatcher = Box::leak(Box::new(watcher));
    let fd = watcher.bell.as_fd().as_raw_fd();
    let poll = watcher.poll.as_ptr();
    // SAFETY: the handle has room, is never moved or freed, and the loop is this thread's.
    if unsafe { (libuv.poll_init)(event_loop, poll, fd) } != 0 {
        return false;
    }
    // SAFETY: the handle was initialised.
    unsafe { (libuv.set_data)(poll, ptr::from_ref(watcher).cast_mut().cast()) };
    // SAFETY: as above.
    unsafe { (libuv.poll_start)(poll, READABLE, on_bell) == 0 }
}

unsafe extern "C" fn on_bell(poll: *mut Handle, status: c_int, _events: c_int) {
    // SAFETY: libuv calls with the handle that `listen` has initialised.
    let watcher = unsafe { data_of::<BellWatcher>(poll) };
    // SAFETY: `listen` has set it to a watcher that is never freed and only read.
    let Some(watcher) = (unsafe { watcher.as_ref() }) else { return };
    if status < 0 || !watcher.bell.clear() {
        end_without_bell();
    }
    watcher.callback.call();
}
