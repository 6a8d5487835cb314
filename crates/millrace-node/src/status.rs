//! The status block as a typed array over the shared memory itself.
#![expect(unsafe_code, reason = "Node-API takes external memory by its address")]

use millrace_core::channel::segment::{STATUS_WORDS, Segment};
use napi::bindgen_prelude::Int32Array;

/// A view of the status block; it keeps the memory mapped as long as JavaScript holds it.
pub(crate) fn view(segment: &Segment) -> Int32Array {
    let owner = segment.clone();
    let words = segment.word(0).as_ptr().cast::<i32>();
    // SAFETY: the status block is `STATUS_WORDS` words long and aligned for them, and `owner` keeps it mapped until the
    // array is collected. Other processes write it: JavaScript uses it by `Atomics` alone.
    unsafe { Int32Array::with_external_data(words, STATUS_WORDS, move |_, _| drop(owner)) }
}
