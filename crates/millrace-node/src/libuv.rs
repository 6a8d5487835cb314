//! libuv of the running program, looked up at run time because the program need not be Node.
#![expect(unsafe_code, reason = "turns addresses into functions of libuv's documented types")]

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_uint, c_void};
use std::fmt;
use std::ptr;
use std::sync::OnceLock;

use crate::symbols::find;

/// `uv_handle_type`.
const POLL: c_uint = 8;
const PREPARE: c_uint = 9;
const CHECK: c_uint = 2;
const IDLE: c_uint = 6;

/// `UV_READABLE` of `uv_poll_event`.
pub(crate) const READABLE: c_int = 1;

/// A handle as libuv sees it. Only its address is used here.
#[repr(C)]
pub(crate) struct Handle {
    _opaque: [u8; 0],
}

/// Room for any handle. libuv's largest of these has 160 bytes; what the running one needs is checked.
///
/// libuv writes to it while references to its owner exist, so all of it is behind an `UnsafeCell`. It must not move or be freed
/// until libuv has called back after `uv_close`.
pub(crate) struct RawHandle(UnsafeCell<[u64; 64]>);

impl RawHandle {
    pub(crate) fn new() -> Self {
        Self(UnsafeCell::new([0; 64]))
    }

    /// What libuv's functions take.
    pub(crate) fn as_ptr(&self) -> *mut Handle {
        self.0.get().cast()
    }
}

impl fmt::Debug for RawHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RawHandle").finish_non_exhaustive()
    }
}

/// A callback of `uv_poll_start`.
pub(crate) type OnReady = unsafe extern "C" fn(handle: *mut Handle, status: c_int, events: c_int);
/// A callback of the other functions.
pub(crate) type OnTurn = unsafe extern "C" fn(handle: *mut Handle);

type Init = unsafe extern "C" fn(event_loop: *mut c_void, handle: *mut Handle) -> c_int;
type Start = unsafe extern "C" fn(handle: *mut Handle, on_turn: OnTurn) -> c_int;

/// The functions that are needed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Libuv {
    pub(crate) poll_init:
        unsafe extern "C" fn(event_loop: *mut c_void, handle: *mut Handle, fd: c_int) -> c_int,
    pub(crate) poll_start:
        unsafe extern "C" fn(handle: *mut Handle, events: c_int, on_ready: OnReady) -> c_int,
    pub(crate) poll_stop: unsafe extern "C" fn(handle: *mut Handle) -> c_int,
    pub(crate) prepare_init: Init,
    pub(crate) prepare_start: Start,
    pub(crate) check_init: Init,
    pub(crate) check_start: Start,
    pub(crate) idle_init: Init,
    pub(crate) idle_start: Start,
    pub(crate) idle_stop: unsafe extern "C" fn(handle: *mut Handle) -> c_int,
    pub(crate) backend_timeout: unsafe extern "C" fn(event_loop: *const c_void) -> c_int,
    pub(crate) set_data: unsafe extern "C" fn(handle: *mut Handle, data: *mut c_void),
    get_data: unsafe extern "C" fn(handle: *const Handle) -> *mut c_void,
    pub(crate) unref: unsafe extern "C" fn(handle: *mut Handle),
    pub(crate) close: unsafe extern "C" fn(handle: *mut Handle, on_closed: OnTurn),
}

/// A function of libuv, or `None` from the function around it.
macro_rules! symbol {
    ($name:literal) => {
        // SAFETY: libuv documents the field's type for this name, and keeps it through version 1.
        unsafe { find($name) }?
    };
}

impl Libuv {
    /// `None` where the program does not have all of them, or its handles are larger than expected.
    pub(crate) fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Libuv>> = OnceLock::new();
        FOUND.get_or_init(Self::look_up).as_ref()
    }

    fn look_up() -> Option<Self> {
        let handle_size: unsafe extern "C" fn(c_uint) -> usize = symbol!(c"uv_handle_size");
        let fits = |kind| {
            // SAFETY: takes a number and gives one.
            unsafe { handle_size(kind) <= size_of::<RawHandle>() }
        };
        if ![POLL, PREPARE, CHECK, IDLE].into_iter().all(fits) {
            return None;
        }
        Some(Self {
            poll_init: symbol!(c"uv_poll_init"),
            poll_start: symbol!(c"uv_poll_start"),
            poll_stop: symbol!(c"uv_poll_stop"),
            prepare_init: symbol!(c"uv_prepare_init"),
            prepare_start: symbol!(c"uv_prepare_start"),
            check_init: symbol!(c"uv_check_init"),
            check_start: symbol!(c"uv_check_start"),
            idle_init: symbol!(c"uv_idle_init"),
            idle_start: symbol!(c"uv_idle_start"),
            idle_stop: symbol!(c"uv_idle_stop"),
            backend_timeout: symbol!(c"uv_backend_timeout"),
            set_data: symbol!(c"uv_handle_set_data"),
            get_data: symbol!(c"uv_handle_get_data"),
            unref: symbol!(c"uv_unref"),
            close: symbol!(c"uv_close"),
        })
    }
}

/// What `uv_handle_set_data` has put there; null where that was nothing.
///
/// # Safety
///
/// `handle` must be one that libuv knows, or that it has just closed.
pub(crate) unsafe fn data_of<T>(handle: *mut Handle) -> *mut T {
    let Some(libuv) = Libuv::find() else { return ptr::null_mut() };
    // SAFETY: by the caller's promise.
    unsafe { (libuv.get_data)(handle) }.cast()
}
