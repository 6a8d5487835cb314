//! V8 reports that the heap is used up. The process will abort, and the parent has to know why.
#![expect(unsafe_code, reason = "calls V8's functions by their addresses")]

use std::ffi::{c_char, c_void};
use std::sync::OnceLock;

use millrace_core::endpoint::StatusBlock;

use crate::symbols::find;

/// `v8::NearHeapLimitCallback`: gives the new limit.
type OnNearLimit =
    unsafe extern "C" fn(data: *mut c_void, limit: usize, first_limit: usize) -> usize;

/// The names of V8's methods, as the compiler of the program has written them.
#[cfg(unix)]
mod name {
    use std::ffi::CStr;

    /// `v8::Isolate::GetCurrent`.
    pub(super) const GET_CURRENT: &CStr = c"_ZN2v87Isolate10GetCurrentEv";
    /// `v8::Isolate::AddNearHeapLimitCallback`.
    pub(super) const ADD: &CStr = c"_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_";
}
#[cfg(windows)]
mod name {
    use std::ffi::CStr;

    pub(super) const GET_CURRENT: &CStr = c"?GetCurrent@Isolate@v8@@SAPEAV12@XZ";
    pub(super) const ADD: &CStr = c"?AddNearHeapLimitCallback@Isolate@v8@@QEAAXP6A_KPEAX_K1@Z0@Z";
}

/// `v8::OOMErrorCallback`, the last thing that V8 calls before the process ends.
type OnOutOfMemory = unsafe extern "C" fn(location: *const c_char, details: *const Details);

/// The beginning of `v8::OOMDetails`. V8 may only add to its end.
#[repr(C)]
struct Details {
    is_heap_oom: bool,
}

/// What the handler needs. V8 passes no data to it.
struct Watch {
    status: StatusBlock,
    /// Node's own handler, which prints the report and ends the process.
    node: OnOutOfMemory,
}

static WATCH: OnceLock<Watch> = OnceLock::new();

/// Writes to `status` when the heap of the calling thread is used up, and also its limit if `notes_limit`. Does nothing if V8's
/// functions are missing.
pub(crate) fn watch(status: &StatusBlock, notes_limit: bool) {
    // SAFETY: `v8::Isolate::GetCurrent`, a static method that gives a pointer.
    let current: Option<unsafe extern "C" fn() -> *mut c_void> = unsafe { find(name::GET_CURRENT) };
    let Some(current) = current else { return };
    // SAFETY: it looks at a variable of the thread.
    let isolate = unsafe { current() };
    if isolate.is_null() {
        return;
    }
    replace_handler(isolate, status);
    if notes_limit {
        note_limit(isolate, status);
    }
}

/// Puts a handler in front of Node's. On Windows Node does not show its own. There a process that has come close to its limit and then
/// aborts counts as one without memory.
fn replace_handler(isolate: *mut c_void, status: &StatusBlock) {
    // SAFETY: `v8::Isolate::SetOOMErrorHandler`; methods are functions that take the object first.
    let set: Option<unsafe extern "C" fn(*mut c_void, OnOutOfMemory)> =
        unsafe { find(c"_ZN2v87Isolate18SetOOMErrorHandlerEPFvPKcRKNS_10OOMDetailsEE") };
    // SAFETY: `node::OOMErrorHandler`, which Node gives to V8 under the type of such handlers.
    let node: Option<OnOutOfMemory> =
        unsafe { find(c"_ZN4node15OOMErrorHandlerEPKcRKN2v810OOMDetailsE") };
    let (Some(set), Some(node)) = (set, node) else { return };
    if WATCH.set(Watch { status: status.clone(), node }).is_ok() {
        status.watch_memory();
        // SAFETY: the isolate is that of this thread; the handler has the type that V8 asks for.
        unsafe { set(isolate, on_out_of_memory) };
    }
}

fn note_limit(isolate: *mut c_void, status: &StatusBlock) {
    // SAFETY: `v8::Isolate::AddNearHeapLimitCallback`; methods are functions that take the object first.
    let add: Option<unsafe extern "C" fn(*mut c_void, OnNearLimit, *mut c_void)> =
        unsafe { find(name::ADD) };
    let Some(add) = add else { return };
    // The isolate lives as long as the process, and so does what it is given.
    let data = std::ptr::from_mut(Box::leak(Box::new(status.clone()))).cast();
    // SAFETY: the isolate is that of this thread; the callback has the type that V8 asks for, and `data` is never freed.
    unsafe { add(isolate, on_near_limit, data) };
}

/// Within a garbage collection: nothing is allocated, and the limit stays as it is.
unsafe extern "C" fn on_near_limit(data: *mut c_void, limit: usize, _first_limit: usize) -> usize {
    // SAFETY: `note_limit` gave a status block that is never freed.
    let status = unsafe { &*data.cast::<StatusBlock>() };
    status.note_memory_limit(limit);
    limit
}

unsafe extern "C" fn on_out_of_memory(location: *const c_char, details: *const Details) {
    // V8 calls it after `replace_handler` only.
    let Some(watch) = WATCH.get() else { return };
    // SAFETY: V8 passes a reference, which is a pointer that is not null.
    if unsafe { (*details).is_heap_oom } {
        watch.status.note_out_of_memory();
    }
    // SAFETY: both are what V8 has passed.
    unsafe { (watch.node)(location, details) };
}
