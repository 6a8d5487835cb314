//! System calls that a sandbox refuses: each has another way, or an error that names it.
#![expect(unsafe_code, reason = "installs a filter of system calls, as a sandbox does")]

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use libc::{c_long, sock_filter};
use millrace_core::testing::sys::{
    Control, Exit, Family, SharedMemory, launch, own_pidfd, wait_until_gone,
};

use crate::support::{exit_of, myself, next_text, role, shell, start};

const ENTRY: &str = "refused::entry";
const LEN: usize = 1 << 16;

/// Refuses a call with `errno`; where `bits` is given, only with these bits in the argument of that number.
#[derive(Clone, Copy)]
struct Refusal {
    call: c_long,
    errno: i32,
    bits: Option<(u32, u32)>,
}

/// A filter that holds for this thread and its children until they end.
fn refuse(refusals: &[Refusal]) {
    let step = |code: u32, k: u32| sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let jump = |condition: u32, k: u32, jf: u8| sock_filter {
        code: (libc::BPF_JMP | condition | libc::BPF_K) as u16,
        jt: 0,
        jf,
        k,
    };
    let load = |at: u32| step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at);
    let answer = |action: u32| step(libc::BPF_RET | libc::BPF_K, action);
    let mut program = Vec::new();
    for &Refusal { call, errno, bits } in refusals {
        let call = u32::try_from(call).unwrap();
        program.push(load(0));
        program.push(jump(libc::BPF_JEQ, call, if bits.is_some() { 3 } else { 1 }));
        if let Some((argument, bits)) = bits {
            // Arguments begin at 16; this is the low half of one.
            program.push(load(16 + 8 * argument));
            program.push(jump(libc::BPF_JSET, bits, 1));
        }
        program.push(answer(libc::SECCOMP_RET_ERRNO | errno.cast_unsigned()));
    }
    program.push(answer(libc::SECCOMP_RET_ALLOW));
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len()).unwrap(),
        filter: program.as_mut_ptr(),
    };
    // SAFETY: takes numbers only.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the filter and its program live until the call has copied them.
    let set = unsafe {
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter, 0, 0)
    };
    assert_eq!(set, 0);
}

const fn always(call: c_long, errno: i32) -> Refusal {
    Refusal { call, errno, bits: None }
}

const NO_MEMFD: Refusal = always(libc::SYS_memfd_create, libc::ENOSYS);
/// How a shared memory object is made.
const NO_NEW_OBJECT: Refusal = {
    let bits = libc::O_EXCL as u32;
    #[cfg(target_arch = "x86_64")]
    let (call, argument) = (libc::SYS_open, 1);
    #[cfg(not(target_arch = "x86_64"))]
    let (call, argument) = (libc::SYS_openat, 2);
    Refusal { call, errno: libc::EACCES, bits: Some((argument, bits)) }
};

/// Not a test of its own: what this program does when a test below starts it.
#[test]
fn entry() {
    match role().as_deref() {
        Some("no pidfd") => {
            refuse(&[always(libc::SYS_pidfd_open, libc::EPERM)]);
            deaths_are_noticed();
            assert!(own_pidfd().unwrap().is_none());
        }
        Some("pidfds forbid signals") => {
            refuse(&[always(libc::SYS_pidfd_send_signal, libc::ENOSYS)]);
            deaths_are_noticed();
        }
        Some("pidfds forbid signals without saying so") => {
            refuse(&[always(libc::SYS_pidfd_send_signal, libc::EPERM)]);
            deaths_are_noticed();
        }
        Some("no memfd") => {
            refuse(&[NO_MEMFD]);
            memory_is_shared();
        }
        Some("no memory") => {
            refuse(&[NO_MEMFD, NO_NEW_OBJECT]);
            let error = SharedMemory::create(LEN).unwrap_err().to_string();
            assert!(error.starts_with("memfd_create was refused: "), "{error}");
            assert!(error.contains(", and shm_open failed too: "), "{error}");
        }
        Some("waits") => {
            // The end of the socket does not come: this process holds the other end as well.
            let (one, _other) = Control::pair().unwrap();
            // Out of the group that ends with its leader.
            rustix::process::setsid().unwrap();
            let parent = Control::inherited().unwrap();
            parent.send(b"ready", &[]).unwrap();
            wait_until_gone(&one, None);
            parent.send(b"gone", &[]).unwrap();
        }
        Some(other) => panic!("no such role: {other}"),
        None => {}
    }
}

fn deaths_are_noticed() {
    let (child, _control) = start(&shell("exit 3"));
    assert_eq!(exit_of(&child), Exit { code: Some(3), signal: None });
    assert!(child.kill_group(), "nothing is left to be refused");

    let (child, control) = start(&shell("sleep 1000 & say $!; wait"));
    let left: i32 = next_text(&control).parse().unwrap();
    assert!(child.is_intact());
    assert!(!child.is_dead_within(Duration::from_millis(20)));
    assert_eq!(child.reap(), None);
    assert!(child.kill_group());
    assert_eq!(exit_of(&child), Exit { code: None, signal: Some(libc::SIGKILL) });
    let until = Instant::now() + Duration::from_secs(20);
    while std::fs::read_to_string(format!("/proc/{left}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z "))
    {
        assert!(Instant::now() < until, "the group lives on");
        std::thread::yield_now();
    }

    let (child, _control) = start(&shell("sleep 1000"));
    drop(child);
}

fn memory_is_shared() {
    let (memory, fd) = SharedMemory::create(LEN).unwrap();
    let status = rustix::fs::fstat(&fd).unwrap();
    assert_eq!((status.st_nlink, status.st_size.cast_unsigned()), (0, LEN as u64));
    assert!(status.st_blocks.cast_unsigned() * 512 >= LEN as u64, "its space is taken");
    assert!(rustix::io::fcntl_getfd(fd.as_fd()).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    rustix::io::pwrite(&fd, b"seen", 100).unwrap();
    let copy = fd.try_clone().unwrap();
    let other = SharedMemory::attach(fd, LEN).unwrap();
    assert!(SharedMemory::attach(copy, LEN + 1).is_err());
    for mapping in [memory, other] {
        // SAFETY: 100 bytes on is still inside the mapping.
        let place = unsafe { mapping.as_ptr().add(100) };
        // SAFETY: the four bytes lie inside the mapping, and nobody writes to it any more.
        assert_eq!(&unsafe { place.cast::<[u8; 4]>().read() }, b"seen");
    }
}

fn passes(name: &str) {
    let (child, _control) = start(&myself(ENTRY, name));
    assert_eq!(exit_of(&child), Exit { code: Some(0), signal: None });
}

#[test]
fn without_pidfds_deaths_are_noticed_and_groups_killed() {
    passes("no pidfd");
}

#[test]
fn where_pidfds_take_no_signals_the_number_does() {
    passes("pidfds forbid signals");
    passes("pidfds forbid signals without saying so");
}

#[test]
fn without_memfds_memory_comes_from_a_shared_memory_object() {
    passes("no memfd");
}

#[test]
fn without_both_the_error_names_both() {
    passes("no memory");
}

#[test]
fn a_worker_without_a_descriptor_of_its_parent_ends_with_it() {
    // The shell is its parent, and ends a moment later. Nothing else tells: the other end of what it watches stays open.
    let (ours, theirs) = Control::pair().unwrap();
    let waiting = myself(ENTRY, "waits");
    let mut outer = shell(
        "\"$0\" refused::entry --exact --nocapture --test-threads=1 >/dev/null & exec sleep 0.5",
    );
    outer.args.push(waiting.program.clone());
    outer.env = waiting.env;
    let _child = launch(&outer, theirs, &Family::new().unwrap()).unwrap();
    assert_eq!(next_text(&ours), "ready");
    assert_eq!(next_text(&ours), "gone");
}
