//! Messages about regions, over the line of a worker.

use super::RegionId;

/// Over the control socket, with the parent's end of a line. A start error is text, which does not begin like this.
pub(crate) const LINE: &[u8] = b"\0line";
/// The first answer over a line: the parent has its end.
pub(crate) const HELLO: &[u8] = b"hello";
/// The answer to a question for a region that the parent does not have.
pub(crate) const GONE: &[u8] = b"gone";

const WANTS: u8 = 1;
const PASSES: u8 = 2;

/// A message of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromWorker {
    /// It does not know a region.
    Wants(RegionId),
    /// The descriptor is a region, which its next outcome names.
    Passes {
        /// The region.
        id: RegionId,
        /// Its length.
        bytes: u64,
    },
}

/// The bytes of a message.
pub(crate) fn write(message: FromWorker) -> Vec<u8> {
    let (kind, id, bytes) = match message {
        FromWorker::Wants(id) => (WANTS, id, 0),
        FromWorker::Passes { id, bytes } => (PASSES, id, bytes),
    };
    [&[kind], id.0.to_le_bytes().as_slice(), &bytes.to_le_bytes()].concat()
}

/// The message in these bytes. `None`: they mean nothing.
pub(crate) fn read(bytes: &[u8]) -> Option<FromWorker> {
    let [kind, rest @ ..] = bytes else { return None };
    let (id, rest) = rest.split_first_chunk()?;
    let id = RegionId(u64::from_le_bytes(*id));
    match *kind {
        WANTS => Some(FromWorker::Wants(id)),
        PASSES => {
            let bytes = u64::from_le_bytes(*rest.first_chunk()?);
            Some(FromWorker::Passes { id, bytes })
        }
        _ => None,
    }
}

/// The answer to a question for a region, which carries its descriptor: its length.
pub(crate) fn answer(bytes: u64) -> [u8; 8] {
    bytes.to_le_bytes()
}

/// The length in an answer.
pub(crate) fn read_answer(answer: &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(answer.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let id = RegionId((1 << 53) - 1);
        for message in [FromWorker::Wants(id), FromWorker::Passes { id, bytes: u64::MAX }] {
            assert_eq!(read(&write(message)), Some(message));
        }
        assert_eq!(read_answer(&answer(7)), Some(7));
    }

    #[test]
    fn garbage_is_no_message() {
        let cut = &write(FromWorker::Passes { id: RegionId(1), bytes: 2 })[..12];
        for bytes in [b"".as_slice(), LINE, HELLO, &[WANTS, 1], &[9; 17], cut] {
            assert_eq!(read(bytes), None);
        }
        assert_eq!(read_answer(GONE), None);
    }
}
