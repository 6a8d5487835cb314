//! Memory, bells, the poller and the control socket.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use millrace_core::testing::sys::{
    Bell, Control, MESSAGE_BYTES_MAX, Poller, Received, SharedMemory, library_path, resident_bytes,
};
use rustix::fs::{MemfdFlags, SealFlags};

use crate::support::next_message;

const LEN: usize = 1 << 16;

#[test]
fn memory_is_shared_and_cannot_be_resized_where_the_system_can_seal_it() {
    let (memory, fd) = SharedMemory::create(LEN).unwrap();
    if cfg!(millrace_system = "linux") {
        assert!(rustix::fs::ftruncate(&fd, 0).is_err());
        assert!(rustix::fs::ftruncate(&fd, 2 * LEN as u64).is_err());
        assert!(rustix::fs::fcntl_add_seals(&fd, SealFlags::WRITE).is_err());
    }

    rustix::io::pwrite(&fd, b"seen", 100).unwrap();
    let other = SharedMemory::attach(fd, LEN).unwrap();
    assert_eq!((memory.size(), other.size()), (LEN, LEN));
    assert_ne!(memory.as_ptr(), other.as_ptr());
    for mapping in [memory, other] {
        // SAFETY: 100 bytes on is still inside the mapping.
        let place = unsafe { mapping.as_ptr().add(100) };
        // SAFETY: the four bytes lie inside the mapping, and nobody writes to it any more.
        let bytes = unsafe { place.cast::<[u8; 4]>().read() };
        assert_eq!(&bytes, b"seen");
    }
}

#[test]
fn memory_of_another_kind_is_refused() {
    let (_memory, fd) = SharedMemory::create(LEN).unwrap();
    assert!(SharedMemory::attach(fd, LEN + (1 << 16)).is_err());

    let unsealed =
        rustix::fs::memfd_create(c"test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
    rustix::fs::ftruncate(&unsealed, LEN as u64).unwrap();
    if cfg!(millrace_system = "linux") {
        assert!(SharedMemory::attach(unsealed, LEN).is_err());
    }

    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    assert!(SharedMemory::attach(file.into(), LEN).is_err());
    assert!(SharedMemory::create(0).is_err());
}

#[test]
fn every_descriptor_is_closed_on_exec() {
    let (_memory, memory) = SharedMemory::create(LEN).unwrap();
    let (one, other) = Control::pair().unwrap();
    let (bell, poller) = (Bell::new().unwrap(), Poller::new().unwrap());
    one.send(b"x", &[memory.as_fd()]).unwrap();
    let Received::Message(_, received) = other.try_recv().unwrap() else { panic!("no message") };
    let own = millrace_core::testing::sys::own_pidfd().unwrap();
    let (reader, writer) = (bell.fd_to_wait().unwrap(), bell.fd_to_notify().unwrap());
    for fd in [
        memory.as_fd(),
        one.as_fd(),
        other.as_fd(),
        bell.as_fd(),
        reader.as_fd(),
        writer.as_fd(),
        poller.as_fd(),
        received[0].as_fd(),
    ]
    .into_iter()
    .chain(own.as_ref().map(AsFd::as_fd))
    {
        assert!(rustix::io::fcntl_getfd(fd).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    }
}

#[test]
fn a_bell_wakes_a_poller_until_it_is_silenced() {
    let (poller, bell) = (Poller::new().unwrap(), Arc::new(Bell::new().unwrap()));
    poller.add(bell.as_fd(), 7).unwrap();
    assert!(poller.add(bell.as_fd(), 8).is_err());
    let mut ready = vec![99];
    poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
    assert!(ready.is_empty());

    let ringer = Arc::clone(&bell);
    let thread = thread::spawn(move || ringer.notify());
    poller.wait(&mut ready, None).unwrap();
    thread.join().unwrap();
    assert_eq!(ready, [7]);
    poller.wait(&mut ready, None).unwrap();
    assert_eq!(ready, [7]);

    bell.clear();
    bell.clear();
    poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
    assert!(ready.is_empty());
    poller.remove(bell.as_fd()).unwrap();
    assert!(poller.remove(bell.as_fd()).is_err());
    bell.notify();
    poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
    assert!(ready.is_empty());
}

#[test]
fn a_bell_that_is_added_during_a_wait_is_noticed() {
    let (poller, bell) = (Poller::new().unwrap(), Bell::new().unwrap());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut ready = Vec::new();
            poller.wait(&mut ready, None).unwrap();
            ready
        });
        poller.add(bell.as_fd(), 3).unwrap();
        bell.notify();
        assert_eq!(waiter.join().unwrap(), [3]);
    });
}

#[test]
fn more_ready_descriptors_than_one_batch_are_all_reported() {
    let poller = Poller::new().unwrap();
    let bells: Vec<Bell> = (0..200).map(|_| Bell::new().unwrap()).collect();
    for (token, bell) in bells.iter().enumerate() {
        poller.add(bell.as_fd(), token as u64).unwrap();
        bell.notify();
    }
    let mut reported = Vec::new();
    while reported.len() < bells.len() {
        let mut ready = Vec::new();
        poller.wait(&mut ready, None).unwrap();
        for &token in &ready {
            bells[token as usize].clear();
        }
        reported.append(&mut ready);
    }
    reported.sort_unstable();
    assert_eq!(reported, (0..200).collect::<Vec<u64>>());
}

#[test]
fn a_wait_never_returns_before_its_timeout() {
    let poller = Poller::new().unwrap();
    let mut ready = Vec::new();
    for timeout in [Duration::from_nanos(1), Duration::from_micros(2_300)] {
        let start = Instant::now();
        poller.wait(&mut ready, Some(timeout)).unwrap();
        assert!(ready.is_empty());
        assert!(start.elapsed() >= timeout);
    }
}

#[test]
fn a_wait_takes_late_notifications_as_one() {
    let bell = Bell::new().unwrap();
    let copy = Bell::to_notify(bell.fd_to_notify().unwrap());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| bell.wait());
        copy.notify();
        waiter.join().unwrap();
    });
    copy.notify();
    copy.notify();
    bell.wait();
    let poller = Poller::new().unwrap();
    poller.add(bell.as_fd(), 1).unwrap();
    let mut ready = Vec::new();
    poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
    assert!(ready.is_empty());
}

#[test]
fn a_bell_that_cannot_count_further_still_notifies_without_blocking() {
    let bell = Bell::new().unwrap();
    let writer = bell.fd_to_notify().unwrap();
    if cfg!(millrace_system = "linux") {
        rustix::io::write(&writer, &(u64::MAX - 1).to_ne_bytes()).unwrap();
    } else {
        while rustix::io::write(&writer, &[1; 4096]).is_ok() {}
    }
    assert!(bell.try_notify());
    assert!(bell.wait());
    assert!(!bell.is_notified_within(Duration::ZERO), "it is cleared as a whole");
}

#[test]
fn the_control_socket_keeps_messages_whole_and_passes_descriptors() {
    let (one, other) = Control::pair().unwrap();
    assert!(matches!(other.try_recv().unwrap(), Received::Empty));
    let bell = Bell::new().unwrap();
    let to_notify = bell.fd_to_notify().unwrap();
    one.send(b"first", &[to_notify.as_fd(), to_notify.as_fd()]).unwrap();
    one.send(&vec![7; MESSAGE_BYTES_MAX], &[]).unwrap();

    let Received::Message(bytes, mut fds) = next_message(&other) else { panic!("no message") };
    assert_eq!((bytes.as_slice(), fds.len()), (b"first".as_slice(), 2));
    Bell::to_notify(fds.remove(0)).notify();
    bell.wait();

    let Received::Message(bytes, fds) = next_message(&other) else { panic!("no message") };
    assert_eq!((bytes.len(), fds.len()), (MESSAGE_BYTES_MAX, 0));
    assert!(matches!(other.try_recv().unwrap(), Received::Empty));
}

#[test]
fn messages_of_a_wrong_size_are_refused_on_both_sides() {
    let (one, other) = Control::pair().unwrap();
    assert!(one.send(b"", &[]).is_err());
    assert!(one.send(&vec![0; MESSAGE_BYTES_MAX + 1], &[]).is_err());
    assert!(one.send(b"x", &[one.as_fd(); 9]).is_err());

    rustix::net::send(&one, &vec![0; MESSAGE_BYTES_MAX + 1], rustix::net::SendFlags::empty())
        .unwrap();
    assert!(other.try_recv().is_err());
    one.send(b"next", &[]).unwrap();
    if cfg!(millrace_system = "linux") {
        let next = other.try_recv().unwrap();
        assert!(matches!(next, Received::Message(bytes, _) if bytes == b"next"));
    } else {
        assert!(other.try_recv().is_err(), "a stream has no second beginning");
    }
}

/// As a shell sends it; see `say` in `support.rs`.
#[cfg(millrace_system = "posix")]
#[test]
fn a_message_that_comes_in_pieces_is_one() {
    let (one, other) = Control::pair().unwrap();
    for piece in ["0000", "0005a", "bcd"] {
        rustix::net::send(&one, piece.as_bytes(), rustix::net::SendFlags::empty()).unwrap();
        assert!(matches!(other.try_recv().unwrap(), Received::Empty));
    }
    rustix::net::send(&one, b"e00000001f0000", rustix::net::SendFlags::empty()).unwrap();
    assert!(matches!(next_message(&other), Received::Message(bytes, _) if bytes == b"abcde"));
    assert!(matches!(next_message(&other), Received::Message(bytes, _) if bytes == b"f"));
    drop(one);
    assert!(matches!(next_message(&other), Received::Closed), "what is left is no message");
}

#[cfg(millrace_system = "posix")]
#[test]
fn a_descriptor_that_was_closed_in_a_poller_is_told_once() {
    let (poller, bell) = (Poller::new().unwrap(), Bell::new().unwrap());
    let reader = bell.fd_to_wait().unwrap();
    poller.add(reader.as_fd(), 7).unwrap();
    drop(reader);
    let mut ready = Vec::new();
    poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
    assert_eq!(ready, [7]);
    poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
    assert!(ready.is_empty());
}

#[cfg(millrace_system = "posix")]
#[test]
fn memory_has_whole_pages() {
    let (memory, fd) = SharedMemory::create(LEN + 1).unwrap();
    assert_eq!(memory.size(), LEN + 1);
    let size = rustix::fs::fstat(&fd).unwrap().st_size;
    assert_eq!(size.cast_unsigned() % rustix::param::page_size() as u64, 0);
    assert_eq!(SharedMemory::attach(fd, LEN + 1).unwrap().size(), LEN + 1);
}

#[test]
fn a_socket_that_nobody_reads_does_not_block_the_sender() {
    let (one, _other) = Control::pair().unwrap();
    let error = (0..100_000).find_map(|_| one.send(&[0; 1024], &[]).err()).unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_closed_peer_is_seen_after_everything_it_sent() {
    let (one, other) = Control::pair().unwrap();
    other.send(b"unread by the one that goes", &[]).unwrap();
    one.send(b"last words", &[]).unwrap();
    drop(one);
    assert!(matches!(next_message(&other), Received::Message(bytes, _) if bytes == b"last words"));
    assert!(matches!(next_message(&other), Received::Closed));
    assert!(matches!(next_message(&other), Received::Closed));
    assert_eq!(other.send(b"x", &[]).unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
}

#[test]
fn the_program_knows_its_file_and_its_size() {
    assert_eq!(
        library_path().unwrap().canonicalize().unwrap(),
        std::env::current_exe().unwrap().canonicalize().unwrap()
    );
    assert!(resident_bytes(std::process::id()).unwrap() > 100_000);
    assert_eq!(resident_bytes(u32::MAX), None);
}
