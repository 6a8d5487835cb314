//! What every poller does around one wait of the system.

use std::io;
use std::time::{Duration, Instant};

/// Replaces the content of `tokens` by what `once` adds to it; leaves it empty when `timeout` has passed. `once` waits for at most the
/// time that it is given, and may return early. Without a timeout this waits for ever.
pub(super) fn wait_until_some(
    tokens: &mut Vec<u64>,
    timeout: Option<Duration>,
    mut once: impl FnMut(&mut Vec<u64>, Option<Duration>) -> io::Result<()>,
) -> io::Result<()> {
    tokens.clear();
    // A deadline beyond the clock's range is no deadline.
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        once(tokens, left)?;
        if !tokens.is_empty() || left.is_some_and(|left| left.is_zero()) {
            return Ok(());
        }
    }
}
