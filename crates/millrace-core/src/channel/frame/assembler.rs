//! Assembles frames from a ring, wherever they were cut.
//!
//! Small frames are parsed in place, in one buffer that is filled from the ring. A larger frame gets its own memory, and the ring
//! is copied there directly. That memory grows with the bytes that have arrived: a header that claims 2 GiB and sends nothing
//! gets 1 MiB.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::mem;

use super::{FrameError, FrameKind, HEADER_BYTES, MAX_PAYLOAD, padded_len};
use crate::channel::ring::{Consumer, RingMemory};

const SCRATCH_BYTES: usize = 64 * 1024;
const UNPROVEN_BYTES: usize = 1024 * 1024;

/// A whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a, K> {
    /// Its kind.
    pub kind: K,
    /// Its six fields, as the other side sent them.
    pub fields: [u32; 6],
    /// Borrowed from the assembler when small, owned when it had memory of its own.
    pub payload: Cow<'a, [u8]>,
}

/// A header that was checked.
#[derive(Clone, Copy, Debug)]
struct Header<K> {
    payload_bytes: usize,
    kind: K,
    fields: [u32; 6],
}

impl<K: FrameKind> Header<K> {
    /// `None` when `bytes` are too few.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let mut words = [0; HEADER_BYTES / 4];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [payload_bytes, kind, fields @ ..] = words;
        let payload_bytes = payload_bytes as usize;
        if payload_bytes > MAX_PAYLOAD {
            return Err(FrameError::TooLong { bytes: payload_bytes });
        }
        let kind = K::from_number(kind).ok_or(FrameError::UnknownKind { kind })?;
        Ok(Some(Self { payload_bytes, kind, fields }))
    }

    fn frame_bytes(&self) -> usize {
        HEADER_BYTES + padded_len(self.payload_bytes)
    }
}

/// The header of a frame that has arrived, and its payload when that has memory of its own.
type Whole<K> = (Header<K>, Option<Vec<u8>>);

/// Assembles the frames of one ring. `K` are their kinds.
#[derive(Debug)]
pub struct Assembler<K> {
    /// The bytes that have arrived. Those from `parsed` on were not parsed yet.
    scratch: Vec<u8>,
    parsed: usize,
    scratch_bytes: usize,
    /// The frame under way that is larger than the scratch.
    large: Option<(Header<K>, Vec<u8>)>,
    failed: Option<FrameError>,
    kinds: PhantomData<K>,
}

impl<K: FrameKind> Default for Assembler<K> {
    fn default() -> Self {
        Self::with_scratch(SCRATCH_BYTES)
    }
}

impl<K: FrameKind> Assembler<K> {
    /// An assembler with a buffer of `bytes`, at least a header's.
    pub fn with_scratch(bytes: usize) -> Self {
        let scratch_bytes = bytes.max(HEADER_BYTES);
        Self {
            scratch: Vec::new(),
            parsed: 0,
            scratch_bytes,
            large: None,
            failed: None,
            kinds: PhantomData,
        }
    }

    /// The next whole frame, or `None` if the ring is empty and no whole frame has arrived.
    ///
    /// Reading frees space in the ring, so the producer's space bell is due when this returns, at the latest when it
    /// returns `None`.
    ///
    /// # Errors
    /// If the ring is corrupt, a header is invalid, or memory is refused. The same error comes again at each call, because
    /// the stream cannot be resumed.
    pub fn poll<M: RingMemory>(
        &mut self,
        ring: &mut Consumer<M>,
    ) -> Result<Option<Frame<'_, K>>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let whole = self.advance(ring).inspect_err(|error| self.failed = Some(*error))?;
        Ok(whole.map(|(header, large)| {
            let payload = large.map_or_else(|| Cow::Borrowed(self.take_small(&header)), Cow::Owned);
            Frame { kind: header.kind, fields: header.fields, payload }
        }))
    }

    /// Whether a frame has arrived in part. After a death, that part is all there will ever be.
    #[cfg(feature = "testing")]
    pub fn is_mid_frame(&self) -> bool {
        self.large.is_some() || self.parsed < self.scratch.len()
    }

    /// Memory held, in bytes.
    #[cfg(feature = "testing")]
    pub fn held_bytes(&self) -> usize {
        self.scratch.capacity() + self.large.as_ref().map_or(0, |(_, payload)| payload.capacity())
    }

    /// The header of the next whole frame, with its payload if that is not in the scratch.
    fn advance<M: RingMemory>(
        &mut self,
        ring: &mut Consumer<M>,
    ) -> Result<Option<Whole<K>>, FrameError> {
        loop {
            if let Some((header, payload)) = self.large.take() {
                return self.advance_large(header, payload, ring);
            }
            if let Some(header) = Header::parse(&self.scratch[self.parsed..])? {
                let frame_bytes = header.frame_bytes();
                if frame_bytes > self.scratch_bytes {
                    self.begin_large(header)?;
                    continue;
                }
                if frame_bytes <= self.scratch.len() - self.parsed {
                    return Ok(Some((header, None)));
                }
            }
            if self.refill(ring)? == 0 {
                return Ok(None);
            }
        }
    }

    fn refill<M: RingMemory>(&mut self, ring: &mut Consumer<M>) -> Result<usize, FrameError> {
        self.scratch.drain(..mem::take(&mut self.parsed));
        let room = self.scratch_bytes - self.scratch.len();
        self.scratch.reserve_exact(room);
        Ok(ring.read_to_vec(&mut self.scratch, room)?)
    }

    fn take_small(&mut self, header: &Header<K>) -> &[u8] {
        let payload = self.parsed + HEADER_BYTES;
        self.parsed += header.frame_bytes();
        &self.scratch[payload..][..header.payload_bytes]
    }

    /// Moves what is there of the frame's payload out of the scratch, of which it is all the rest.
    fn begin_large(&mut self, header: Header<K>) -> Result<(), FrameError> {
        let mut payload = Vec::new();
        grow(&mut payload, padded_len(header.payload_bytes))?;
        payload.extend_from_slice(&self.scratch[self.parsed + HEADER_BYTES..]);
        self.scratch.clear();
        self.parsed = 0;
        self.large = Some((header, payload));
        Ok(())
    }

    fn advance_large<M: RingMemory>(
        &mut self,
        header: Header<K>,
        mut payload: Vec<u8>,
        ring: &mut Consumer<M>,
    ) -> Result<Option<Whole<K>>, FrameError> {
        let total = padded_len(header.payload_bytes);
        while payload.len() < total {
            if payload.len() == payload.capacity() {
                grow(&mut payload, total)?;
            }
            let limit = payload.capacity().min(total) - payload.len();
            if ring.read_to_vec(&mut payload, limit)? == 0 {
                self.large = Some((header, payload));
                return Ok(None);
            }
        }
        payload.truncate(header.payload_bytes);
        Ok(Some((header, Some(payload))))
    }
}

/// Doubles the room for a payload of `total` bytes, as far as it needs.
fn grow(payload: &mut Vec<u8>, total: usize) -> Result<(), FrameError> {
    let room = payload.capacity().saturating_mul(2).max(UNPROVEN_BYTES).min(total);
    payload
        .try_reserve_exact(room - payload.len())
        .map_err(|_| FrameError::OutOfMemory { bytes: total })
}
