//! Systems without memory for large values: every name exists, no value can be made. Large values travel through the rings.
#![cfg_attr(
    feature = "testing",
    expect(missing_docs, clippy::missing_errors_doc, reason = "documented in sys/linux")
)]

use std::io;
use std::ops::Range;

use super::{AsFd, BorrowedFd, OwnedFd};

/// Memory for large values.
#[derive(Debug)]
pub enum BlockMemory {}

/// What lets other processes read it.
#[derive(Debug)]
pub enum BlockReader {}

impl BlockReader {
    pub fn is_intact(&self) -> bool {
        match *self {}
    }
}

impl AsFd for BlockReader {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match *self {}
    }
}

fn none<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl BlockMemory {
    pub fn writable(_len: usize) -> io::Result<(Self, BlockReader)> {
        none()
    }

    pub fn readable(_len: usize) -> io::Result<(Self, OwnedFd)> {
        none()
    }

    pub fn attach(_fd: impl AsFd, _len: usize, _is_writable: bool) -> io::Result<Self> {
        none()
    }

    pub fn write(&self, _at: usize, _bytes: &[u8]) -> bool {
        match *self {}
    }

    pub fn read(&self, _at: usize, _into: &mut [u8]) -> bool {
        match *self {}
    }

    pub fn reserve(&self, _range: Range<usize>) -> io::Result<()> {
        match *self {}
    }

    pub fn discard(&self, _range: Range<usize>) {
        match *self {}
    }

    pub fn detach(&self, _range: Range<usize>) {
        match *self {}
    }
}

pub fn give_back_freed_memory() {}
