//! What this machine can do at best, beside the pools: `limits <what>` prints one number.
//!
//! - `round-trip`: microseconds, the median, of a word there and back between two processes that look at shared memory without a pause
//! - `pipe`: the same through two pipes, asleep in between
//! - `copy-warm`, `copy-fresh`: megabytes (1e6) a second, of buffers of 1 MiB copied into memory that was used before, or into new memory
//! - `echo`: megabytes a second of buffers of 1 MiB there and back between a parent and two workers, by the four copies that a pool needs

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

/// Looks until the word has reached the value. It yields now and then: the two may share one CPU.
fn wait_for(word: &AtomicU32, value: u32) {
    let mut looks = 0u32;
    while word.load(Ordering::Acquire) < value {
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

/// What one worker of `echo` shares with its parent.
struct Channel {
    /// Blocks for what goes there and what comes back.
    blocks: [*mut u8; 2],
    there: &'static AtomicU32,
    back: &'static AtomicU32,
}

/// So many buffers are on their way to a worker and back.
const DEPTH: usize = 4;
/// Memory of so many buffers is used in turn, where a program would have buffers of its own: it leaves the cache in between.
const TURN: usize = 32;

/// The block of a buffer.
fn block(blocks: *mut u8, number: u32) -> *mut u8 {
    blocks.wrapping_add(number as usize % DEPTH * MEBIBYTE)
}

fn copy_buffer(from: *const u8, to: *mut u8) {
    // SAFETY: both are buffers of a mebibyte in mappings that live until the process ends.
    unsafe { std::ptr::copy_nonoverlapping(from, to, MEBIBYTE) };
}

/// As many buffers in memory that was touched.
fn touched(buffers: usize) -> *mut u8 {
    let memory = map(buffers * MEBIBYTE);
    // SAFETY: the mapping is as long.
    unsafe { memory.write_bytes(1, buffers * MEBIBYTE) };
    memory
}

fn echo() -> f64 {
    let channels: Vec<Channel> = (0..2)
        .map(|_| {
            let page = map(4096);
            // SAFETY: the page lives until the process ends, is aligned, and holds nothing but these two words.
            let (there, back) = unsafe { (&*page.cast::<AtomicU32>(), &*page.add(2048).cast::<AtomicU32>()) };
            Channel { blocks: [touched(DEPTH), touched(DEPTH)], there, back }
        })
        .collect();
    let rounds = COPIES as u32;
    for channel in &channels {
        in_child(|| {
            let memory = touched(TURN);
            for number in 1..=rounds {
                wait_for(channel.there, number);
                let own = memory.wrapping_add(number as usize % TURN * MEBIBYTE);
                copy_buffer(block(channel.blocks[0], number), own);
                copy_buffer(own, block(channel.blocks[1], number));
                channel.back.store(number, Ordering::Release);
            }
        });
    }
    let (sources, results) = (touched(2 * TURN), touched(2 * TURN));
    let at = |memory: *mut u8, number: u32| memory.wrapping_add(number as usize % (2 * TURN) * MEBIBYTE);
    let send = |channel: &Channel, number: u32| {
        copy_buffer(at(sources, number), block(channel.blocks[0], number));
        channel.there.store(number, Ordering::Release);
    };
    let start = Instant::now();
    for number in 1..=DEPTH as u32 {
        channels.iter().for_each(|channel| send(channel, number));
    }
    for number in 1..=rounds {
        for channel in &channels {
            wait_for(channel.back, number);
            copy_buffer(block(channel.blocks[1], number), at(results, number));
            if number + DEPTH as u32 <= rounds {
                send(channel, number + DEPTH as u32);
            }
        }
    }
    (channels.len() * COPIES * MEBIBYTE) as f64 / start.elapsed().as_secs_f64() / 1e6
}

fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    let value = match what.as_str() {
        "round-trip" => round_trip(),
        "pipe" => pipe_round_trip(),
        "copy-warm" => copy_warm(),
        "copy-fresh" => copy_fresh(),
        "echo" => echo(),
        _ => panic!("limits knows round-trip, pipe, copy-warm, copy-fresh and echo, not {what:?}"),
    };
    println!("{value}");
}
