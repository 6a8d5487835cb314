//! The status block as a typed array over the shared memory itself.
#![expect(unsafe_code, reason = "Node-API takes external memory by its address")]

use millrace_core::endpoint::StatusBlock;
use napi::bindgen_prelude::Int32Array;

/// A view of the status block; it keeps the memory mapped as long as JavaScript holds it.
pub(crate) fn view(owner: StatusBlock) -> Int32Array {
    let words = owner.as_ptr().cast::<i32>();
    // SAFETY: the status block is `StatusBlock::WORDS` words long and aligned for them, and `owner` keeps it mapped until the
    // array is collected. Other processes write it: JavaScript uses it by `Atomics` alone.
    unsafe { Int32Array::with_external_data(words, StatusBlock::WORDS, move |_, _| drop(owner)) }
}
