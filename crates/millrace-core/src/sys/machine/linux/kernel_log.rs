//! What the kernel has logged. Only a privileged process may read it.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::sys::monotonic_ms;

/// The first process-id namespace of the system: the log names processes by their numbers there.
const FIRST_NAMESPACE: &str = "pid:[4026531836]";
/// The longest record; `read` gives one at a time.
const RECORD_BYTES: usize = 8192;
/// A process with the same number that was killed longer ago was another one.
const RECENT_MS: u64 = 60_000;

/// Whether the log says that the out-of-memory killer has killed the process. `None` if it cannot be read.
pub fn was_killed_for_memory(pid: u32) -> Option<bool> {
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    (namespace == Path::new(FIRST_NAMESPACE)).then_some(())?;
    let open = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open("/dev/kmsg");
    let mut log = open.ok()?;
    let line = format!("Killed process {pid} (");
    let mut record = [0; RECORD_BYTES];
    loop {
        match log.read(&mut record) {
            Ok(0) => return Some(false),
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&record[..bytes]);
                if text.contains(&line) && is_recent(&text) {
                    return Some(true);
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // What was to be read next has been overwritten: the next read goes on behind it.
            Err(error) if error.raw_os_error() == Some(libc::EPIPE) => {}
            Err(error) => return (error.kind() == ErrorKind::WouldBlock).then_some(false),
        }
    }
}

/// A record is `priority,number,microseconds since the start,flags;text`.
fn is_recent(record: &str) -> bool {
    let logged_at = record.split(',').nth(2).and_then(|text| text.parse::<u64>().ok());
    logged_at.is_some_and(|at| at / 1000 + RECENT_MS >= monotonic_ms())
}
