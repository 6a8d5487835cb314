//! A worker reads its handshake, and never outlives its parent.
#![expect(
    clippy::zombie_processes,
    reason = "what is left behind on purpose is killed by the library, or by its test"
)]

use std::hint::black_box;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use millrace_core::testing::lifeline::{Extras, send_handshake, start};
use millrace_core::testing::sys::{
    Bell, Control, Exit, Family, Launch, SharedMemory, launch, set_worker_signals,
};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::support::{
    exit_of, inheritable_copy, myself, next_text, role, shell, until_readable, watch,
};

const LEN: usize = 1 << 16;
const ENTRY: &str = "lifeline::entry";

/// Not a test of its own: what this program does when a test below starts it.
#[test]
fn entry() {
    match role().as_deref() {
        Some("reader") => read_hello(),
        Some("busy") => be_busy(),
        Some("parent") => parent_of_busy(false),
        Some("forked parent") => parent_of_busy(true),
        Some("stopping parent") => parent_of_stopped(),
        Some("stranger") => {
            assert_eq!(start(LEN).unwrap_err().kind(), ErrorKind::InvalidData);
        }
        Some("small") => {
            assert!(start(LEN * 2).is_err());
            park();
        }
        Some("alone") => assert_eq!(start(LEN).unwrap_err().kind(), ErrorKind::NotFound),
        Some(other) => panic!("no such role: {other}"),
        None => {}
    }
}

fn park() -> ! {
    loop {
        std::thread::park();
    }
}

fn read_hello() -> ! {
    let (handshake, lifeline) = start(LEN).unwrap();
    assert_eq!(start(LEN).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(
        (handshake.config.as_slice(), handshake.memory.size()),
        (b"the config".as_slice(), LEN)
    );
    handshake.to_worker.wait();
    handshake.to_parent[0].notify();
    lifeline.send_error(&"ä".repeat(20_000));
    park();
}

/// Says its own number and that of a child, then never yields. Ignores what Ctrl-C sends.
fn be_busy() -> ! {
    let _held = start(LEN).unwrap();
    set_worker_signals();
    let child = Command::new("sleep").arg("1000").spawn().unwrap();
    println!("\nbusy {}\nbusy {}", std::process::id(), child.id());
    std::io::stdout().flush().unwrap();
    loop {
        black_box(());
    }
}

/// Starts a busy worker and waits to be killed, after leaving somebody who holds its sockets open, if asked.
fn parent_of_busy(leave_a_copy: bool) -> ! {
    let (_child, control, _bells) = start_worker(&myself(ENTRY, "busy"));
    if leave_a_copy {
        // What `fork` would leave. `_inheritable` closes with this process, the copy's own does not.
        let _inheritable = inheritable_copy(&control, 60);
        let copy = Command::new("sleep").arg("1000").process_group(0).spawn().unwrap();
        println!("\ncopy {}", copy.id());
        park();
    }
    park();
}

/// Starts a worker that is stopped, and waits to be killed.
fn parent_of_stopped() -> ! {
    let (child, _control, _bells) = start_worker(&shell(STOPS_ITSELF));
    until_stopped(child.pid());
    println!("\nbusy {}", child.pid());
    park();
}

fn start_worker(what: &Launch) -> (millrace_core::testing::sys::Child, Control, [Bell; 2]) {
    let (ours, theirs) = Control::pair().unwrap();
    let (_memory, fd) = SharedMemory::create(LEN).unwrap();
    let bells = [Bell::new().unwrap(), Bell::new().unwrap()];
    send_handshake(&ours, b"the config", &fd, &bells[0], [&bells[1], &bells[1]], Extras::default())
        .unwrap();
    (launch(what, theirs, &Family::new().unwrap()).unwrap(), ours, bells)
}

#[test]
fn a_worker_reads_its_hello_and_sends_its_error() {
    let (child, control, [to_worker, to_parent]) = start_worker(&myself(ENTRY, "reader"));
    to_worker.notify();
    to_parent.wait();
    assert_eq!(next_text(&control), "ä".repeat(16 * 1024));
    assert_eq!(child.reap(), None);
    drop(control);
    assert_eq!(exit_of(&child), Exit { code: None, signal: Some(9) });
}

#[test]
fn a_process_that_is_no_worker_has_nothing_to_hold() {
    let (ours, theirs) = Control::pair().unwrap();
    ours.send(b"not a hello", &[]).unwrap();
    let child = launch(&myself(ENTRY, "stranger"), theirs, &Family::new().unwrap()).unwrap();
    assert!(next_text(&ours).contains("unknown byte"));
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
}

/// No worker at all but its connection, as before a worker's first instruction: nothing here listens on descriptor 3.
const STOPS_ITSELF: &str = "sleep 1000 & kill -STOP $$; sleep 1000";

/// For children of this process alone.
fn until_stopped(pid: u32) {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
    let id = WaitId::Pid(Pid::from_raw(pid.cast_signed()).unwrap());
    assert!(waitid(id, options).unwrap().is_some_and(|status| status.stopped()));
}

// The system wakes a stopped process whose parent dies, but not in each case. Here the parent lives, so it never does: what
// ends the process must be the connection alone.
#[test]
#[cfg_attr(
    not(millrace_system = "linux"),
    ignore = "no system but Linux kills a stopped process when a socket ends"
)]
fn a_stopped_worker_ends_with_its_connection() {
    let (child, control, _bells) = start_worker(&shell(STOPS_ITSELF));
    until_stopped(child.pid());
    assert_eq!(child.reap(), None);
    drop(control);
    assert_eq!(exit_of(&child), Exit { code: None, signal: Some(9) });
}

#[test]
#[cfg_attr(
    not(millrace_system = "linux"),
    ignore = "no system but Linux kills a stopped process when a socket ends"
)]
fn a_stopped_worker_ends_when_its_parent_hangs_up() {
    let (child, control, _bells) = start_worker(&shell(STOPS_ITSELF));
    until_stopped(child.pid());
    control.hang_up();
    assert_eq!(exit_of(&child), Exit { code: None, signal: Some(9) });
}

#[test]
fn a_killed_parent_takes_a_stopped_worker_along() {
    let mut parent = run_as("stopping parent");
    let watched = watch(numbers(&mut parent, 1)[0].1);
    parent.kill().unwrap();
    parent.wait().unwrap();
    until_readable(&watched);
}

#[test]
fn a_worker_with_unusable_memory_reports_it_and_is_still_watched() {
    let (child, control, _bells) = start_worker(&myself(ENTRY, "small"));
    assert!(next_text(&control).contains("65536 bytes, not 131072"));
    drop(control);
    assert_eq!(exit_of(&child), Exit { code: None, signal: Some(9) });
}

#[test]
fn a_process_started_by_hand_has_nothing_to_hold() {
    assert!(run_as("alone").wait().unwrap().success());
}

#[test]
fn a_killed_parent_takes_a_busy_worker_and_the_children_of_its_tasks_along() {
    let mut parent = run_as("parent");
    let said = numbers(&mut parent, 2);
    let watched = said.iter().map(|(_, pid)| watch(*pid)).collect::<Vec<_>>();
    parent.kill().unwrap();
    parent.wait().unwrap();
    watched.iter().for_each(until_readable);
}

#[test]
fn a_copy_of_the_parent_that_lives_on_does_not_keep_a_worker_alive() {
    let mut parent = run_as("forked parent");
    let said = numbers(&mut parent, 3);
    let (copy, busy): (Vec<_>, Vec<_>) = said.iter().partition(|(who, _)| who == "copy");
    let copy = watch(copy[0].1);
    let watched = busy.iter().map(|(_, pid)| watch(*pid)).collect::<Vec<_>>();
    parent.kill().unwrap();
    parent.wait().unwrap();
    watched.iter().for_each(until_readable);
    rustix::process::pidfd_send_signal(&copy, rustix::process::Signal::KILL).unwrap();
    until_readable(&copy);
}

fn run_as(role: &str) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([ENTRY, "--exact", "--nocapture", "--test-threads=1"])
        .env("MILLRACE_TEST_ROLE", role);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// The first `count` lines of the form `busy 123` or `copy 123`; the test harness writes others in between.
fn numbers(process: &mut std::process::Child, count: usize) -> Vec<(String, u32)> {
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.filter_map(|line| {
        let (who, pid) = line.split_once(' ')?;
        matches!(who, "busy" | "copy").then(|| (who.to_owned(), pid.parse().unwrap()))
    });
    said.take(count).collect()
}
