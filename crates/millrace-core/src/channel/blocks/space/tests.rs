use proptest::prelude::*;

use super::*;

const UNITS: u32 = 96;

#[derive(Debug, Clone)]
enum Step {
    Take(usize),
    Free(usize),
    GiveBack(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..12 * UNIT_BYTES).prop_map(Step::Take),
        3 => any::<usize>().prop_map(Step::Free),
        1 => (0..UNITS).prop_map(Step::GiveBack),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    /// No two owners have a unit at once, no unit gets lost, and a unit without pages is always reported as cold.
    #[test]
    fn units_have_one_owner_and_are_known_to_be_cold(steps in steps()) {
        let mut space = Space::new(UNITS);
        let mut taken: Vec<Extent> = Vec::new();
        let mut has_pages = [false; UNITS as usize];
        for step in steps {
            match step {
                Step::Take(bytes) => {
                    let Some(extent) = space.take(bytes) else { continue };
                    prop_assert!(extent.bytes().len() >= bytes && extent.bytes().len() < bytes + UNIT_BYTES);
                    prop_assert!(extent.end() <= UNITS);
                    for other in &taken {
                        prop_assert!(extent.end() <= other.start || other.end() <= extent.start);
                    }
                    let units = extent.start as usize..extent.end() as usize;
                    let is_cold = has_pages[units.clone()].contains(&false);
                    prop_assert_eq!(space.touch(extent), is_cold);
                    has_pages[units].fill(true);
                    taken.push(extent);
                }
                Step::Free(which) if !taken.is_empty() => {
                    let extent = taken.swap_remove(which % taken.len());
                    space.free(extent);
                }
                Step::Free(_) => {}
                Step::GiveBack(from) => {
                    for extent in space.take_warm(from, UNITS / 3).0 {
                        prop_assert!(extent.start >= from);
                        let units = extent.start as usize..extent.end() as usize;
                        prop_assert!(!has_pages[units.clone()].contains(&false));
                        has_pages[units].fill(false);
                        space.free_cold(extent);
                    }
                }
            }
        }
        for extent in taken {
            space.free(extent);
        }
        prop_assert_eq!(space.take(UNITS as usize * UNIT_BYTES), Some(Extent { start: 0, units: UNITS }));
    }
}

#[test]
fn the_front_is_used_again() {
    let mut space = Space::new(UNITS);
    let first = space.take(1).unwrap();
    let second = space.take(UNIT_BYTES + 1).unwrap();
    assert_eq!((first.start, second.start, second.units), (0, 1, 2));
    assert!(space.touch(first));
    space.free(first);
    let again = space.take(1).unwrap();
    assert_eq!(again, first);
    assert!(!space.touch(again));
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut space = Space::new(2);
    assert_eq!(space.take(2 * UNIT_BYTES + 1), None);
    assert_eq!(space.take(usize::MAX), None);
    assert!(space.take(2 * UNIT_BYTES).is_some());
    assert_eq!(space.take(1), None);
}
