//! Mutexes here guard data that every holder leaves whole, so a panic of one holder is no reason to stop another. That of the
//! scheduler is no such mutex: `pool/failing.rs` locks it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, also after a panic of another holder.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
