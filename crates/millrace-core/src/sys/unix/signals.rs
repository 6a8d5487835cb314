//! Signals of this process and of its threads.
#![expect(unsafe_code, reason = "changes signal actions and masks")]

use std::mem::MaybeUninit;
use std::ptr;

/// Sets the signals of a worker, which leads a process group of its own in the background of its parent's terminal.
///
/// - SIGINT is ignored. A Ctrl-C does not reach it there, but a signal to all processes does, and the parent decides.
/// - SIGTTOU and SIGTTIN are ignored: with `stty tostop` the first line of a task would stop the process for good, and so would
///   reading from the terminal, which is an error now.
/// - SIGTERM ends it without a handler, until the worker has one: Node's would reset the terminal's modes.
pub fn set_worker_signals() {
    set_action(libc::SIGINT, libc::SIG_IGN);
    set_action(libc::SIGTTOU, libc::SIG_IGN);
    set_action(libc::SIGTTIN, libc::SIG_IGN);
    set_action(libc::SIGTERM, libc::SIG_DFL);
}

fn set_action(signal: libc::c_int, handler: libc::sighandler_t) {
    // SAFETY: all zeros are a valid `sigaction`: no handler, no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler;
    // SAFETY: `action` lives until the call returns, and nothing is written because the old action is not asked for.
    unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
}

/// Whether a signal is one that a process brings upon itself: its end by such a one is the doing of its own program.
pub fn is_self_inflicted(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGILL
            | libc::SIGTRAP
            | libc::SIGABRT
            | libc::SIGBUS
            | libc::SIGFPE
            | libc::SIGSEGV
            | libc::SIGSYS
            | libc::SIGXCPU
            | libc::SIGXFSZ
            | libc::SIGPIPE
    )
}

/// Runs `work` while the calling thread takes no signals, so that a thread it starts never takes any.
pub fn with_signals_blocked<R>(work: impl FnOnce() -> R) -> R {
    let _restored_on_drop = Blocked::new();
    work()
}

/// The mask to go back to.
struct Blocked(libc::sigset_t);

impl Blocked {
    fn new() -> Self {
        let all = full_set();
        let mut before = empty_set();
        // SAFETY: both sets live until the call returns; it fails only for an unknown first argument.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, &raw mut before) };
        Self(before)
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: the set lives until the call returns, and nothing is written because the old mask is not asked for.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

/// The set of no signal.
pub(super) fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: writes to `set`, which lives until the call returns.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: every byte was zeroed, then `sigemptyset` made it a set.
    unsafe { set.assume_init() }
}

/// The set of all signals, without those the C library keeps for itself.
pub(super) fn full_set() -> libc::sigset_t {
    let mut set = MaybeUninit::zeroed();
    // SAFETY: writes to `set`, which lives until the call returns.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    // SAFETY: every byte was zeroed, then `sigfillset` made it a set.
    unsafe { set.assume_init() }
}
