//! The processes of one pool: a job around the jobs of its workers. It ends with its last handle, which only the pool has.

use std::io;

use super::job::Job;

/// The processes of one pool. Dropped, it ends those that are left.
#[derive(Debug)]
pub struct Family(pub(super) Job);

impl Family {
    /// Without processes.
    ///
    /// # Errors
    /// What the system reports, usually that there is no memory.
    pub fn new() -> io::Result<Self> {
        Job::new().map(Self)
    }
}
