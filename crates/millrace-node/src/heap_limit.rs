//! Hears from V8 that the heap is about to exceed its limit: the process will abort, and the parent is to know why.
#![expect(unsafe_code, reason = "calls V8's functions by their addresses")]

use std::ffi::c_void;
use std::ptr;

use millrace_core::segment::Segment;

use crate::libuv::find;

/// `v8::NearHeapLimitCallback`: gives the new limit.
type OnNearLimit =
    unsafe extern "C" fn(data: *mut c_void, limit: usize, first_limit: usize) -> usize;

/// Notes in `segment` when the heap of the calling thread is near its limit. Nothing happens where V8 cannot be asked.
pub(crate) fn watch(segment: &Segment) {
    // SAFETY: `v8::Isolate::GetCurrent`, a static method that gives a pointer.
    let current: Option<unsafe extern "C" fn() -> *mut c_void> =
        unsafe { find(c"_ZN2v87Isolate10GetCurrentEv") };
    // SAFETY: `v8::Isolate::AddNearHeapLimitCallback`; where methods are functions that take the object first, as on Linux.
    let add: Option<unsafe extern "C" fn(*mut c_void, OnNearLimit, *mut c_void)> =
        unsafe { find(c"_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_") };
    let (Some(current), Some(add)) = (current, add) else { return };
    // SAFETY: it looks at a variable of the thread.
    let isolate = unsafe { current() };
    if isolate.is_null() {
        return;
    }
    // The isolate lives as long as the process, and so does what it is given.
    let data = ptr::from_mut(Box::leak(Box::new(segment.clone()))).cast();
    // SAFETY: the isolate is that of this thread; the callback has the type that V8 asks for, and `data` is never freed.
    unsafe { add(isolate, on_near_limit, data) };
}

/// Within a garbage collection: nothing is allocated, and the limit stays as it is.
unsafe extern "C" fn on_near_limit(data: *mut c_void, limit: usize, _first_limit: usize) -> usize {
    // SAFETY: `watch` gave a segment that is never freed.
    let segment = unsafe { &*data.cast::<Segment>() };
    segment.note_memory_limit(limit);
    limit
}
