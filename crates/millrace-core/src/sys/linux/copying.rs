//! Copies from memory for large values into ordinary memory, which is most of what a large value costs. Three things make it fast:
//!
//! - **Warm memory.** A page that is touched for the first time costs several times its copy. The C library gives freed memory back to
//!   the system early, so each buffer would get new pages; [`keep_freed_memory`] lets it keep more. Pages that are missing all the
//!   same are provided by one system call for many, and only if they are missing, since that call is not free either. They are not huge
//!   pages: a virtual machine whose host takes back what is free would have to ask for all of their memory anew.
//! - **No reading of what is overwritten.** An ordinary store first reads its cache line from memory. A buffer of this size leaves the
//!   cache before anybody reads it, so its lines are written past the cache. That halves the traffic.
//! - **Equal alignment.** Blocks begin at pages, and buffers 16 bytes after one. On some processors of AMD the copy instruction of the C
//!   library takes three times as long if only the target is unaligned, so it gets aligned targets.
#![expect(
    unsafe_code,
    reason = "copies bytes by their addresses, and asks for the pages behind them"
)]

use std::hint::black_box;
use std::ptr;
use std::sync::Once;

use rustix::mm::{Advice, madvise};

/// Smaller values are copied as they are. Larger ones are looked at in pieces of this size.
const PIECE_BYTES: usize = 256 * 1024;
/// The smallest size of a page.
const PAGE_BYTES: usize = 4096;
/// Targets are aligned to the lines of the cache.
const LINE_BYTES: usize = 64;
/// The largest block after whose end the C library adapts: 32 MiB, with what it adds itself.
const LARGEST_BYTES: usize = 32 * 1024 * 1024 - 64 * 1024;

/// Fills `into` from the bytes at `from`.
///
/// # Safety
/// As many bytes can be read there, and `into` is elsewhere.
pub(super) unsafe fn copy_out(from: *const u8, into: &mut [u8]) {
    if into.len() < PIECE_BYTES {
        // SAFETY: the caller has checked it.
        return unsafe { copy(from, into) };
    }
    keep_freed_memory();
    let mut from = from;
    let mut left = into;
    while !left.is_empty() {
        let len = left.len().min(PIECE_BYTES);
        let is_warm = is_resident(&left[..len]);
        if !is_warm {
            populate(&mut left[..len]);
        }
        let (piece, rest) = left.split_at_mut(len);
        // New pages are in the cache, because the system has just cleared them.
        let copy_piece = if is_warm { copy_past_cache } else { copy };
        // SAFETY: the bytes of all pieces can be read.
        unsafe { copy_piece(from, piece) };
        from = from.wrapping_add(len);
        left = rest;
    }
}

/// # Safety
/// As for [`copy_out`].
unsafe fn copy(from: *const u8, into: &mut [u8]) {
    let head = into.as_ptr().align_offset(LINE_BYTES).min(into.len());
    let (first, rest) = into.split_at_mut(head);
    // SAFETY: the caller has checked it.
    unsafe { ptr::copy_nonoverlapping(from, first.as_mut_ptr(), first.len()) };
    let from = from.wrapping_add(head);
    // SAFETY: as above.
    unsafe { ptr::copy_nonoverlapping(from, rest.as_mut_ptr(), rest.len()) };
}

/// Copies without room in the cache for the target.
///
/// # Safety
/// As for [`copy_out`].
#[cfg(target_arch = "x86_64")]
unsafe fn copy_past_cache(from: *const u8, into: &mut [u8]) {
    use std::arch::x86_64::{__m128i, _mm_sfence, _mm_stream_si128};

    let head = into.as_ptr().align_offset(LINE_BYTES).min(into.len());
    let (first, rest) = into.split_at_mut(head);
    let (units, last) = rest.as_chunks_mut::<16>();
    // SAFETY: the caller has checked it.
    unsafe { copy(from, first) };
    let mut from = from.wrapping_add(head);
    for unit in units {
        // SAFETY: the caller has checked that these 16 bytes can be read.
        let value = unsafe { from.cast::<__m128i>().read_unaligned() };
        // SAFETY: the unit has 16 bytes, and is aligned as its line is. Every processor of this architecture has the instruction.
        unsafe { _mm_stream_si128(unit.as_mut_ptr().cast(), value) };
        from = from.wrapping_add(16);
    }
    // SAFETY: the caller has checked it.
    unsafe { copy(from, last) };
    // Such stores are not ordered with others. After this, whoever learns of the copy sees it.
    // SAFETY: every processor of this architecture has it.
    unsafe { _mm_sfence() };
}

/// # Safety
/// As for [`copy_out`].
#[cfg(not(target_arch = "x86_64"))]
unsafe fn copy_past_cache(from: *const u8, into: &mut [u8]) {
    // SAFETY: the caller has checked it.
    unsafe { copy(from, into) };
}

/// Whether most of the pages of a piece are there. If the system does not tell, they may be missing.
fn is_resident(piece: &[u8]) -> bool {
    let mut pages = [0_u8; PIECE_BYTES / PAGE_BYTES + 1];
    let first = piece.as_ptr().map_addr(|at| at & !(rustix::param::page_size() - 1));
    let len = piece.as_ptr().addr() + piece.len() - first.addr();
    let count = len.div_ceil(rustix::param::page_size()).min(pages.len());
    // SAFETY: it only writes a byte for each page, and there are no more pages than bytes: pages are not smaller than 4 KiB.
    let is_told = unsafe { libc::mincore(first.cast_mut().cast(), len, pages.as_mut_ptr()) } == 0;
    let resident = pages[..count].iter().filter(|page| **page & 1 == 1).count();
    is_told && resident > count * 3 / 4
}

/// Provides the pages that lie wholly in the bytes.
fn populate(bytes: &mut [u8]) {
    let unit = rustix::param::page_size();
    let start = bytes.as_ptr().align_offset(unit);
    let len = bytes.len().saturating_sub(start) / unit * unit;
    if len > 0 {
        let first = bytes.as_ptr().wrapping_add(start).cast_mut().cast();
        // If it is refused, pages come as they are touched.
        // SAFETY: the pages are wholly inside of the slice, and this leaves their content as it is.
        unsafe { madvise(first, len, Advice::LinuxPopulateWrite) }.unwrap_or_default();
    }
}

/// Lets the C library keep up to 64 MiB of freed memory for the next large buffers, instead of little more than one buffer. GNU's learns
/// it as from any program: from a large block that is freed. Settings of the user are kept, and another library may learn nothing.
fn keep_freed_memory() {
    static LEARNED: Once = Once::new();
    LEARNED.call_once(|| drop(black_box(Vec::<u8>::with_capacity(LARGEST_BYTES))));
}

/// Gives freed memory back to the system.
pub fn give_back_freed_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it has no preconditions.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
