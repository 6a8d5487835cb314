//! The file this code was loaded from, and the functions of the running program.
#![expect(unsafe_code, reason = "calls the loader")]

use std::ffi::{CStr, OsString, c_void};
use std::io;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;
use std::ptr;

use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
    GetModuleFileNameW, GetModuleHandleExW, GetModuleHandleW, GetProcAddress,
};

use super::handle::check;

/// No path is longer, in characters.
const PATH_MAX: usize = 32_768;

/// The file this code was loaded from: the `.node` library, or the program it is linked into.
///
/// # Errors
/// What the system reports.
pub fn library_path() -> io::Result<PathBuf> {
    let own = library_path as fn() -> io::Result<PathBuf>;
    let mut module = ptr::null_mut();
    let flags =
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    // SAFETY: with this flag any address may be passed in the place of a name, and it writes to `module`, which lives until then.
    check(unsafe { GetModuleHandleExW(flags, own as *const u16, &raw mut module) })?;
    let mut path = vec![0; PATH_MAX];
    // SAFETY: writes at most as many characters as `path` has. The module contains this code, so it is not unloaded.
    let length = unsafe { GetModuleFileNameW(module, path.as_mut_ptr(), PATH_MAX as u32) };
    if length == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(PathBuf::from(OsString::from_wide(&ordinary(&path[..length as usize]))))
}

/// The path without the prefix by which Node passes it to the loader, so that two names of one file are the same.
fn ordinary(path: &[u16]) -> Vec<u16> {
    let after = |prefix: &str| {
        let prefix: Vec<u16> = prefix.encode_utf16().collect();
        path.strip_prefix(prefix.as_slice())
    };
    if let Some(share) = after(r"\\?\UNC\") {
        return r"\\".encode_utf16().chain(share.iter().copied()).collect();
    }
    after(r"\\?\").unwrap_or(path).to_vec()
}

/// The address of a function of the running program. Null if it does not export it.
pub fn look_up(name: &CStr) -> *mut c_void {
    // SAFETY: null stands for the program itself, which is never unloaded.
    let program = unsafe { GetModuleHandleW(ptr::null()) };
    // SAFETY: `name` ends in NUL and lives until the call returns.
    let found = unsafe { GetProcAddress(program, name.as_ptr().cast()) };
    found.map_or(ptr::null_mut(), |function| function as *mut c_void)
}

/// Handles have no numbers that other code could hit by chance.
pub const fn make_room_for_descriptors() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_its_ordinary_form() {
        for (given, wanted) in [
            (r"\\?\C:\a\b.node", r"C:\a\b.node"),
            (r"\\?\UNC\host\share\b.node", r"\\host\share\b.node"),
            (r"C:\a\b.node", r"C:\a\b.node"),
        ] {
            let given: Vec<u16> = given.encode_utf16().collect();
            assert_eq!(String::from_utf16(&ordinary(&given)).unwrap(), wanted);
        }
    }
}
