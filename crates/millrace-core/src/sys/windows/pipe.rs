//! The output of a process on its way to this one: a pipe with one client, which is read ahead.
//!
//! The system fills a buffer of this pipe and sets an event then, which a poller waits for. An anonymous pipe cannot do that, so the
//! pipe has a name that nobody can guess, no second instance, and no client from another machine.
#![expect(unsafe_code, reason = "reads while the system writes to a buffer")]

use std::cell::UnsafeCell;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::process;
use std::ptr;
use std::sync::Mutex;

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, GENERIC_WRITE,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_READ_ATTRIBUTES,
    OPEN_EXISTING, PIPE_ACCESS_INBOUND, ReadFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
};

use super::bell::Bell;
use super::command_line::wide;
use super::handle::{AsFd, BorrowedFd, OwnedFd, new_object, raw};
use crate::lock::lock;

/// What the system keeps for a pipe, and the size of one read.
const BYTES: usize = 64 * 1024;

/// The end of a pipe that is read; reading never blocks.
#[derive(Debug)]
pub struct Pipe {
    handle: OwnedFd,
    /// Set when a read has ended.
    ended: Bell,
    reading: Mutex<Reading>,
}

#[derive(Debug)]
struct Reading {
    /// In one place, as the system writes to it while a read is open.
    target: Box<Target>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A read is open.
    Open,
    /// The bytes from `at` to `end` of the buffer were read and not taken.
    Full { at: usize, end: usize },
    /// All writers are gone.
    Over,
}

struct Target {
    overlapped: UnsafeCell<OVERLAPPED>,
    buffer: UnsafeCell<[u8; BYTES]>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Target").finish_non_exhaustive()
    }
}

// SAFETY: only who has the lock looks at it, and only while no read is open.
unsafe impl Send for Target {}

impl Pipe {
    /// Makes a pipe; the other end is for a process to write to, and blocks it while the pipe is full.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn new() -> io::Result<(Self, OwnedFd)> {
        let random = || RandomState::new().build_hasher().finish();
        let (pid, one, two) = (process::id(), random(), random());
        let name = wide(&format!(r"\\.\pipe\millrace-{pid}-{one:016x}{two:016x}"));
        let open = PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE;
        let mode = PIPE_TYPE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
        let size = BYTES as u32;
        // SAFETY: `name` ends in NUL and lives until the call returns; null stands for no attributes.
        let handle = new_object(unsafe {
            CreateNamedPipeW(name.as_ptr(), open, mode, 1, size, size, 0, ptr::null())
        })?;
        let access = GENERIC_WRITE | FILE_READ_ATTRIBUTES;
        // SAFETY: as above; null stands for no template as well.
        let theirs = new_object(unsafe {
            CreateFileW(name.as_ptr(), access, 0, ptr::null(), OPEN_EXISTING, 0, ptr::null_mut())
        })?;
        let target = Box::new(Target {
            overlapped: UnsafeCell::new(OVERLAPPED::default()),
            buffer: UnsafeCell::new([0; BYTES]),
        });
        let reading = Reading { target, state: State::Over };
        let pipe = Self { handle, ended: Bell::new()?, reading: Mutex::new(reading) };
        pipe.read_on(&mut lock(&pipe.reading))?;
        Ok((pipe, theirs))
    }

    /// Returns how many bytes were read into `into`: 0 if all writers are gone, `None` if nothing is there.
    ///
    /// # Errors
    /// What the system reports.
    pub fn try_read(&self, into: &mut [u8]) -> io::Result<Option<usize>> {
        let mut reading = lock(&self.reading);
        if reading.state == State::Open && !self.finish(&mut reading)? {
            return Ok(None);
        }
        let State::Full { at, end } = reading.state else { return Ok(Some(0)) };
        let count = (end - at).min(into.len());
        // SAFETY: no read is open, and the lock is held.
        let buffer = unsafe { &*reading.target.buffer.get() };
        into[..count].copy_from_slice(&buffer[at..at + count]);
        if at + count == end {
            self.read_on(&mut reading)?;
        } else {
            reading.state = State::Full { at: at + count, end };
        }
        Ok(Some(count))
    }

    /// Opens the next read. The event stays set if it ends at once.
    fn read_on(&self, reading: &mut Reading) -> io::Result<()> {
        self.ended.clear();
        let overlapped = reading.target.overlapped.get();
        // SAFETY: no read is open, and the lock is held.
        unsafe { *overlapped = OVERLAPPED::default() };
        // SAFETY: as above.
        unsafe { (*overlapped).hEvent = raw(&self.ended) };
        // SAFETY: the target stays in its place until the read has ended, which `drop` waits for.
        let answer = unsafe {
            ReadFile(
                raw(&self.handle),
                reading.target.buffer.get().cast(),
                BYTES as u32,
                ptr::null_mut(),
                overlapped,
            )
        };
        reading.state = State::Open;
        if answer == 0 {
            let error = io::Error::last_os_error();
            match error.raw_os_error().map(i32::cast_unsigned) {
                Some(ERROR_IO_PENDING) => {}
                Some(ERROR_BROKEN_PIPE) => self.end(reading),
                _ => {
                    reading.state = State::Over;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Takes the answer of the open read. Returns `false` if there is none yet.
    fn finish(&self, reading: &mut Reading) -> io::Result<bool> {
        let mut count = 0;
        let overlapped = reading.target.overlapped.get();
        // SAFETY: the read was opened with it, and it writes to `count`, which lives until it returns.
        let answer =
            unsafe { GetOverlappedResult(raw(&self.handle), overlapped, &raw mut count, 0) };
        if answer != 0 {
            // A writer may write nothing, which is not the end.
            if count == 0 {
                self.read_on(reading)?;
                return Ok(reading.state != State::Open);
            }
            reading.state = State::Full { at: 0, end: count as usize };
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error().map(i32::cast_unsigned) {
            Some(ERROR_IO_INCOMPLETE) => Ok(false),
            Some(ERROR_BROKEN_PIPE) => {
                self.end(reading);
                Ok(true)
            }
            _ => {
                self.end(reading);
                Err(error)
            }
        }
    }

    /// The event stays set from now on, as for any pipe that has ended.
    fn end(&self, reading: &mut Reading) {
        reading.state = State::Over;
        self.ended.notify();
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let reading = lock(&self.reading);
        if reading.state == State::Open {
            let overlapped = reading.target.overlapped.get();
            // SAFETY: the read was opened with it.
            unsafe { CancelIoEx(raw(&self.handle), overlapped) };
            let mut count = 0;
            // The system writes to the target until then.
            // SAFETY: as above, and it writes to `count`, which lives until it returns.
            unsafe { GetOverlappedResult(raw(&self.handle), overlapped, &raw mut count, 1) };
        }
    }
}

/// Set when something can be read, or all writers are gone.
impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }
}
