//! Watches the workers of a pool from Node's event loop while the loop sleeps.
//!
//! It has four handles of the loop. One runs before the loop sleeps, one when the bell is notified, one after the loop has woken
//! up. The fourth keeps the loop from sleeping when a worker has just published something. They do not keep the loop alive. libuv
//! knows them by their addresses and releases them some turns after they were closed, so the watcher frees itself.
#![expect(unsafe_code, reason = "calls libuv and Node-API by their C interfaces")]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use millrace_core::Pool;
use napi::bindgen_prelude::{Env, Function};
use napi::sys::{self, Status};

use crate::event_loop::{Callback, EventLoop};
use crate::libuv::{Handle, Libuv, READABLE, RawHandle, data_of};

thread_local! {
    /// One of the thread's pools has looked for results in this turn of the loop: several of them do not hold it for longer.
    static HAS_SPUN: Cell<bool> = const { Cell::new(false) };
}

struct LoopWatcher {
    handles: [RawHandle; 4],
    event_loop: EventLoop,
    pool: Arc<Pool>,
    callback: Callback,
    libuv: &'static Libuv,
    /// Handles that libuv still knows.
    open: Cell<u32>,
    is_closing: Cell<bool>,
    /// Lets Node continue with the end of the environment.
    removal: Cell<sys::napi_async_cleanup_hook_handle>,
}

/// Releases the watcher of a pool.
#[derive(Debug)]
pub(crate) struct WatcherHandle(NonNull<LoopWatcher>);

/// Calls `collect` on the event loop's thread when workers have notified the loop and records wait. The environment's end shuts the
/// pool down. `None` where the program has no libuv: then a thread has to pass the bells on.
pub(crate) fn watch(
    env: &Env,
    pool: &Arc<Pool>,
    collect: &Function<'_, (), ()>,
) -> Option<WatcherHandle> {
    let event_loop = EventLoop::of(env)?;
    let libuv = event_loop.libuv();
    let callback = Callback::new(env, collect)?;
    let watcher = Box::new(LoopWatcher {
        handles: [(); 4].map(|()| RawHandle::new()),
        event_loop,
        pool: Arc::clone(pool),
        callback,
        libuv,
        open: Cell::new(4),
        is_closing: Cell::new(false),
        removal: Cell::new(ptr::null_mut()),
    });
    let fd = pool.loop_descriptor().as_raw_fd();
    let address_of_loop = event_loop.as_ptr();
    // Every pointer to it comes from this one, those of libuv too. The last handle that closes frees it.
    let address = NonNull::from(Box::leak(watcher));
    // SAFETY: freed only when all four handles are closed, or below while libuv knows none.
    let this = unsafe { address.as_ref() };
    let [polling, sleeping, waking, hurrying] = this.handles.each_ref().map(RawHandle::as_ptr);
    // SAFETY: the handle has room, is not moved before libuv lets go of it, and the loop is this thread's.
    if unsafe { (libuv.poll_init)(address_of_loop, polling, fd) } != 0 {
        // The system does not watch any more descriptors. The handle was not initialised, and must not be closed.
        // SAFETY: it was leaked above, nobody else has it, and `this` is not used any more.
        drop(unsafe { Box::from_raw(address.as_ptr()) });
        return None;
    }
    let started = [
        // SAFETY: as above; this one and the next two cannot fail.
        unsafe { (libuv.prepare_init)(address_of_loop, sleeping) },
        // SAFETY: as above.
        unsafe { (libuv.check_init)(address_of_loop, waking) },
        // SAFETY: as above.
        unsafe { (libuv.idle_init)(address_of_loop, hurrying) },
        // SAFETY: the handle was initialised, as are the others.
        unsafe { (libuv.poll_start)(polling, READABLE, on_bell) },
        // SAFETY: as above.
        unsafe { (libuv.prepare_start)(sleeping, on_sleep) },
        // SAFETY: as above.
        unsafe { (libuv.check_start)(waking, on_wake) },
    ];
    let _adopted = [polling, sleeping, waking, hurrying].map(|handle| {
        // SAFETY: the handle was initialised.
        unsafe { (libuv.set_data)(handle, address.as_ptr().cast()) };
        // SAFETY: as above.
        unsafe { (libuv.unref)(handle) };
    });
    let mut removal = ptr::null_mut();
    // SAFETY: the environment is this thread's, and the watcher outlives its hook.
    let status = unsafe {
        sys::napi_add_async_cleanup_hook(
            env.raw(),
            Some(on_end),
            address.as_ptr().cast(),
            &raw mut removal,
        )
    };
    this.removal.set(removal);
    if started.iter().any(|status| *status != 0) || status != Status::napi_ok {
        this.close();
        return None;
    }
    Some(WatcherHandle(address))
}

impl WatcherHandle {
    /// Closes the watcher. To be called on the environment's thread, before its end.
    pub(crate) fn close(self) {
        // SAFETY: the watcher is freed by closing alone, and a handle closes it once.
        unsafe { self.0.as_ref() }.close();
    }
}

impl LoopWatcher {
    fn close(&self) {
        if self.is_closing.replace(true) {
            return;
        }
        let _closing = self.handles.each_ref().map(|handle| {
            // SAFETY: the handle is open, and its memory stays until `on_closed` was called for each.
            unsafe { (self.libuv.close)(handle.as_ptr(), on_closed) };
        });
    }

    /// The loop is about to sleep. If a worker publishes something right now, it does not.
    fn before_sleep(&self) {
        self.pool.on_loop_turn();
        if !HAS_SPUN.get()
            && self.event_loop.would_sleep()
            && let Some(has_come) = self.pool.spin_before_loop_sleeps()
        {
            HAS_SPUN.set(true);
            if has_come {
                // SAFETY: the handle was initialised and is open.
                unsafe { (self.libuv.idle_start)(self.handles[3].as_ptr(), on_idle) };
                return;
            }
        }
        self.pool.before_loop_sleeps();
    }

    /// The loop is awake, or has not slept.
    fn after_wake(&self) {
        HAS_SPUN.set(false);
        // SAFETY: the handle was initialised and is open. To stop it twice does nothing.
        unsafe { (self.libuv.idle_stop)(self.handles[3].as_ptr()) };
        self.collect_if(self.pool.after_loop_wakes());
    }

    fn collect_if(&self, has_records: bool) {
        if has_records {
            self.callback.call();
        }
    }
}

/// The watcher behind one of its handles.
///
/// # Safety
///
/// `handle` must be one of a watcher's handles, and not closed. The watcher must not be freed while the reference is used.
unsafe fn watcher_of<'a>(handle: *mut Handle) -> Option<&'a LoopWatcher> {
    // SAFETY: libuv knows the handle.
    let watcher = unsafe { data_of::<LoopWatcher>(handle) };
    // SAFETY: `watch` has set it, and the watcher is freed when libuv has let go of all its handles.
    unsafe { watcher.as_ref() }
}

unsafe extern "C" fn on_sleep(handle: *mut Handle) {
    // SAFETY: libuv calls with a handle that is open.
    if let Some(watcher) = unsafe { watcher_of(handle) } {
        watcher.before_sleep();
    }
}

unsafe extern "C" fn on_bell(handle: *mut Handle, _status: c_int, _events: c_int) {
    // SAFETY: as above.
    if let Some(watcher) = unsafe { watcher_of(handle) } {
        let has_records = watcher.pool.on_loop_notified();
        if watcher.pool.has_failed() {
            // Nobody clears the bell, or the descriptor is gone: the loop would find it readable each time.
            // SAFETY: the handle is open.
            unsafe { (watcher.libuv.poll_stop)(handle) };
        }
        watcher.collect_if(has_records);
    }
}

unsafe extern "C" fn on_wake(handle: *mut Handle) {
    // SAFETY: as above.
    if let Some(watcher) = unsafe { watcher_of(handle) } {
        watcher.after_wake();
    }
}

/// The handle keeps the loop awake by being active.
unsafe extern "C" fn on_idle(_handle: *mut Handle) {}

/// The environment ends: no worker outlives it.
unsafe extern "C" fn on_end(_hook: sys::napi_async_cleanup_hook_handle, watcher: *mut c_void) {
    // SAFETY: the hook is removed when the watcher is freed.
    let watcher = unsafe { &*watcher.cast::<LoopWatcher>() };
    watcher.pool.shut_down();
    watcher.close();
}

unsafe extern "C" fn on_closed(handle: *mut Handle) {
    // SAFETY: libuv has just closed the handle, whose memory is there until the last one is closed.
    let Some(address) = NonNull::new(unsafe { data_of::<LoopWatcher>(handle) }) else { return };
    let removal = {
        // SAFETY: the watcher is freed with the last of its handles, below.
        let watcher = unsafe { address.as_ref() };
        watcher.open.set(watcher.open.get() - 1);
        if watcher.open.get() > 0 {
            return;
        }
        watcher.removal.get()
    };
    // SAFETY: the address is that of the leaked box, libuv has let go of all handles, and no reference is left.
    drop(unsafe { Box::from_raw(address.as_ptr()) });
    if !removal.is_null() {
        // SAFETY: the hook was added by `watch`, and is removed once.
        unsafe { sys::napi_remove_async_cleanup_hook(removal) };
    }
}
