//! Functions of the running program, looked up at run time because the program need not be Node.
#![expect(unsafe_code, reason = "turns addresses into functions")]

use std::ffi::{CStr, c_void};
use std::ptr;

use millrace_core::host::look_up;

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
