use super::*;

#[derive(Debug, Default)]
struct Word(AtomicU32);

impl ReadWord for Word {
    fn word(&self) -> &AtomicU32 {
        &self.0
    }
}

const MOST: u32 = 10;

fn read(returns: &Arc<Returns<Word>>) -> u32 {
    returns.owner().0.load(Ordering::Relaxed)
}

#[test]
fn blocks_go_back_in_order_although_leases_end_in_any_order() {
    let returns = Arc::new(Returns::new(Word::default()));
    let first = returns.arrive(2, MOST).unwrap();
    let second = returns.arrive(3, MOST).unwrap();
    let third = returns.arrive(7, MOST).unwrap();
    assert!(returns.arrive(7, MOST).unwrap().is_none());
    drop(third);
    assert_eq!(read(&returns), 0);
    drop(first);
    assert_eq!(read(&returns), 2);
    drop(second);
    assert_eq!(read(&returns), 7);
}

#[test]
fn impossible_numbers_are_refused() {
    let returns = Arc::new(Returns::new(Word::default()));
    assert!(matches!(returns.arrive(MOST + 1, MOST), Err(Impossible)));
    let lease = returns.arrive(MOST, MOST).unwrap();
    assert!(matches!(returns.arrive(MOST - 1, MOST), Err(Impossible)));
    assert!(matches!(returns.arrive(MOST + 1, MOST), Err(Impossible)));
    drop(lease);
    assert!(returns.arrive(MOST + 1, MOST).unwrap().is_some());
    assert!(matches!(returns.arrive(0, MOST), Err(Impossible)));
}

#[test]
fn numbers_wrap() {
    let returns = Arc::new(Returns::new(Word::default()));
    let start = u32::MAX - 1;
    {
        let mut state = lock(&returns.state);
        (state.arrived, state.read) = (start, start);
    }
    returns.owner().0.store(start, Ordering::Relaxed);
    let mut lent = Lent { returned: start, ..Lent::default() };
    for unit in 0..4 {
        lent.push(Extent { start: unit, units: 1 });
    }
    let lease = returns.arrive(start.wrapping_add(3), MOST).unwrap();
    drop(lease);
    let mut freed = Vec::new();
    lent.reclaim(&returns.owner().0, |extent| freed.push(extent.start));
    assert_eq!(freed, [0, 1, 2]);
    assert!(!lent.is_empty());
}

#[test]
fn a_worker_that_was_told_nonsense_gets_no_block_twice() {
    let word = AtomicU32::new(1_000);
    let mut lent = Lent::default();
    lent.push(Extent { start: 5, units: 1 });
    let mut freed = Vec::new();
    lent.reclaim(&word, |extent| freed.push(extent.start));
    lent.reclaim(&word, |extent| freed.push(extent.start));
    assert_eq!(freed, [5]);
}
