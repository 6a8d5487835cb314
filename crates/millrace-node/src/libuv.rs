//! libuv as the running program has it, looked up at run time: the program need not be Node.
#![expect(unsafe_code, reason = "turns addresses into functions of libuv's documented types")]

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ptr;

use millrace_core::sys::look_up;

/// `uv_handle_type`.
const POLL: c_uint = 8;
const PREPARE: c_uint = 9;
const CHECK: c_uint = 2;

/// `UV_READABLE` of `uv_poll_event`.
pub(crate) const READABLE: c_int = 1;

/// Room for any handle. libuv's largest of these has 160 bytes; what the running one needs is checked.
pub(crate) type Handle = [u64; 64];

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
    pub(crate) prepare_init: Init,
    pub(crate) prepare_start: Start,
    pub(crate) check_init: Init,
    pub(crate) check_start: Start,
    pub(crate) set_data: unsafe extern "C" fn(handle: *mut Handle, data: *mut c_void),
    pub(crate) unref: unsafe extern "C" fn(handle: *mut Handle),
    pub(crate) close: unsafe extern "C" fn(handle: *mut Handle, on_closed: OnTurn),
}

impl Libuv {
    /// `None` where the program does not have all of them, or its handles are larger than expected.
    pub(crate) fn find() -> Option<Self> {
        // SAFETY: libuv documents this type for the name, and keeps it through version 1; so for all of these.
        let handle_size: unsafe extern "C" fn(c_uint) -> usize =
            unsafe { find(c"uv_handle_size") }?;
        let fits = |kind| {
            // SAFETY: takes a number and gives one.
            unsafe { handle_size(kind) <= size_of::<Handle>() }
        };
        if ![POLL, PREPARE, CHECK].into_iter().all(fits) {
            return None;
        }
        Some(Self {
            // SAFETY: as above.
            poll_init: unsafe { find(c"uv_poll_init") }?,
            // SAFETY: as above.
            poll_start: unsafe { find(c"uv_poll_start") }?,
            // SAFETY: as above.
            prepare_init: unsafe { find(c"uv_prepare_init") }?,
            // SAFETY: as above.
            prepare_start: unsafe { find(c"uv_prepare_start") }?,
            // SAFETY: as above.
            check_init: unsafe { find(c"uv_check_init") }?,
            // SAFETY: as above.
            check_start: unsafe { find(c"uv_check_start") }?,
            // SAFETY: as above.
            set_data: unsafe { find(c"uv_handle_set_data") }?,
            // SAFETY: as above.
            unref: unsafe { find(c"uv_unref") }?,
            // SAFETY: as above.
            close: unsafe { find(c"uv_close") }?,
        })
    }
}

/// The function of that name.
///
/// # Safety
///
/// `F` must be the type of a function pointer, and that of the function which the program has under this name.
pub(crate) unsafe fn find<F: Copy>(name: &CStr) -> Option<F> {
    const {
        assert!(
            size_of::<F>() == size_of::<*mut c_void>(),
            "a function pointer is as wide as a pointer"
        );
    };
    let address = look_up(name);
    // SAFETY: by the caller's promise `F` is a function pointer, and the address that of such a function.
    (!address.is_null()).then(|| unsafe { ptr::from_ref(&address).cast::<F>().read() })
}
