//! What this machine can do at best, beside the pools: `limits <what>` prints one number.
//!
//! - `round-trip`: microseconds, the median, of a word there and back between two processes that look at shared memory without a pause
//! - `pipe`: the same through two pipes, asleep in between
//! - `copy-warm`, `copy-fresh`: megabytes (1e6) a second, of buffers of 1 MiB copied into memory that was used before, or into new memory

use std::ffi::{c_int, c_long, c_void};
use std::hint::{black_box, spin_loop};
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

const ROUNDS: u32 = 4000;
const MEBIBYTE: usize = 1 << 20;
const COPIES: usize = 256;

unsafe extern "C" {
    fn mmap(at: *mut c_void, length: usize, protection: c_int, flags: c_int, fd: c_int, offset: c_long) -> *mut c_void;
    fn munmap(at: *mut c_void, length: usize) -> c_int;
    fn fork() -> c_int;
    fn _exit(code: c_int) -> !;
    fn pipe(ends: *mut c_int) -> c_int;
    fn sched_yield() -> c_int;
}

const READ_WRITE: c_int = 3;
#[cfg(target_os = "linux")]
const ANONYMOUS: c_int = 0x20;
#[cfg(not(target_os = "linux"))]
const ANONYMOUS: c_int = 0x1000;
const SHARED: c_int = 1;

/// New memory, shared with the processes that are forked later.
fn map(length: usize) -> *mut u8 {
    // SAFETY: an anonymous mapping at an address of the system's choice concerns no other memory.
    let at = unsafe { mmap(std::ptr::null_mut(), length, READ_WRITE, SHARED | ANONYMOUS, -1, 0) };
    assert!(at as isize != -1, "mmap failed");
    at.cast()
}

/// Looks until the word has the value. It yields now and then: the two may share one CPU.
fn wait_for(word: &AtomicU32, value: u32) {
    let mut looks = 0u32;
    while word.load(Ordering::Acquire) != value {
        looks += 1;
        if looks % 64 == 0 {
            // SAFETY: has no preconditions.
            unsafe { sched_yield() };
        }
        spin_loop();
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Times calls of `there_and_back`, with the round's number from 1 on.
fn time_rounds(mut there_and_back: impl FnMut(u32)) -> f64 {
    let times = (1..=ROUNDS).map(|round| {
        let start = Instant::now();
        there_and_back(round);
        start.elapsed().as_secs_f64() * 1e6
    });
    median(times.collect())
}

/// Runs `child` in another process.
fn in_child(child: impl FnOnce()) {
    // SAFETY: this process has one thread, so the child may go on like its parent.
    if unsafe { fork() } == 0 {
        child();
        // SAFETY: ends the child without what the parent would do at its end.
        unsafe { _exit(0) };
    }
}

fn round_trip() -> f64 {
    let page = map(4096);
    // SAFETY: the page lives until the process ends, is aligned, and holds nothing but these two words.
    let (there, back) = unsafe { (&*page.cast::<AtomicU32>(), &*page.add(2048).cast::<AtomicU32>()) };
    in_child(|| {
        for round in 1..=ROUNDS {
            wait_for(there, round);
            back.store(round, Ordering::Release);
        }
    });
    time_rounds(|round| {
        there.store(round, Ordering::Release);
        wait_for(back, round);
    })
}

fn pipe_ends() -> (std::fs::File, std::fs::File) {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two descriptors.
    assert_eq!(unsafe { pipe(ends.as_mut_ptr()) }, 0, "pipe failed");
    // SAFETY: both descriptors are new and have no other owner.
    unsafe { (std::fs::File::from_raw_fd(ends[0]), std::fs::File::from_raw_fd(ends[1])) }
}

fn pipe_round_trip() -> f64 {
    let (mut take_there, mut put_there) = pipe_ends();
    let (mut take_back, mut put_back) = pipe_ends();
    let mut byte = [0];
    in_child(|| {
        for _ in 1..=ROUNDS {
            take_there.read_exact(&mut byte).expect("the parent has the other end");
            put_back.write_all(&byte).expect("the parent has the other end");
        }
    });
    time_rounds(|_| {
        put_there.write_all(&byte).expect("the child has the other end");
        take_back.read_exact(&mut byte).expect("the child has the other end");
    })
}

/// Copies different buffers, each into memory that `next` gives.
fn copy(mut next: impl FnMut() -> *mut u8, done: impl Fn(*mut u8)) -> f64 {
    let sources: Vec<Vec<u8>> = (0..64).map(|i| vec![i as u8 + 1; MEBIBYTE]).collect();
    let start = Instant::now();
    for i in 0..COPIES {
        let target = next();
        // SAFETY: `next` gives a mebibyte of memory that is nobody else's.
        unsafe { std::ptr::copy_nonoverlapping(sources[i % 64].as_ptr(), target, MEBIBYTE) };
        black_box(target);
        done(target);
    }
    (COPIES * MEBIBYTE) as f64 / start.elapsed().as_secs_f64() / 1e6
}

fn copy_warm() -> f64 {
    // A few blocks in turn, as a pool would use them.
    let blocks: Vec<*mut u8> = (0..4).map(|_| map(MEBIBYTE)).collect();
    for block in &blocks {
        // SAFETY: the block was just made, a mebibyte long.
        unsafe { block.write_bytes(1, MEBIBYTE) };
    }
    let mut turn = 0;
    copy(
        || {
            turn += 1;
            blocks[turn % blocks.len()]
        },
        |_| (),
    )
}

fn copy_fresh() -> f64 {
    // SAFETY: the mapping is one of `map`, and nothing uses it after its copy.
    copy(|| map(MEBIBYTE), |block| assert_eq!(unsafe { munmap(block.cast(), MEBIBYTE) }, 0))
}

fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    let value = match what.as_str() {
        "round-trip" => round_trip(),
        "pipe" => pipe_round_trip(),
        "copy-warm" => copy_warm(),
        "copy-fresh" => copy_fresh(),
        _ => panic!("limits knows round-trip, pipe, copy-warm and copy-fresh, not {what:?}"),
    };
    println!("{value}");
}
