//! Locks for data that is consistent at every moment, so that a panic of one thread need not stop another. The scheduler is
//! different: `pool/failing.rs` locks it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks, even if another thread has panicked under the lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
