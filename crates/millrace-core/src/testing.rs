//! The internals of the crate, for its integration tests and fuzz targets. They may change at any time.

/// What lies between the parent and one worker.
pub mod channel {
    pub use crate::channel::*;
}

/// The thread of a worker that dies with the parent.
pub mod lifeline {
    pub use crate::endpoint::lifeline::*;
}

/// The state machine that decides.
pub mod scheduler {
    pub use crate::scheduler::*;
}

/// The door to the system.
pub mod sys {
    pub use crate::sys::*;
}
