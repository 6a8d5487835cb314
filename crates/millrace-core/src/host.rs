//! What a program that embeds the core asks of the system: about itself, and about its workers.

pub use crate::sys::{
    SUPPORTED, command_line, library_path, look_up, make_room_for_descriptors, resident_bytes,
};
