//! The memory of regions, and what carries it from process to process.

use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use millrace_core::region::{self, RegionError, RegionId};
use millrace_core::testing::sys::{Control, Received, RegionFile, SharedMemory};
use rustix::fs::MemfdFlags;

const LEN: usize = 1 << 16;

fn passed(file: &RegionFile) -> OwnedFd {
    file.to_pass().unwrap().try_clone_to_owned().unwrap()
}

fn bytes(memory: &SharedMemory, at: usize) -> [u8; 4] {
    // SAFETY: callers ask for a place inside of the mapping.
    let place = unsafe { memory.as_ptr().add(at) };
    // SAFETY: the four bytes lie inside the mapping, and nobody writes to it any more.
    unsafe { place.cast::<[u8; 4]>().read() }
}

#[test]
fn a_region_has_its_content_and_all_its_pages() {
    for content in [b"".as_slice(), b"four", &vec![7; LEN]] {
        let file = RegionFile::create(LEN, content).unwrap();
        let blocks = rustix::fs::fstat(file.to_pass().unwrap()).unwrap().st_blocks;
        assert!(u64::try_from(blocks).unwrap() * 512 >= LEN as u64, "{blocks} blocks");
        let other = RegionFile::receive(passed(&file), LEN).unwrap();
        assert!(other.is_same(&file) && other.size() == LEN);
        let memory = other.map().unwrap();
        let start: Vec<u8> = content.iter().copied().chain([0; 4]).take(4).collect();
        assert_eq!(bytes(&memory, 0).as_slice(), start);
        assert_eq!(bytes(&memory, LEN - 4), if content.len() == LEN { [7; 4] } else { [0; 4] });
    }
    assert!(RegionFile::create(0, b"").and_then(|file| file.map()).is_err());
}

#[test]
fn memory_that_could_end_this_process_by_a_signal_is_refused() {
    let file = RegionFile::create(LEN, b"").unwrap();
    assert!(RegionFile::receive(passed(&file), 2 * LEN).is_err(), "another length");
    let executable = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    assert!(RegionFile::receive(executable.into(), LEN).is_err(), "a file");
    // Its pages would be taken when they are touched.
    let (_memory, sparse) = SharedMemory::create(16 * LEN).unwrap();
    if cfg!(millrace_system = "linux") {
        assert!(RegionFile::receive(sparse, 16 * LEN).is_err(), "without pages");
        let unsealed =
            rustix::fs::memfd_create(c"test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
                .unwrap();
        rustix::io::pwrite(&unsealed, &vec![0; LEN], 0).unwrap();
        assert!(RegionFile::receive(unsealed, LEN).is_err(), "it could be shortened");
    }
}

#[test]
fn a_region_is_known_as_long_as_it_is_mapped_or_pinned() {
    let id = RegionId::random();
    assert!(id.0 < 1 << RegionId::BITS);
    let first = region::create(id, LEN, b"content").unwrap();
    let second = region::open(id, LEN).unwrap();
    assert_ne!(first.number, second.number);
    assert!(matches!(region::open(id, LEN / 2), Err(RegionError::Gone)));
    region::unmap(first);
    // Its number is not that of the other mapping, so nothing happens.
    region::unmap(first);
    let third = region::open(id, LEN).unwrap();
    region::unmap_at(second.place.start.as_ptr());
    region::pin(id);
    region::unmap(third);
    region::unmap(region::open(id, LEN).unwrap());
    region::unpin(id);
    assert!(matches!(region::open(id, LEN), Err(RegionError::Gone)));
}

#[test]
fn more_than_there_is_is_refused_before_any_page_is_taken() {
    let error = region::create(RegionId::random(), 1 << 46, b"").unwrap_err();
    let RegionError::NoMemory { bytes, available } = error else { panic!("{error}") };
    assert_eq!(bytes, 1 << 46);
    assert!(available < bytes);
}

#[test]
fn a_sender_waits_for_room_and_a_receiver_for_a_message() {
    let (one, other) = Control::pair().unwrap();
    let file = RegionFile::create(LEN, b"").unwrap();
    let reader = thread::spawn(move || {
        let mut descriptors = 0;
        loop {
            match other.recv().unwrap() {
                Received::Message(_, fds) => descriptors += fds.len(),
                Received::Closed => return descriptors,
                Received::Empty => panic!("it does not wait"),
            }
        }
    });
    for _ in 0..2_000 {
        one.send_when_there_is_room(&[1; 100], &[file.to_pass().unwrap()]).unwrap();
    }
    drop(one);
    assert_eq!(reader.join().unwrap(), 2_000);
}

#[test]
fn only_a_socket_becomes_a_connection() {
    let (one, other) = Control::pair().unwrap();
    let taken = other.accept(vec![one.as_fd().try_clone_to_owned().unwrap()]).unwrap();
    taken.send(b"x", &[]).unwrap();
    assert!(matches!(other.recv().unwrap(), Received::Message(bytes, _) if bytes == b"x"));
    let file = RegionFile::create(LEN, b"").unwrap();
    assert!(other.accept(vec![passed(&file)]).is_err());
    assert!(other.accept(Vec::new()).is_err());
}
