//! What a started process is like, and how it ends.

use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, OnceLock};

use millrace_core::cpu::available_cpus;
use millrace_core::testing::sys::{
    Control, Exit, Family, Launch, Received, affinity_of, keep_streams_at_exit, launch,
    set_affinity_of_current_thread, set_worker_signals,
};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Signal;
use rustix::stdio::{dup2_stdout, stdout};

use crate::support::{
    answer, c, exit_of, inheritable_copy, myself, next_message, next_text, role, shell, start,
    until_readable, watch,
};

const KILLED: Exit = Exit { code: None, signal: Some(9) };

#[test]
fn a_process_leads_its_own_group() {
    let (child, control) = start(&shell("say \"$(ps -o pgid= -p $$)\"; read line <&3"));
    assert_eq!(next_text(&control).trim(), child.pid().to_string());
    drop(control);
    exit_of(&child);
}

#[test]
fn a_process_runs_on_the_cpus_it_was_given_and_the_starter_keeps_its_own() {
    let before = affinity_of(0).unwrap();
    let cpus = available_cpus();
    for set in [vec![cpus[cpus.len() - 1]], cpus.clone()] {
        let (child, control) = start(&Launch { cpus: set.clone(), ..shell("read line <&3") });
        assert_eq!(affinity_of(child.pid()).unwrap(), set);
        assert_eq!(affinity_of(0).unwrap(), before);
        drop(control);
        exit_of(&child);
    }
    let (child, _control) = start(&shell("read line <&3"));
    assert_eq!(affinity_of(child.pid()).unwrap(), before);
}

#[test]
fn cpus_of_the_process_are_those_of_its_main_thread() {
    let all = available_cpus();
    std::thread::spawn(move || {
        set_affinity_of_current_thread(&all[..1]).unwrap();
        assert_eq!(affinity_of(0).unwrap(), all[..1]);
        assert_eq!(available_cpus(), all);
    })
    .join()
    .unwrap();
}

#[test]
fn cpus_that_the_system_refuses_are_an_error() {
    let before = affinity_of(0).unwrap();
    for cpu in [1000, 5000, u32::MAX] {
        let (_ours, theirs) = Control::pair().unwrap();
        assert!(
            launch(&Launch { cpus: vec![cpu], ..shell("exit 0") }, theirs, &Family::new().unwrap())
                .is_err()
        );
        assert_eq!(affinity_of(0).unwrap(), before);
    }
}

#[test]
fn descriptor_3_is_the_socket_and_standard_input_is_empty() {
    let text = answer(&shell("say \"$(readlink /proc/$$/fd/0 /proc/$$/fd/3 | tr '\\n' ' ')\""));
    let (input, control) = text.trim().split_once(' ').unwrap();
    assert_eq!(input, "/dev/null");
    assert!(control.starts_with("socket:"));
}

#[test]
fn a_quiet_process_writes_nowhere() {
    let quiet = Launch {
        quiet: true,
        ..shell("say \"$(readlink /proc/$$/fd/1 /proc/$$/fd/2 | tr '\\n' ' ')\"")
    };
    assert_eq!(answer(&quiet).trim(), "/dev/null /dev/null");
}

/// Only where the C library offers it: glibc 2.34.
#[cfg(target_env = "gnu")]
#[test]
fn what_others_left_open_is_closed() {
    let (one, _other) = Control::pair().unwrap();
    let inheritable = inheritable_copy(&one, 50);
    assert!(rustix::io::fcntl_getfd(&inheritable).unwrap().is_empty());
    let text = answer(&shell("cd /proc/$$/fd; say \"$(echo *)\""));
    assert!(text.split_whitespace().all(|fd| fd.parse::<i32>().unwrap() < 50), "{text}");
}

/// The signals of one line of `/proc/<pid>/status`, signal 1 in the lowest bit.
fn signals_of(line: &str, status: &str) -> u64 {
    // The C library keeps 32 to 34 for itself, and ignores them between fork and exec.
    const INTERNAL: u64 = 0b111 << 31;
    let hex = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    u64::from_str_radix(hex.trim(), 16).unwrap() & !INTERNAL
}

fn own_status() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap()
}

#[test]
fn signals_are_at_their_default() {
    if role().as_deref() == Some("ignorer") {
        let interrupt = 1 << (Signal::INT.as_raw() - 1);
        set_worker_signals();
        assert_eq!(
            signals_of("SigIgn:", &own_status()) & interrupt,
            interrupt,
            "SIGINT is not ignored here"
        );
        let (child, control) =
            start(&shell("say \"$(grep -E '^Sig' /proc/self/status | tr '\\n' ' ')\""));
        let status = next_text(&control).replace(' ', "\n");
        assert_eq!(signals_of("SigIgn:", &status), 0);
        assert_eq!(signals_of("SigBlk:", &status), 0);
        exit_of(&child);
        return;
    }
    let (child, _control) = start(&myself("launching::signals_are_at_their_default", "ignorer"));
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
}

#[test]
fn a_process_starts_in_the_directory_and_environment_it_was_given() {
    let mut what = Launch { cwd: Some(c("/usr")), ..shell("say \"$(pwd) $COLOUR $HOME\"") };
    what.env.push(c("COLOUR=blue"));
    assert_eq!(answer(&what).trim(), "/usr blue");
}

#[test]
fn what_cannot_be_started_is_an_error_that_names_it() {
    let error_of = |what: &Launch| {
        let (ours, theirs) = Control::pair().unwrap();
        let error = launch(what, theirs, &Family::new().unwrap()).unwrap_err();
        // Waited for: a process another test is starting may hold a copy for a moment.
        assert!(matches!(next_message(&ours), Received::Closed));
        error
    };
    let missing = error_of(&Launch { program: c("/nonexistent/program"), ..shell("") });
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert!(missing.to_string().starts_with("/nonexistent/program: "), "{missing}");
    assert_eq!(
        error_of(&Launch { program: c("/etc/passwd"), ..shell("") }).kind(),
        ErrorKind::PermissionDenied
    );
    let nowhere = error_of(&Launch { cwd: Some(c("/nonexistent")), ..shell("") });
    assert_eq!(nowhere.kind(), ErrorKind::NotFound);
    assert!(nowhere.to_string().starts_with("/nonexistent: "), "{nowhere}");
}

#[test]
fn exit_codes_and_signals_are_told_apart_and_told_again() {
    let (child, _control) = start(&shell("exit 42"));
    for _ in 0..2 {
        assert_eq!(exit_of(&child), Exit { code: Some(42), signal: None });
    }
    let (child, _control) = start(&shell("kill -ABRT $$"));
    assert_eq!(exit_of(&child), Exit { code: None, signal: Some(6) });

    let (child, _control) = start(&shell("read line <&3"));
    assert_eq!(child.reap(), None);
    child.kill_group();
    child.kill_group();
    assert_eq!(exit_of(&child), KILLED);
    child.kill_group();
}

#[test]
fn the_group_of_a_killed_process_dies_with_it() {
    let (child, control) = start(&shell("sleep 1000 & say $!; wait"));
    let sleeper = watch(next_text(&control).trim().parse().unwrap());
    child.kill_group();
    assert_eq!(exit_of(&child), KILLED);
    until_readable(&sleeper);
}

#[test]
fn what_a_process_leaves_in_its_group_is_killed_when_it_is_reaped() {
    let (child, control) = start(&shell("sleep 1000 & say $!"));
    let sleeper = watch(next_text(&control).trim().parse().unwrap());
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
    until_readable(&sleeper);
}

#[test]
fn a_dropped_process_is_killed_with_its_group_and_reaped() {
    let (child, control) = start(&shell("sleep 1000 & say $!; wait"));
    let (leader, sleeper) =
        (watch(child.pid()), watch(next_text(&control).trim().parse().unwrap()));
    let pid = child.pid();
    drop(child);
    until_readable(&leader);
    until_readable(&sleeper);
    assert!(matches!(next_message(&control), Received::Closed));
    // Reaped by now, or in a moment by the thread that took over.
    while std::fs::exists(format!("/proc/{pid}")).unwrap() {
        std::thread::yield_now();
    }
}

#[test]
fn many_processes_started_at_once_keep_their_sockets_apart() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..10 {
                    let name = format!("{thread}.{round}");
                    assert_eq!(answer(&shell(&format!("say {name}"))).trim(), name);
                }
            });
        }
    });
}

#[test]
fn the_end_of_a_process_closes_its_socket() {
    let (child, control) = start(&shell("exit 0"));
    assert!(matches!(next_message(&control), Received::Closed));
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
    assert!(control.as_fd().try_clone_to_owned().is_ok());
}

#[test]
#[cfg_attr(not(millrace_system = "linux"), ignore = "POSIX cannot open a pipe once more")]
fn a_process_shares_a_pipe_with_its_starter_but_not_the_flags() {
    if role().as_deref() == Some("starter") {
        let (reader, writer) = std::io::pipe().unwrap();
        let before = rustix::io::dup(stdout()).unwrap();
        dup2_stdout(&writer).unwrap();
        fcntl_setfl(&writer, fcntl_getfl(&writer).unwrap() | OFlags::NONBLOCK).unwrap();
        let flags = "$(grep flags /proc/$$/fdinfo/1)";
        let (child, control) = start(&shell(&format!("echo line; say \"{flags}\"")));
        let octal = next_text(&control);
        let shown = u32::from_str_radix(octal.split_whitespace().nth(1).unwrap(), 8).unwrap();
        assert_eq!(shown & 0o4000, 0, "the new process's is not blocking");
        assert!(fcntl_getfl(&writer).unwrap().contains(OFlags::NONBLOCK));
        exit_of(&child);
        dup2_stdout(&before).unwrap();
        let mut line = [0; 5];
        std::io::Read::read_exact(&mut &reader, &mut line).unwrap();
        assert_eq!(&line, b"line\n");
        return;
    }
    let name = "launching::a_process_shares_a_pipe_with_its_starter_but_not_the_flags";
    let (child, _control) = start(&myself(name, "starter"));
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
}

#[test]
fn what_the_c_library_holds_is_written_though_the_streams_are_kept_at_exit() {
    if role().as_deref() == Some("printer") {
        static ERRORS: OnceLock<OwnedFd> = OnceLock::new();
        extern "C" fn note() {
            let output = std::fs::read_link("/proc/self/fd/1").unwrap();
            let errors = ERRORS.get().unwrap();
            rustix::io::write(errors, output.to_str().unwrap().as_bytes()).unwrap();
        }
        ERRORS.set(rustix::io::dup(std::io::stderr()).unwrap()).unwrap();
        // SAFETY: `note` is a function of this program.
        unsafe { libc::atexit(note) };
        keep_streams_at_exit();
        // SAFETY: the text ends with NUL.
        unsafe { libc::printf(c"held".as_ptr()) };
        std::process::exit(0);
    }
    let name = "launching::what_the_c_library_holds_is_written_though_the_streams_are_kept_at_exit";
    let (reader, writer) = std::io::pipe().unwrap();
    let (errors, error_writer) = std::io::pipe().unwrap();
    let outputs = Some(Arc::new([writer.into(), error_writer.into()]));
    let (child, _control) = start(&Launch { outputs, ..myself(name, "printer") });
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
    let text = |pipe| std::io::read_to_string(pipe).unwrap();
    assert!(text(reader).ends_with("held"));
    assert_eq!(text(errors), "/dev/null", "what was registered earlier sees another file");
}
