//! Starting helpers, and waiting with a watchdog instead of a maximum duration.

use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use millrace_core::testing::sys::{Child, Control, Exit, Family, Launch, Poller, Received, launch};
use rustix::io::FdFlags;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// Nothing here takes a second; a test that waits this long has failed.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Which part this test program plays when it starts itself.
const ROLE: &str = "MILLRACE_TEST_ROLE";

pub(crate) fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// Sends a message to the starter.
const SAY: &str = if cfg!(millrace_system = "linux") {
    r#"say() { printf %s "$1" >&3; }"#
} else {
    r#"say() { printf %08x%s ${#1} "$1" >&3; }"#
};

/// A script that can `say` something.
pub(crate) fn shell(script: &str) -> Launch {
    Launch {
        program: c("/bin/sh"),
        args: vec![c("sh"), c("-c"), c(&format!("{SAY}; {script}"))],
        env: vec![c("PATH=/usr/bin:/bin")],
        ..Launch::default()
    }
}

/// This test program, running the test `entry`, which finds `role` in [`self::role`].
pub(crate) fn myself(entry: &str, role: &str) -> Launch {
    let program = c(std::env::current_exe().unwrap().to_str().unwrap());
    // The tests of a run are counted by what it prints. The other program prints counts too, which go elsewhere.
    let errors = || std::io::stderr().as_fd().try_clone_to_owned().unwrap();
    let outputs = self::role().is_none().then(|| Arc::new([errors(), errors()]));
    Launch {
        outputs,
        args: vec![
            program.clone(),
            c(entry),
            c("--exact"),
            c("--nocapture"),
            c("--test-threads=1"),
        ],
        program,
        env: vec![c("PATH=/usr/bin:/bin"), c(&format!("{ROLE}={role}"))],
        ..Launch::default()
    }
}

pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

pub(crate) fn start(what: &Launch) -> (Child, Control) {
    let (ours, theirs) = Control::pair().unwrap();
    (launch(what, theirs, &Family::new().unwrap()).unwrap(), ours)
}

/// Runs a script and returns the first message it writes to descriptor 3.
pub(crate) fn answer(what: &Launch) -> String {
    let (child, control) = start(what);
    let text = next_text(&control);
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
    text
}

pub(crate) fn next_text(control: &Control) -> String {
    match next_message(control) {
        Received::Message(bytes, _) => String::from_utf8(bytes).unwrap(),
        other => panic!("expected a message, not {other:?}"),
    }
}

pub(crate) fn next_message(control: &Control) -> Received {
    until_readable(control);
    control.try_recv().unwrap()
}

pub(crate) fn exit_of(child: &Child) -> Exit {
    until_readable(child);
    child.reap().unwrap()
}

pub(crate) fn until_readable(what: &impl AsFd) {
    let poller = Poller::new().unwrap();
    poller.add(what.as_fd(), 1).unwrap();
    let mut ready = Vec::new();
    poller.wait(&mut ready, Some(WATCHDOG)).unwrap();
    assert_eq!(ready, [1], "the watchdog bit");
}

/// Becomes readable when the process is dead.
pub(crate) fn watch(pid: u32) -> OwnedFd {
    pidfd_open(Pid::from_raw(pid.cast_signed()).unwrap(), PidfdFlags::empty()).unwrap()
}

/// A copy that every process started from now on inherits, numbered `lowest` or above.
pub(crate) fn inheritable_copy(fd: &impl AsFd, lowest: i32) -> OwnedFd {
    let copy = rustix::io::fcntl_dupfd_cloexec(fd, lowest).unwrap();
    rustix::io::fcntl_setfd(&copy, FdFlags::empty()).unwrap();
    copy
}
