//! Deaths are noticed and groups ended although other code of the process takes the children's status away.
#![expect(unsafe_code, reason = "ignores SIGCHLD, closes a descriptor twice, as native code may")]

use std::os::fd::{AsFd, AsRawFd};

use millrace_core::testing::sys::{Exit, Poller};
use rustix::process::{WaitOptions, wait};

use crate::support::{exit_of, myself, next_text, role, shell, start, until_readable, watch};

const ENTRY: &str = "reaping::entry";
/// Says who lives in its group, then ends; the group lives on. It stays for a moment, so that the launch can adopt it.
const LEAVES_A_CHILD: &str = "sleep 1000 & say $!; sleep 0.2; exit 3";

/// Not a test of its own: what this program does when a test below starts it.
#[test]
fn entry() {
    match role().as_deref() {
        Some("ignores SIGCHLD") => {
            // SAFETY: sets the action of a signal to a constant one; no handler runs.
            unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
            a_child_without_status(|| ());
        }
        Some("reaps all") => {
            a_child_without_status(|| while let Ok(Some(_)) = wait(WaitOptions::empty()) {});
        }
        Some(other) => panic!("no such role: {other}"),
        None => {}
    }
}

fn a_child_without_status(reap_all: impl FnOnce()) {
    let (child, control) = start(&shell(LEAVES_A_CHILD));
    let left = watch(next_text(&control).parse().unwrap());
    until_readable(&child);
    reap_all();
    assert_eq!(child.reap(), Some(Exit::default()));
    assert!(child.kill_group(), "nothing is left to be refused");
    // By the pidfd: the number may be somebody else's. Linux has it since 6.9.
    if cfg!(millrace_system = "linux") && is_linux_6_9() {
        until_readable(&left);
    }
    // What is left of the group ends with this program's own group otherwise.
    let _ = rustix::process::pidfd_send_signal(&left, rustix::process::Signal::KILL);
}

fn is_linux_6_9() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map(str::parse::<u32>);
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    (next(), next()) >= (6, 9)
}

#[test]
fn a_death_is_noticed_where_sigchld_is_ignored() {
    let (child, _control) = start(&myself(ENTRY, "ignores SIGCHLD"));
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
}

#[test]
fn a_death_is_noticed_where_other_code_reaps_every_child() {
    let (child, _control) = start(&myself(ENTRY, "reaps all"));
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
}

#[test]
fn a_child_whose_pidfd_was_closed_is_killed_and_reaped_by_its_number() {
    let (child, _control) = start(&shell("sleep 1000"));
    let watched = watch(child.pid());
    assert!(child.is_intact());
    // SAFETY: what other code of the process does by mistake; `child` copes with it.
    unsafe { libc::close(child.as_fd().as_raw_fd()) };
    assert!(!child.is_intact());
    assert_eq!(child.reap(), None);
    assert!(child.kill_group());
    until_readable(&watched);
    assert_eq!(child.reap(), Some(Exit { code: None, signal: Some(9) }));
}

#[test]
fn a_poller_whose_descriptor_was_closed_says_so() {
    let poller = Poller::new().unwrap();
    assert!(poller.is_intact() && poller.is_open());
    // SAFETY: as above.
    unsafe { libc::close(poller.as_fd().as_raw_fd()) };
    assert!(!poller.is_intact() && !poller.is_open());
    assert!(poller.wait(&mut Vec::new(), None).is_err());
}
