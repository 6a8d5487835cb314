//! Starting a process: no code of ours runs between fork and exec, whatever the size of this process.
#![expect(unsafe_code, reason = "calls posix_spawn")]

use std::ffi::{CStr, CString, OsStr, c_char};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use rustix::process::Pid;

use super::child::Child;
use super::control::Control;
use super::descriptor;
use super::spawn_setup::{Attributes, FileActions, check};
use crate::sys::machine::{affinity_of, set_affinity_of_current_thread};
use crate::sys::system::{kill_at_end_of, reopen};
use crate::sys::types::{CONTROL_FD, Family, Launch};

/// Starts a process: leader of its own group, signals at default, `/dev/null` as standard input, `control` as descriptor 3,
/// and pinned to `launch.cpus` with every thread it will ever have. When the other end of `control` is closed, or sends
/// anything from now on, the system kills the group, whatever state it is in.
///
/// Call it on a separate thread: the calling thread is pinned meanwhile, and gets its old affinity back afterwards.
///
/// # Errors
/// `NotFound` and others for a program or directory that cannot be used, which the message names; `Unsupported` for a working
/// directory if the C library has no function for it (glibc before 2.29); the error of the system if it refuses the CPUs.
pub fn launch(launch: &Launch, control: Control, _family: &Family) -> io::Result<Child> {
    let socket = descriptor::copy(&control)?;
    drop(control);
    let attributes = Attributes::new()?;
    let outputs = outputs(launch);
    let actions = file_actions(launch, socket.as_raw_fd(), &outputs)?;
    let (args, env) = (pointers(&launch.args), pointers(&launch.env));
    let mut pid = 0;

    let pinned = Pinned::to(&launch.cpus)?;
    // SAFETY: every pointer is to something that lives until the call returns; the arrays end in null, their strings in NUL.
    let error = unsafe {
        libc::posix_spawnp(
            &raw mut pid,
            launch.program.as_ptr(),
            actions.as_ptr(),
            attributes.as_ptr(),
            args.as_ptr(),
            env.as_ptr(),
        )
    };
    drop(pinned);

    check(error).map_err(|error| explain(launch, &error))?;
    let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::other("the new process has no id"))?;
    // This comes first: if the program ignores SIGCHLD, a process that ends at once leaves nothing to adopt.
    let child = Child::adopt(pid);
    kill_at_end_of(&socket, pid);
    child
}

/// This process's output and error streams, with flags of their own where that can be; Node marks the originals close-on-exec.
/// None: to nowhere.
fn outputs(launch: &Launch) -> [Option<OwnedFd>; 2] {
    let copy = |fd: BorrowedFd<'_>| descriptor::copy(fd).ok();
    let own = |fd: BorrowedFd<'_>| match reopen(fd) {
        Some(opened) => copy(opened.as_fd()),
        None => copy(fd),
    };
    match launch.outputs.as_deref() {
        Some([output, error]) => [copy(output.as_fd()), copy(error.as_fd())],
        None if launch.quiet => [None, None],
        None => [own(io::stdout().as_fd()), own(io::stderr().as_fd())],
    }
}

fn file_actions(
    launch: &Launch,
    socket: i32,
    outputs: &[Option<OwnedFd>; 2],
) -> io::Result<FileActions> {
    let mut actions = FileActions::new()?;
    actions.copy(socket, CONTROL_FD)?;
    actions.open(0, c"/dev/null", libc::O_RDONLY)?;
    for (fd, output) in (1..).zip(outputs) {
        match output {
            Some(output) => actions.copy(output.as_raw_fd(), fd)?,
            None => actions.open(fd, c"/dev/null", libc::O_WRONLY)?,
        }
    }
    if let Some(cwd) = &launch.cwd {
        actions.change_directory(cwd)?;
    }
    actions.close_from(CONTROL_FD + 1)?;
    Ok(actions)
}

/// The array C functions want: a pointer for each string, then null. `posix_spawn` does not write through them.
fn pointers(strings: &[CString]) -> Vec<*mut c_char> {
    strings.iter().map(|string| string.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect()
}

/// The system gives one number for either of two paths.
fn explain(launch: &Launch, error: &io::Error) -> io::Error {
    let name = match &launch.cwd {
        Some(cwd) if !path_of(cwd).is_dir() => cwd,
        _ => &launch.program,
    };
    io::Error::new(error.kind(), format!("{}: {error}", path_of(name).display()))
}

fn path_of(string: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(string.to_bytes()))
}

/// The calling thread on other CPUs, until dropped.
struct Pinned {
    before: Vec<u32>,
}

impl Pinned {
    /// `None` for no CPUs: the thread stays as it is.
    fn to(cpus: &[u32]) -> io::Result<Option<Self>> {
        if cpus.is_empty() {
            return Ok(None);
        }
        let before = affinity_of(0)?;
        set_affinity_of_current_thread(cpus)?;
        Ok(Some(Self { before }))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The system refuses only if the administrator has removed all these CPUs in the meantime.
        let _ = set_affinity_of_current_thread(&self.before);
    }
}
