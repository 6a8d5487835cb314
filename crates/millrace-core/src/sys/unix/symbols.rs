//! Looking up symbols at run time: functions that newer C libraries have, and the file this code was loaded from.
#![expect(unsafe_code, reason = "calls the dynamic linker")]

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use libc::posix_spawn_file_actions_t as Actions;

/// `posix_spawn_file_actions_addchdir_np`: glibc 2.29, musl 1.1.24.
pub(super) type AddChdir = unsafe extern "C" fn(*mut Actions, *const c_char) -> c_int;

/// `posix_spawn_file_actions_addclosefrom_np`: glibc 2.34.
pub(super) type AddCloseFrom = unsafe extern "C" fn(*mut Actions, c_int) -> c_int;

pub(super) fn add_chdir() -> Option<AddChdir> {
    let symbol = look_up(c"posix_spawn_file_actions_addchdir_np");
    // SAFETY: an optional function pointer is a pointer that may be null, and the C library documents this type for the name.
    unsafe { (&raw const symbol).cast::<Option<AddChdir>>().read() }
}

pub(super) fn add_close_from() -> Option<AddCloseFrom> {
    let symbol = look_up(c"posix_spawn_file_actions_addclosefrom_np");
    // SAFETY: as in `add_chdir`.
    unsafe { (&raw const symbol).cast::<Option<AddCloseFrom>>().read() }
}

/// The file this code was loaded from: the `.node` library, or the program it is linked into.
///
/// # Errors
/// `NotFound` when the dynamic linker does not know it.
pub fn library_path() -> io::Result<PathBuf> {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    let own = library_path as fn() -> io::Result<PathBuf>;
    // SAFETY: `dladdr` takes any address and writes only to `info`, which lives until the call returns.
    let found = unsafe { libc::dladdr(own as *const _, info.as_mut_ptr()) };
    // SAFETY: all zeros are a valid `Dl_info`, so it is initialised whether or not the call wrote to it.
    let name = unsafe { info.assume_init() }.dli_fname;
    if found == 0 || name.is_null() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the dynamic linker does not know this library",
        ));
    }
    // SAFETY: `dladdr` gives a string that lives as long as the library, which contains this code.
    let name = unsafe { CStr::from_ptr(name) };
    let path = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    // A program's name is as it was called; a library that Node loads always has its whole path.
    if path.is_absolute() { Ok(path) } else { path.canonicalize() }
}

/// The address of a symbol in the running program and its libraries. Null if none of them has it.
pub fn look_up(name: &CStr) -> *mut libc::c_void {
    // SAFETY: `name` ends in NUL and lives until the call returns.
    unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) }
}
