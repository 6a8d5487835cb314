//! A set of worker ids that finds its next id at once, however many ids there are.

use super::ids::WorkerId;

/// Ids in a word.
const WIDTH: usize = 64;

/// A set of the ids `0..n`: a bit for each, and above them a bit for each word of bits that is not 0. So 4,096 ids are passed over in
/// two steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IdSet {
    words: Vec<u64>,
    filled: Vec<u64>,
    count: usize,
}

impl IdSet {
    /// The empty set, for ids below `ids`.
    pub(super) fn new(ids: usize) -> Self {
        let words = ids.div_ceil(WIDTH);
        Self { words: vec![0; words], filled: vec![0; words.div_ceil(WIDTH)], count: 0 }
    }

    /// Makes room for ids below `ids`.
    pub(super) fn grow(&mut self, ids: usize) {
        let words = ids.div_ceil(WIDTH).max(self.words.len());
        self.words.resize(words, 0);
        self.filled.resize(words.div_ceil(WIDTH), 0);
    }

    /// Puts the id into the set, or takes it out.
    pub(super) fn set(&mut self, id: WorkerId, is_in: bool) {
        let (at, bit) = place(id.index());
        let word = &mut self.words[at];
        if (*word & bit != 0) == is_in {
            return;
        }
        *word ^= bit;
        let is_filled = *word != 0;
        let (above, mark) = place(at);
        if is_filled {
            self.filled[above] |= mark;
        } else {
            self.filled[above] &= !mark;
        }
        if is_in {
            self.count += 1;
        } else {
            self.count -= 1;
        }
    }

    pub(super) fn contains(&self, id: WorkerId) -> bool {
        let (at, bit) = place(id.index());
        self.words[at] & bit != 0
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The lowest id from `from` on.
    pub(super) fn next(&self, from: WorkerId) -> Option<WorkerId> {
        find(from, self.words.len(), &|at| self.words[at], &|at| self.filled[at])
    }

    /// The lowest id from `from` on that is in the other set too.
    pub(super) fn next_in_both(&self, other: &Self, from: WorkerId) -> Option<WorkerId> {
        let words = |at: usize| self.words[at] & other.words[at];
        find(from, self.words.len(), &words, &|at| self.filled[at] & other.filled[at])
    }

    /// How many ids are in both sets.
    pub(super) fn count_in_both(&self, other: &Self) -> usize {
        let both = self.words.iter().zip(&other.words);
        both.map(|(one, other)| (one & other).count_ones() as usize).sum()
    }

    /// All ids, the lowest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = WorkerId> {
        let after = |id: &WorkerId| self.next(id.after());
        std::iter::successors(self.next(WorkerId::default()), after)
    }
}

/// The word of a bit, and the bit in it.
fn place(index: usize) -> (usize, u64) {
    (index / WIDTH, 1 << (index % WIDTH))
}

/// The lowest id from `from` on whose bit is set. `filled` may have marks of words that are 0, since two sets may share a word and no id.
fn find(
    from: WorkerId,
    word_count: usize,
    words: &impl Fn(usize) -> u64,
    filled: &impl Fn(usize) -> u64,
) -> Option<WorkerId> {
    let id = |at: usize, word: u64| WorkerId((at * WIDTH) as u32 + word.trailing_zeros());
    let (at, bit) = place(from.index());
    if at >= word_count {
        return None;
    }
    let rest = words(at) & !(bit - 1);
    if rest != 0 {
        return Some(id(at, rest));
    }
    let (first, next) = place(at + 1);
    let mut mask = !(next - 1);
    for above in first..word_count.div_ceil(WIDTH) {
        let mut marks = filled(above) & mask;
        mask = u64::MAX;
        while marks != 0 {
            let at = above * WIDTH + marks.trailing_zeros() as usize;
            let word = words(at);
            if word != 0 {
                return Some(id(at, word));
            }
            marks &= marks - 1;
        }
    }
    None
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const IDS: u32 = 9_000;

    fn set_of(ids: &BTreeSet<u32>) -> IdSet {
        let mut set = IdSet::new(IDS as usize);
        for id in ids {
            set.set(WorkerId(*id), true);
        }
        set
    }

    fn ids() -> impl Strategy<Value = BTreeSet<u32>> {
        prop::collection::btree_set(prop_oneof![0..IDS, 0..70_u32, IDS - 70..IDS], 0..60)
    }

    proptest! {
        #[test]
        fn it_finds_what_was_put_into_it(one in ids(), other in ids(), from in 0..IDS + 200) {
            let (set, other_set) = (set_of(&one), set_of(&other));
            prop_assert_eq!(set.len(), one.len());
            prop_assert!(set.iter().map(|id| id.0).eq(one.iter().copied()));
            let next = set.next(WorkerId(from)).map(|id| id.0);
            prop_assert_eq!(next, one.range(from..).next().copied());
            let both: Vec<u32> = one.intersection(&other).copied().collect();
            let next = set.next_in_both(&other_set, WorkerId(from)).map(|id| id.0);
            prop_assert_eq!(next, both.iter().copied().find(|id| *id >= from));
            prop_assert_eq!(set.count_in_both(&other_set), both.len());
        }

        #[test]
        fn a_set_that_has_grown_is_like_one_that_was_large_from_the_start(few in prop::collection::btree_set(0..70_u32, 0..20), one in ids()) {
            let mut grown = IdSet::new(70);
            for id in &few {
                grown.set(WorkerId(*id), true);
            }
            grown.grow(IDS as usize);
            grown.grow(3);
            for id in &one {
                grown.set(WorkerId(*id), true);
            }
            prop_assert_eq!(grown, set_of(&few.union(&one).copied().collect()));
        }

        #[test]
        fn what_is_taken_out_leaves_nothing_behind(one in ids(), other in ids()) {
            let mut set = set_of(&one);
            for id in &other {
                set.set(WorkerId(*id), false);
            }
            let left: BTreeSet<u32> = one.difference(&other).copied().collect();
            prop_assert_eq!(set, set_of(&left));
        }
    }
}
