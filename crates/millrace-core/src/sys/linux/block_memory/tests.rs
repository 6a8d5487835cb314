use proptest::prelude::*;

use super::*;

const BYTES: usize = 3 * 4_096;

#[derive(Debug, Clone)]
struct Access {
    at: usize,
    len: usize,
    byte: u8,
    is_write: bool,
}

fn accesses() -> impl Strategy<Value = Vec<Access>> {
    // Around the end of the memory, anywhere in it, and anywhere at all.
    let at = prop_oneof![BYTES - 40..BYTES + 40, 0..BYTES, any::<usize>()];
    let access = (at, 0..2 * BYTES, any::<u8>(), any::<bool>())
        .prop_map(|(at, len, byte, is_write)| Access { at, len, byte, is_write });
    prop::collection::vec(access, 1..40)
}

proptest! {
    /// Reads and writes stay inside, whatever place they are told, and one side reads what the other one has written.
    #[test]
    fn every_access_stays_inside(accesses in accesses()) {
        let (reading, fd) = BlockMemory::readable(BYTES).unwrap();
        let writing = BlockMemory::attach(&fd, BYTES, true).unwrap();
        let mut model = vec![0_u8; BYTES];
        for Access { at, len, byte, is_write } in accesses {
            let range = at.checked_add(len).filter(|end| *end <= BYTES).map(|end| at..end);
            if is_write {
                prop_assert!(!reading.write(at, &vec![byte; len]), "a side that only reads");
                prop_assert_eq!(writing.write(at, &vec![byte; len]), range.is_some());
                if let Some(range) = range {
                    model[range].fill(byte);
                }
                continue;
            }
            let mut into = vec![byte; len];
            prop_assert_eq!(reading.read(at, &mut into), range.is_some());
            let wanted = range.map_or_else(|| vec![byte; len], |range| model[range].to_vec());
            prop_assert_eq!(into, wanted);
        }
    }
}

#[test]
fn memory_of_another_length_is_refused() {
    let (_memory, fd) = BlockMemory::readable(BYTES).unwrap();
    for len in [0, BYTES - 4_096, BYTES + 4_096] {
        let error = BlockMemory::attach(&fd, len, true).expect_err("another length");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
