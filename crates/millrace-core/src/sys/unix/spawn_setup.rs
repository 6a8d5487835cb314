//! What `posix_spawn` takes: attributes and file actions, as owned values.
#![expect(unsafe_code, reason = "fills the C library's structures")]

use std::ffi::{CStr, c_int, c_short};
use std::io;
use std::mem::MaybeUninit;

use super::{signals, symbols};

/// A new process group, no signal blocked, every signal at its default.
pub(super) struct Attributes(Box<libc::posix_spawnattr_t>);

impl Attributes {
    pub(super) fn new() -> io::Result<Self> {
        let mut raw = Box::new(MaybeUninit::zeroed());
        // SAFETY: writes to `raw`, which lives until the call returns.
        check(unsafe { libc::posix_spawnattr_init(raw.as_mut_ptr()) })?;
        // SAFETY: `posix_spawnattr_init` succeeded, so the structure is initialised.
        let mut attributes = Self(unsafe { raw.assume_init() });
        let raw = &raw mut *attributes.0;
        let (none, all) = (signals::empty_set(), signals::full_set());
        // SAFETY: `raw` is initialised; the call copies `none`.
        check(unsafe { libc::posix_spawnattr_setsigmask(raw, &raw const none) })?;
        // SAFETY: `raw` is initialised; the call copies `all`.
        check(unsafe { libc::posix_spawnattr_setsigdefault(raw, &raw const all) })?;
        // SAFETY: `raw` is initialised; group 0 stands for the child's own.
        check(unsafe { libc::posix_spawnattr_setpgroup(raw, 0) })?;
        // What others left open without close-on-exec is closed too.
        #[cfg(target_os = "macos")]
        let closing = libc::POSIX_SPAWN_CLOEXEC_DEFAULT;
        #[cfg(not(target_os = "macos"))]
        let closing = 0;
        let flags = libc::POSIX_SPAWN_SETPGROUP
            | libc::POSIX_SPAWN_SETSIGMASK
            | libc::POSIX_SPAWN_SETSIGDEF
            | closing;
        // SAFETY: `raw` is initialised.
        check(unsafe { libc::posix_spawnattr_setflags(raw, flags as c_short) })?;
        Ok(attributes)
    }

    pub(super) fn as_ptr(&self) -> *const libc::posix_spawnattr_t {
        &raw const *self.0
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once.
        unsafe { libc::posix_spawnattr_destroy(&raw mut *self.0) };
    }
}

/// What the child does with descriptors and directory before the program starts, in the order given.
pub(super) struct FileActions(Box<libc::posix_spawn_file_actions_t>);

impl FileActions {
    pub(super) fn new() -> io::Result<Self> {
        let mut raw = Box::new(MaybeUninit::zeroed());
        // SAFETY: writes to `raw`, which lives until the call returns.
        check(unsafe { libc::posix_spawn_file_actions_init(raw.as_mut_ptr()) })?;
        // SAFETY: `posix_spawn_file_actions_init` succeeded, so the structure is initialised.
        Ok(Self(unsafe { raw.assume_init() }))
    }

    pub(super) fn open(&mut self, fd: c_int, path: &CStr, flags: c_int) -> io::Result<()> {
        // SAFETY: the actions are initialised; the call copies `path`.
        check(unsafe {
            libc::posix_spawn_file_actions_addopen(&raw mut *self.0, fd, path.as_ptr(), flags, 0)
        })
    }

    /// `from` must differ from `to`: only then is the copy not close-on-exec.
    pub(super) fn copy(&mut self, from: c_int, to: c_int) -> io::Result<()> {
        // SAFETY: the actions are initialised; the descriptors are numbers that only the child looks at.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut *self.0, from, to) })
    }

    pub(super) fn change_directory(&mut self, path: &CStr) -> io::Result<()> {
        let Some(add_chdir) = symbols::add_chdir() else {
            let why = "this C library cannot start a process in another working directory";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        };
        // SAFETY: the actions are initialised; the call copies `path`.
        check(unsafe { add_chdir(&raw mut *self.0, path.as_ptr()) })
    }

    /// Closes what others left open without close-on-exec, where the C library can.
    pub(super) fn close_from(&mut self, lowest: c_int) -> io::Result<()> {
        let Some(add_close_from) = symbols::add_close_from() else { return Ok(()) };
        // SAFETY: the actions are initialised.
        check(unsafe { add_close_from(&raw mut *self.0, lowest) })
    }

    pub(super) fn as_ptr(&self) -> *const libc::posix_spawn_file_actions_t {
        &raw const *self.0
    }
}

impl Drop for FileActions {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, destroyed once.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut *self.0) };
    }
}

/// These functions return the error instead of setting `errno`.
pub(super) fn check(error: c_int) -> io::Result<()> {
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}
