//! Memory for large values, which one process writes and another one reads: a section of the paging file whose pages are reserved,
//! and taken where something is written. So its length costs addresses only.
//!
//! A page that was taken stays so until the section is gone: Windows takes none back from a section. What is given back is the memory
//! behind it, by [`MEM_RESET`]. To read a page that nobody has taken would be a fault, so each read asks the system first.
#![expect(unsafe_code, reason = "maps pages and copies to and from them")]

use std::io;
use std::ops::Range;
use std::ptr::{self, NonNull};

use windows_sys::Win32::Foundation::{DuplicateHandle, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_READ, FILE_MAP_WRITE, MEM_COMMIT, MEM_RESET,
    MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, PAGE_READWRITE, SEC_RESERVE, SECTION_MAP_READ,
    SECTION_QUERY, UnmapViewOfFile, VirtualAlloc, VirtualUnlock,
};

use super::handle::{AsFd, BorrowedFd, OwnedFd, check, current_process, new_object, raw};
use super::memory::{information_at, invalid};

/// One process's view of memory for large values, unmapped on drop.
///
/// The other process may change the bytes at any moment, so they are only copied.
#[derive(Debug)]
pub struct BlockMemory {
    start: NonNull<u8>,
    len: usize,
    is_writable: bool,
}

/// What lets other processes read a [`BlockMemory`].
#[derive(Debug)]
pub struct BlockReader(OwnedFd);

impl BlockReader {
    /// Nothing tells whether other code of this process has closed the handle.
    #[expect(clippy::unused_self, reason = "other systems can tell")]
    pub fn is_intact(&self) -> bool {
        true
    }
}

impl AsFd for BlockReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

// SAFETY: the view belongs to the process, not to a thread. Its bytes are only copied, and never borrowed.
unsafe impl Send for BlockMemory {}
// SAFETY: as for `Send`; two threads that copy to the same place garble only its bytes.
unsafe impl Sync for BlockMemory {}

impl BlockMemory {
    /// Makes memory that this process writes. The handle is for processes that read it; they cannot write with it.
    ///
    /// # Errors
    /// If the system has no addresses for it.
    pub fn writable(len: usize) -> io::Result<(Self, BlockReader)> {
        let section = section(len)?;
        let memory = Self::attach(&section, len, true)?;
        let mut reader = ptr::null_mut();
        let (own, access) = (current_process(), SECTION_MAP_READ | SECTION_QUERY);
        // SAFETY: the handle is open, and the system writes to `reader`, which lives until it returns.
        check(unsafe { DuplicateHandle(own, raw(&section), own, &raw mut reader, access, 0, 0) })?;
        Ok((memory, BlockReader(new_object(reader)?)))
    }

    /// Makes memory that this process reads. The handle is for the process that writes it.
    ///
    /// # Errors
    /// If the system has no addresses for it.
    pub fn readable(len: usize) -> io::Result<(Self, OwnedFd)> {
        let section = section(len)?;
        Ok((Self::attach(&section, len, false)?, section))
    }

    /// Maps what another process has made.
    ///
    /// # Errors
    /// If the section is shorter than `len`; otherwise what the system reports.
    pub fn attach(fd: impl AsFd, len: usize, is_writable: bool) -> io::Result<Self> {
        let access = if is_writable { FILE_MAP_READ | FILE_MAP_WRITE } else { FILE_MAP_READ };
        // SAFETY: the address is left to the system, so no mapping is replaced. It refuses a length beyond the section's own.
        let view = unsafe { MapViewOfFile(raw(&fd), access, 0, 0, len) };
        let start = NonNull::new(view.Value.cast()).ok_or_else(|| {
            invalid(&format!("it has not {len} bytes: {}", io::Error::last_os_error()))
        })?;
        Ok(Self { start, len, is_writable })
    }

    /// Copies `bytes` to place `at`. Returns `false` if they do not fit, this process may not write, or there is no memory.
    pub fn write(&self, at: usize, bytes: &[u8]) -> bool {
        let Some(place) = self.place(at, bytes.len()) else { return false };
        if self.reserve(at..at + bytes.len()).is_err() {
            return false;
        }
        // SAFETY: `place` has room for the bytes, its pages are taken, and no slice of Rust's lies in this memory.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place, bytes.len()) };
        true
    }

    /// Fills `into` from place `at`. Returns `false` if the memory ends before, or nobody has taken the pages.
    pub fn read(&self, at: usize, into: &mut [u8]) -> bool {
        let Some(place) = self.place(at, into.len()).filter(|_| self.is_taken(at, into.len()))
        else {
            return false;
        };
        // SAFETY: `place` has these bytes, their pages are taken for good, and no slice of Rust's lies in this memory.
        unsafe { ptr::copy_nonoverlapping(place, into.as_mut_ptr(), into.len()) };
        true
    }

    /// Takes pages for a range now. What was taken already keeps its content.
    ///
    /// # Errors
    /// If the system has no memory for them, or this process may not write.
    pub fn reserve(&self, range: Range<usize>) -> io::Result<()> {
        if !self.is_writable {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.allocate(range, MEM_COMMIT)
    }

    /// Lets the system forget the content of a range. What is read there afterwards is anything.
    pub fn discard(&self, range: Range<usize>) {
        // If it is refused, the content stays until the memory is gone.
        self.allocate(range, MEM_RESET).unwrap_or_default();
    }

    /// Lets the pages of a range no longer count as memory of this process. Their content stays.
    pub fn detach(&self, range: Range<usize>) {
        if let Some(place) = self.place(range.start, range.len()) {
            // SAFETY: the range is inside of the view. Of pages that are not locked it empties the working set.
            unsafe { VirtualUnlock(place.cast(), range.len()) };
        }
    }

    fn allocate(&self, range: Range<usize>, what: u32) -> io::Result<()> {
        let place = self.place(range.start, range.len());
        let place = place.ok_or(io::ErrorKind::InvalidInput)?;
        if range.is_empty() {
            return Ok(());
        }
        // SAFETY: the range is inside of the view, and no Rust reference to its bytes exists.
        let taken = unsafe { VirtualAlloc(place.cast(), range.len(), what, PAGE_READWRITE) };
        if taken.is_null() { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Whether all pages of a range are taken.
    fn is_taken(&self, mut at: usize, len: usize) -> bool {
        let end = at + len;
        while at < end {
            let Some(place) = self.place(at, end - at) else { return false };
            let information = information_at(place);
            let rest = (information.BaseAddress.addr() + information.RegionSize)
                .saturating_sub(place.addr());
            if information.State != MEM_COMMIT || rest == 0 {
                return false;
            }
            at += rest.min(end - at);
        }
        true
    }

    fn place(&self, at: usize, len: usize) -> Option<*mut u8> {
        let fits = at <= self.len && len <= self.len - at;
        // SAFETY: `at` is inside of the view or at its end.
        fits.then(|| unsafe { self.start.add(at) }.as_ptr())
    }
}

impl Drop for BlockMemory {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: self.start.as_ptr().cast() };
        // SAFETY: `attach` has mapped it, and only this value, which ends here, owns it.
        let _ = unsafe { UnmapViewOfFile(view) };
    }
}

fn section(len: usize) -> io::Result<OwnedFd> {
    let (high, low) = ((len as u64 >> 32) as u32, len as u32);
    let flags = PAGE_READWRITE | SEC_RESERVE;
    // SAFETY: null stands for no attributes and no name, and the invalid handle for the paging file.
    new_object(unsafe {
        CreateFileMappingW(INVALID_HANDLE_VALUE, ptr::null(), flags, high, low, ptr::null())
    })
}

/// Nothing here: the C library of Node gives freed memory back by itself.
pub fn give_back_freed_memory() {}
