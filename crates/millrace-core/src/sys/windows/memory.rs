//! Memory that two processes share: a section of the paging file. It has no name, and nobody can change its length.
#![expect(unsafe_code, reason = "maps and unmaps pages")]

use std::io;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_MORE_DATA, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP_READ, FILE_MAP_WRITE, MEM_COMMIT, MEMORY_BASIC_INFORMATION,
    MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile, PAGE_READWRITE, UnmapViewOfFile, VirtualQuery,
};
use windows_sys::Win32::System::ProcessStatus::K32GetMappedFileNameW;

use super::handle::{OwnedFd, current_process, new_object, raw};

/// The size of a page, on every CPU that has Windows.
const PAGE_BYTES: usize = 4096;

/// A mapping of anonymous memory shared with another process, unmapped on drop.
///
/// The other process may change the bytes at any moment: read them through atomics or volatile copies only.
#[derive(Debug)]
pub struct SharedMemory {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to the process, not to a thread, and this type itself never reads or writes its bytes.
unsafe impl Send for SharedMemory {}
// SAFETY: as for `Send`; shared references only give out the address.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// Makes `len` bytes of zeros, not touched yet, and maps them.
    ///
    /// Returns the handle to pass on; closing it keeps the mapping.
    ///
    /// # Errors
    /// What the system reports; `InvalidInput` for a length of 0.
    pub fn create(len: usize) -> io::Result<(Self, OwnedFd)> {
        if len == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "shared memory of 0 bytes"));
        }
        let (high, low) = ((len as u64 >> 32) as u32, len as u32);
        // SAFETY: null stands for no attributes and no name, and the invalid handle for the paging file.
        let section = new_object(unsafe {
            CreateFileMappingW(
                INVALID_HANDLE_VALUE,
                ptr::null(),
                PAGE_READWRITE,
                high,
                low,
                ptr::null(),
            )
        })?;
        Ok((Self::map(&section, len)?, section))
    }

    /// Maps what [`SharedMemory::create`] made in another process.
    ///
    /// # Errors
    /// `InvalidData` when the handle is not memory of `len` bytes; else what the system reports.
    pub fn attach(fd: OwnedFd, len: usize) -> io::Result<Self> {
        Self::checked(&fd, len)
    }

    /// Fails as [`Self::attach`] does.
    pub(super) fn check(section: &OwnedFd, len: usize) -> io::Result<()> {
        Self::checked(section, len).map(drop)
    }

    fn checked(section: &OwnedFd, len: usize) -> io::Result<Self> {
        let memory = Self::map(section, len).map_err(|error| invalid(&error.to_string()))?;
        if memory.is_of_file() {
            return Err(invalid("it belongs to a file, which can become unreadable"));
        }
        let mapped = memory.mapped_bytes();
        if mapped != len.next_multiple_of(PAGE_BYTES) {
            return Err(invalid(&format!("it has {mapped} bytes, not {len}")));
        }
        Ok(memory)
    }

    /// The first byte.
    pub fn as_ptr(&self) -> NonNull<u8> {
        self.start
    }

    /// The length in bytes, never 0.
    pub fn size(&self) -> usize {
        self.len
    }

    pub(super) fn map(section: &OwnedFd, len: usize) -> io::Result<Self> {
        // SAFETY: the address is left to the system, so no mapping is replaced. It maps the whole section.
        let view = unsafe { MapViewOfFile(raw(section), FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 0) };
        let start = NonNull::new(view.Value.cast()).ok_or_else(io::Error::last_os_error)?;
        let memory = Self { start, len };
        if memory.mapped_bytes() < len {
            return Err(invalid("it is too small"));
        }
        Ok(memory)
    }

    /// Whether its content is that of a file. That of the paging file has no name.
    fn is_of_file(&self) -> bool {
        let mut name = [0; 512];
        let place = self.start.as_ptr().cast_const().cast();
        // SAFETY: takes any address, and writes at most as many characters as `name` has.
        let length = unsafe {
            K32GetMappedFileNameW(current_process(), place, name.as_mut_ptr(), name.len() as u32)
        };
        let error = io::Error::last_os_error().raw_os_error().map(i32::cast_unsigned);
        // A name that does not fit is a name.
        length != 0 || matches!(error, Some(ERROR_INSUFFICIENT_BUFFER | ERROR_MORE_DATA))
    }

    /// Whole pages that are taken: those of a section stay so.
    fn mapped_bytes(&self) -> usize {
        let information = information_at(self.start.as_ptr());
        if information.State == MEM_COMMIT { information.RegionSize } else { 0 }
    }

    /// Copies `content` to the front. It must fit.
    pub(super) fn fill(&self, content: &[u8]) {
        let bytes = content.len().min(self.len);
        // SAFETY: both have as many bytes, and no slice of Rust's lies in this memory.
        unsafe { ptr::copy_nonoverlapping(content.as_ptr(), self.start.as_ptr(), bytes) };
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: self.start.as_ptr().cast() };
        // SAFETY: `map` has mapped it, and only this value, which ends here, owns it.
        let _ = unsafe { UnmapViewOfFile(view) };
    }
}

/// What the system says of the pages from an address on that are like the first one.
pub(super) fn information_at(address: *const u8) -> MEMORY_BASIC_INFORMATION {
    let mut information = MaybeUninit::<MEMORY_BASIC_INFORMATION>::zeroed();
    let size = size_of::<MEMORY_BASIC_INFORMATION>();
    // SAFETY: takes any address, and writes at most `size` bytes to `information`, which lives until it returns.
    unsafe { VirtualQuery(address.cast(), information.as_mut_ptr(), size) };
    // SAFETY: zeros are a value of the structure, and the system writes whole ones.
    unsafe { information.assume_init() }
}

pub(super) fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not usable as shared memory: {why}"))
}
