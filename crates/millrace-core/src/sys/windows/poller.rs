//! Waiting for many objects at once.
//!
//! A thread waits for at most 64 objects by itself. The objects that were added first are among them. The thread pool of Windows
//! waits for the rest, and notifies one more bell of this poller: such a wait is made once for each report, so only the objects of
//! large pools pay for it, and an idle pool wakes nobody.
#![expect(
    unsafe_code,
    reason = "calls the functions that wait, and is called back by the thread pool"
)]

use std::ffi::c_void;
use std::io;
use std::os::windows::io::AsRawHandle;
use std::ptr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    HANDLE, INVALID_HANDLE_VALUE, WAIT_FAILED, WAIT_OBJECT_0, WAIT_TIMEOUT,
};
use windows_sys::Win32::System::Threading::{
    INFINITE, RegisterWaitForSingleObject, UnregisterWaitEx, WT_EXECUTEINWAITTHREAD,
    WT_EXECUTEONLYONCE, WaitForMultipleObjects,
};

use super::bell::{Bell, milliseconds};
use super::handle::{AsFd, BorrowedFd, check, raw};
use crate::lock::lock;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sys::waiting::wait_until_some;

/// How many objects the thread waits for by itself, besides the two bells of the poller.
const DIRECT: usize = 62;

/// Waits for any of many objects to be set. One thread waits, others may add and remove objects.
#[derive(Debug)]
pub struct Poller {
    /// Notified when there is another object to wait for.
    changed: Bell,
    /// Notified by the thread pool.
    rest: Arc<Bell>,
    watched: Mutex<Vec<Watched>>,
}

#[derive(Debug)]
struct Watched {
    object: Object,
    token: u64,
    /// Once the thread pool waits for it, until it was reported.
    wait: Option<Wait>,
}

/// The number of a handle. Whoever closes it removes it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Object(HANDLE);

// SAFETY: handles belong to the process, not to a thread.
unsafe impl Send for Object {}

impl Poller {
    /// Makes a poller that watches nothing yet.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn new() -> io::Result<Self> {
        let rest = Arc::new(Bell::new()?);
        Ok(Self { changed: Bell::new()?, rest, watched: Mutex::default() })
    }

    /// Nothing tells whether other code of this process has closed the handle.
    pub fn is_intact(&self) -> bool {
        self.changed.is_open()
    }

    /// As [`Self::is_intact`].
    pub fn is_open(&self) -> bool {
        self.changed.is_open()
    }

    /// Reports `token` from now on whenever `fd` is set. A wait that has begun reports it too. Whoever closes `fd` removes it
    /// before.
    ///
    /// # Errors
    /// `AlreadyExists` when `fd` is in already; else what the system reports.
    pub fn add(&self, fd: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        let object = Object(fd.as_raw_handle());
        let mut watched = lock(&self.watched);
        if watched.iter().any(|other| other.object == object) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        watched.push(Watched { object, token, wait: None });
        drop(watched);
        if self.changed.try_notify() { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Watches `fd` no more. A `wait` that has returned already may still have reported it.
    ///
    /// # Errors
    /// `NotFound` when `fd` is not in.
    pub fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let object = Object(fd.as_raw_handle());
        let mut watched = lock(&self.watched);
        let at = watched.iter().position(|other| other.object == object);
        // In their order: the first ones are the busiest.
        watched.remove(at.ok_or(io::ErrorKind::NotFound)?);
        Ok(())
    }

    /// Replaces the content of `tokens` by those of the objects that are set; leaves it empty when `timeout` has passed.
    ///
    /// Without a timeout it waits for ever. It never returns early: a part of a millisecond counts as a whole one.
    /// Level-triggered: what was not read, cleared or removed is reported again.
    ///
    /// # Errors
    /// What the system reports.
    pub fn wait(&self, tokens: &mut Vec<u64>, timeout: Option<Duration>) -> io::Result<()> {
        wait_until_some(tokens, timeout, |tokens, left| self.wait_once(tokens, left))
    }

    fn wait_once(&self, tokens: &mut Vec<u64>, left: Option<Duration>) -> io::Result<()> {
        let mut handles = vec![raw(&self.changed), raw(&*self.rest)];
        let mut direct = vec![];
        for (at, watched) in lock(&self.watched).iter_mut().enumerate() {
            if at < DIRECT {
                watched.wait = None;
                handles.push(watched.object.0);
                direct.push((watched.object, watched.token));
            } else if watched.wait.is_none() {
                watched.wait = Some(Wait::new(watched.object, Arc::clone(&self.rest))?);
            }
        }
        let mut set = vec![];
        let mut from = 0;
        let mut timeout = left.map_or(INFINITE, milliseconds);
        while from < handles.len()
            && let Some(at) = first_set(&handles[from..], timeout)?
        {
            set.push(from + at);
            from += at + 1;
            timeout = 0;
        }
        for at in set {
            match at {
                0 => drop(self.changed.clear()),
                1 => self.take_rest(tokens),
                at => {
                    let (object, token) = direct[at - 2];
                    let is_still = |other: &Watched| (other.object, other.token) == (object, token);
                    if lock(&self.watched).iter().any(is_still) {
                        tokens.push(token);
                    }
                }
            }
        }
        Ok(())
    }

    /// Reports what the thread pool has waited for, which it does again at the next wait.
    fn take_rest(&self, tokens: &mut Vec<u64>) {
        // Cleared first: what comes later notifies again.
        self.rest.clear();
        for watched in lock(&self.watched).iter_mut() {
            if watched.wait.take_if(|wait| wait.has_come()).is_some() {
                tokens.push(watched.token);
            }
        }
    }
}

/// That of its own bell.
impl AsFd for Poller {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.changed.as_fd()
    }
}

/// The place of the first object that is set by then.
fn first_set(handles: &[HANDLE], timeout: u32) -> io::Result<Option<usize>> {
    // SAFETY: reads as many handles as there are. The system refuses what is no handle.
    match unsafe { WaitForMultipleObjects(handles.len() as u32, handles.as_ptr(), 0, timeout) } {
        WAIT_TIMEOUT => Ok(None),
        WAIT_FAILED => Err(io::Error::last_os_error()),
        answer => Ok(Some((answer - WAIT_OBJECT_0) as usize)),
    }
}

/// A wait of the thread pool for one object.
#[derive(Debug)]
struct Wait {
    handle: Object,
    /// What the thread pool knows by its address, until the wait is dropped.
    notice: Box<Notice>,
}

#[derive(Debug)]
struct Notice {
    has_come: AtomicBool,
    bell: Arc<Bell>,
}

impl Wait {
    fn new(object: Object, bell: Arc<Bell>) -> io::Result<Self> {
        let notice = Box::new(Notice { has_come: AtomicBool::new(false), bell });
        let mut handle = ptr::null_mut();
        let context: *const Notice = &raw const *notice;
        let flags = WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD;
        // SAFETY: `notice` stays in its place until `drop` has waited for the last use of it, and it writes to `handle`.
        check(unsafe {
            RegisterWaitForSingleObject(
                &raw mut handle,
                object.0,
                Some(on_set),
                context.cast(),
                INFINITE,
                flags,
            )
        })?;
        Ok(Self { handle: Object(handle), notice })
    }

    fn has_come(&self) -> bool {
        self.notice.has_come.load(Ordering::SeqCst)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        // SAFETY: the wait was made by `new` and is ended once. The invalid handle means that it returns after the last call back.
        unsafe { UnregisterWaitEx(self.handle.0, INVALID_HANDLE_VALUE) };
    }
}

unsafe extern "system" fn on_set(context: *mut c_void, _has_timed_out: bool) {
    // SAFETY: `Wait::new` has passed the address of a notice, which lives until `Wait::drop` has waited for this call.
    let notice = unsafe { &*context.cast::<Notice>() };
    notice.has_come.store(true, Ordering::SeqCst);
    notice.bell.notify();
}
