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
    ERROR_BROKEN_PIPE, ERROR_IO_INCOMPLETE, ERROR_IO_PENDING, ERROR_OPERATION_ABORTED,
    GENERIC_WRITE,
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
use super::handle::{AsFd, BorrowedFd, OwnedFd, check, new_object, raw};
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

    /// Takes the answer of the open read. Returns `false` if nothing is there.
    fn finish(&self, reading: &mut Reading) -> io::Result<bool> {
        let mut is_sure = false;
        while reading.state == State::Open {
            let mut answer = self.answer(reading, false);
            if has_code(&answer, ERROR_IO_INCOMPLETE) {
                if is_sure {
                    return Ok(false);
                }
                // The system tells the thread that has opened the read, which may not have run since then. A caller that knows that
                // the writer is dead wants all that was written: so the read is taken back, and what it has got by now is its answer.
                is_sure = true;
                self.cancel(reading);
                answer = self.answer(reading, true);
            }
            match answer {
                // A writer may write nothing, which is not the end. And a read ends with the thread that has opened it.
                Ok(0) => self.read_on(reading)?,
                Err(_) if has_code(&answer, ERROR_OPERATION_ABORTED) => self.read_on(reading)?,
                Ok(count) => reading.state = State::Full { at: 0, end: count as usize },
                Err(_) if has_code(&answer, ERROR_BROKEN_PIPE) => self.end(reading),
                Err(error) => {
                    self.end(reading);
                    return Err(error);
                }
            }
        }
        Ok(true)
    }

    /// How many bytes the open read has got.
    fn answer(&self, reading: &Reading, waits: bool) -> io::Result<u32> {
        let mut count = 0;
        let overlapped = reading.target.overlapped.get();
        // SAFETY: the read was opened with it, and it writes to `count`, which lives until it returns.
        check(unsafe {
            GetOverlappedResult(raw(&self.handle), overlapped, &raw mut count, i32::from(waits))
        })?;
        Ok(count)
    }

    /// Takes the open read back. It fails only where the read has ended.
    fn cancel(&self, reading: &Reading) {
        // SAFETY: the read was opened with it.
        unsafe { CancelIoEx(raw(&self.handle), reading.target.overlapped.get()) };
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
            self.cancel(&reading);
            // The system writes to the target until then.
            let _ = self.answer(&reading, true);
        }
    }
}

fn has_code<T>(answer: &io::Result<T>, code: u32) -> bool {
    answer.as_ref().is_err_and(|error| error.raw_os_error() == Some(code.cast_signed()))
}

/// Set when something can be read, or all writers are gone.
impl AsFd for Pipe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ended.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;
    use std::thread;

    use super::super::bell::is_set_within;
    use super::*;

    fn read(pipe: &Pipe) -> Option<Vec<u8>> {
        let mut bytes = [0; 16];
        let count = pipe.try_read(&mut bytes).unwrap()?;
        Some(bytes[..count].to_vec())
    }

    #[test]
    fn what_was_written_is_there_at_once_and_nothing_is_not_the_end() {
        let (pipe, writer) = Pipe::new().unwrap();
        let mut writer = File::from(writer);
        for _ in 0..100 {
            assert_eq!(read(&pipe), None);
            writer.write_all(b"some").unwrap();
            assert_eq!(read(&pipe).as_deref(), Some(&b"some"[..]));
        }
        drop(writer);
        assert_eq!(read(&pipe).as_deref(), Some(&b""[..]));
        assert!(is_set_within(&pipe, 0), "it stays reported");
    }

    #[test]
    fn a_pipe_outlives_the_thread_that_has_made_it() {
        let (pipe, writer) = thread::spawn(|| Pipe::new().unwrap()).join().unwrap();
        assert_eq!(read(&pipe), None);
        File::from(writer).write_all(b"more").unwrap();
        assert_eq!(read(&pipe).as_deref(), Some(&b"more"[..]));
        assert_eq!(read(&pipe).as_deref(), Some(&b""[..]));
    }
}
