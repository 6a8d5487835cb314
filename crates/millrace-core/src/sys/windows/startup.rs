//! How a worker finds its end of the control channel: by bytes that its parent passes with the start, as C libraries pass the
//! descriptors of a parent. They are in no environment and no command line, and no further process gets them.
#![expect(unsafe_code, reason = "reads the information that a process was started with")]

use std::ptr;

use windows_sys::Win32::System::Threading::{GetStartupInfoW, STARTUPINFOW};

/// No descriptors of the C library, which stops reading after this count.
const NO_DESCRIPTORS: [u8; 4] = [0; 4];
const NAME: &[u8; 8] = b"millrace";
const BYTES: usize = NO_DESCRIPTORS.len() + NAME.len() + size_of::<u64>();

/// The bytes that carry the number of a handle.
pub(super) fn bytes_of(handle: u64) -> Vec<u8> {
    [&NO_DESCRIPTORS[..], NAME, &handle.to_le_bytes()].concat()
}

/// The number of the handle that the parent has passed. `None` in a process that is no worker.
pub(super) fn passed_handle() -> Option<u64> {
    let mut information = STARTUPINFOW::default();
    // SAFETY: writes to `information`, which lives until it returns.
    unsafe { GetStartupInfoW(&raw mut information) };
    if information.lpReserved2.is_null() || usize::from(information.cbReserved2) != BYTES {
        return None;
    }
    let mut bytes = [0; BYTES];
    // SAFETY: there are as many bytes as the information says, for the whole life of the process.
    unsafe { ptr::copy_nonoverlapping(information.lpReserved2, bytes.as_mut_ptr(), BYTES) };
    let (name, handle) = bytes[NO_DESCRIPTORS.len()..].split_at(NAME.len());
    (name == NAME).then(|| handle.try_into().ok().map(u64::from_le_bytes)).flatten()
}
