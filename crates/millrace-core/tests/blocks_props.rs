//! Blocks between a parent and a worker: an honest one that fills, sends and fills again, and one that says anything.
#![cfg(not(loom))]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use millrace_core::testing::channel::blocks::returns::{Lease, Lent, ReadWord, Returns};
use millrace_core::testing::channel::blocks::{Extent, Space, UNIT_BYTES};
use proptest::prelude::*;

const UNITS: u32 = 48;

#[derive(Debug, Default)]
struct Word(AtomicU32);

impl ReadWord for Word {
    fn word(&self) -> &AtomicU32 {
        &self.0
    }
}

#[derive(Debug, Clone)]
enum Honest {
    /// The worker fills a block.
    Put(usize),
    /// The worker sends an outcome with the blocks so far.
    Send,
    /// The parent has read an outcome.
    Read(usize),
}

fn honest_steps() -> impl Strategy<Value = Vec<Honest>> {
    let step = prop_oneof![
        4 => (1..8 * UNIT_BYTES).prop_map(Honest::Put),
        2 => Just(Honest::Send),
        2 => any::<usize>().prop_map(Honest::Read),
    ];
    prop::collection::vec(step, 1..300)
}

fn overlap(one: Extent, other: Extent) -> bool {
    let (one, other) = (one.bytes(), other.bytes());
    one.start < other.end && other.start < one.end
}

proptest! {
    /// No block is filled again before the parent has read it, and in the end all are free.
    #[test]
    fn a_block_is_filled_again_only_after_it_was_read(steps in honest_steps()) {
        let returns = Arc::new(Returns::new(Word::default()));
        let (mut space, mut lent) = (Space::new(UNITS), Lent::default());
        let mut count = 0_u32;
        let mut filled: Vec<Extent> = Vec::new();
        let mut unread: Vec<(Lease<Word>, Vec<Extent>)> = Vec::new();
        for step in steps {
            match step {
                Honest::Put(bytes) => {
                    lent.reclaim(&returns.owner().0, |extent| space.free(extent));
                    let Some(extent) = space.take(bytes) else { continue };
                    let in_use = filled.iter().chain(unread.iter().flat_map(|(_, extents)| extents));
                    for other in in_use {
                        prop_assert!(!overlap(extent, *other));
                    }
                    lent.push(extent);
                    filled.push(extent);
                    count += 1;
                }
                Honest::Send => {
                    let lease = returns.arrive(count, UNITS).expect("an honest worker");
                    prop_assert_eq!(lease.is_some(), !filled.is_empty());
                    unread.extend(lease.map(|lease| (lease, std::mem::take(&mut filled))));
                }
                Honest::Read(which) if !unread.is_empty() => {
                    drop(unread.swap_remove(which % unread.len()));
                }
                Honest::Read(_) => {}
            }
        }
        drop(returns.arrive(count, UNITS).expect("an honest worker"));
        drop(unread);
        lent.reclaim(&returns.owner().0, |extent| space.free(extent));
        prop_assert!(lent.is_empty());
        prop_assert!(space.is_unused());
    }
}

#[derive(Debug, Clone)]
enum Hostile {
    /// The worker says that this is its last block.
    Says(u32),
    /// The same, near to what it said before.
    SaysNext(u32),
    /// The worker overwrites the word of the parent.
    Scribbles(u32),
    /// The parent has read an outcome.
    Read(usize),
}

fn hostile_steps() -> impl Strategy<Value = Vec<Hostile>> {
    let step = prop_oneof![
        1 => any::<u32>().prop_map(Hostile::Says),
        4 => (0..=UNITS).prop_map(Hostile::SaysNext),
        1 => any::<u32>().prop_map(Hostile::Scribbles),
        3 => any::<usize>().prop_map(Hostile::Read),
    ];
    prop::collection::vec(step, 1..300)
}

proptest! {
    /// Whatever the worker says: a number is taken only if it is possible, the parent keeps few leases, and counts without the worker.
    #[test]
    fn a_worker_that_says_anything_confuses_no_count(steps in hostile_steps()) {
        let returns = Arc::new(Returns::new(Word::default()));
        let mut unread: Vec<(Lease<Word>, u32, u32)> = Vec::new();
        let (mut arrived, mut read) = (0_u32, 0_u32);
        for step in steps {
            let last = match step {
                Hostile::Says(last) => last,
                Hostile::SaysNext(by) => arrived.wrapping_add(by),
                Hostile::Scribbles(value) => {
                    returns.owner().0.store(value, Ordering::Relaxed);
                    continue;
                }
                Hostile::Read(which) => {
                    if !unread.is_empty() {
                        drop(unread.swap_remove(which % unread.len()));
                        let oldest = unread.iter().map(|(_, before, _)| before.wrapping_sub(read)).min();
                        let before = read;
                        read = oldest.map_or(arrived, |oldest| read.wrapping_add(oldest));
                        if read != before {
                            prop_assert_eq!(returns.owner().0.load(Ordering::Relaxed), read);
                        }
                    }
                    continue;
                }
            };
            let unread_blocks = last.wrapping_sub(read);
            let is_possible = unread_blocks <= UNITS && unread_blocks >= arrived.wrapping_sub(read);
            match returns.arrive(last, UNITS) {
                Ok(lease) => {
                    prop_assert!(is_possible);
                    prop_assert_eq!(lease.is_some(), last != arrived);
                    unread.extend(lease.map(|lease| (lease, arrived, last)));
                    arrived = last;
                }
                Err(_) => prop_assert!(!is_possible),
            }
            prop_assert!(unread.len() <= UNITS as usize);
        }
    }
}
