use super::*;

/// As many bytes, no two neighbours alike, and other ones with each seed.
fn bytes(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + (at >> 8) + seed) as u8).collect()
}

fn copied(from: &[u8], into: &mut [u8]) {
    // SAFETY: both are slices of the same length, and `into` is borrowed alone.
    unsafe { copy_out(from.as_ptr(), into) };
}

#[test]
fn every_byte_arrives_and_no_other_one_is_touched() {
    let sizes = [
        0,
        1,
        63,
        64,
        65,
        4095,
        PIECE_BYTES - 1,
        PIECE_BYTES,
        PIECE_BYTES + 1,
        3 * PIECE_BYTES + 77,
    ];
    for (seed, len) in sizes.into_iter().enumerate() {
        for (from_at, into_at) in [(0, 0), (0, 16), (16, 0), (1, 3), (63, 65), (8, 8)] {
            let source = bytes(from_at + len, seed);
            let mut target = vec![0xA5; into_at + len + 64];
            copied(&source[from_at..], &mut target[into_at..into_at + len]);
            assert!(
                target[into_at..into_at + len] == source[from_at..],
                "{len} at {from_at}, {into_at}"
            );
            assert!(
                target[..into_at].iter().chain(&target[into_at + len..]).all(|byte| *byte == 0xA5)
            );
        }
    }
}

#[test]
fn new_memory_is_filled_as_used_one_is() {
    // Nothing has touched this memory yet: its zeros come from the system.
    let source = bytes(24 * PIECE_BYTES + 12_345, 7);
    let mut target = vec![0; source.len()];
    copied(&source, &mut target);
    assert!(target == source);
    target.fill(0);
    assert!(is_resident(&target[..PIECE_BYTES]));
    copied(&source, &mut target);
    assert!(target == source);
}

#[test]
fn pages_that_were_not_touched_are_not_there() {
    let len = 64 * PIECE_BYTES;
    let (rights, flags) =
        (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // A Vec may be of memory that another test has used.
    // SAFETY: a new mapping, which nobody else knows.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), len, rights, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    // SAFETY: it has `len` bytes, which are zero, and stays until the test has ended.
    let memory = unsafe { std::slice::from_raw_parts_mut(start.cast::<u8>(), len) };
    let (first, rest) = memory.split_at_mut(PIECE_BYTES);
    first.fill(1);
    assert!(is_resident(first));
    assert!(!is_resident(&rest[32 * PIECE_BYTES..33 * PIECE_BYTES]));
    // SAFETY: nothing refers to it any more.
    unsafe { libc::munmap(start, len) };
}
