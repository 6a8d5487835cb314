//! A stream of bytes that a worker may write, in pieces of any size, put together to frames by the parent.
#![no_main]

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use millrace_core::testing::channel::frame::{Assembler, FrameError, HEADER_BYTES, ToParent, padded_len};
use millrace_core::testing::channel::ring::{Consumer, Producer, RingMemory};

/// The assembler's own buffer; a header that claims more gets this much ahead of the bytes.
const SCRATCH_BYTES: usize = 256;
const UNPROVEN_BYTES: usize = 1024 * 1024;

/// A ring that is small enough to be new for each input.
struct SmallRing {
    head: AtomicU32,
    tail: AtomicU32,
    bytes: [AtomicU8; 4_096],
}

impl RingMemory for SmallRing {
    fn capacity(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn head(&self) -> &AtomicU32 {
        &self.head
    }

    fn tail(&self) -> &AtomicU32 {
        &self.tail
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        let places = &self.bytes[at..][..bytes.len()];
        places.iter().zip(bytes).for_each(|(place, byte)| place.store(*byte, Ordering::Relaxed));
    }

    fn append(&self, at: usize, count: usize, into: &mut Vec<u8>) {
        into.extend(self.bytes[at..][..count].iter().map(|place| place.load(Ordering::Relaxed)));
    }
}

#[derive(Debug, Arbitrary)]
enum Piece {
    /// Anything.
    Bytes(Vec<u8>),
    /// A header that may be right, with payload that may be too short.
    Frame { kind: u8, fields: [u32; 6], claimed: u32, payload: Vec<u8> },
}

impl Piece {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Frame { kind, fields, claimed, payload } => {
                // Mostly the truth, or nearly.
                let length = match claimed % 8 {
                    0 => claimed,
                    1 => claimed >> 8,
                    _ => payload.len() as u32,
                };
                let mut bytes = Vec::with_capacity(HEADER_BYTES + padded_len(payload.len()));
                bytes.extend(length.to_le_bytes());
                bytes.extend(u32::from(kind % 5).to_le_bytes());
                bytes.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
                bytes.extend(&payload);
                bytes.resize(HEADER_BYTES + padded_len(payload.len()), 0);
                bytes
            }
        }
    }
}

fuzz_target!(|pieces: Vec<Piece>| {
    let ring = Arc::new(SmallRing {
        head: AtomicU32::new(0),
        tail: AtomicU32::new(0),
        bytes: std::array::from_fn(|_| AtomicU8::new(0)),
    });
    let mut worker = Producer::new(Arc::clone(&ring), 0);
    let mut parent = Consumer::new(ring, 0);
    let mut assembler = Assembler::<ToParent>::with_scratch(SCRATCH_BYTES);
    let (mut sent, mut taken) = (0_usize, 0_usize);
    let mut failed: Option<FrameError> = None;
    for piece in pieces {
        let bytes = piece.bytes();
        sent += worker.push(&bytes).expect("an honest reader");
        worker.publish();
        loop {
            match assembler.poll(&mut parent) {
                Ok(Some(frame)) => {
                    assert!(failed.is_none(), "there is no way back into a stream");
                    taken += HEADER_BYTES + padded_len(frame.payload.len());
                    assert!(taken <= sent, "a frame of more bytes than came");
                }
                Ok(None) => break,
                Err(error) => {
                    assert!(
                        failed.is_none_or(|before| before == error),
                        "the same again ever after"
                    );
                    failed = Some(error);
                    break;
                }
            }
        }
        let bound = SCRATCH_BYTES + UNPROVEN_BYTES.max(2 * sent);
        assert!(assembler.held_bytes() <= bound, "memory for bytes that never came");
    }
});
