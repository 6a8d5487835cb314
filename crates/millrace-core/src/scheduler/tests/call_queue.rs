//! [`CallQueue`] beside a plain list.

use proptest::prelude::*;

use crate::scheduler::CallId;
use crate::scheduler::call_queue::CallQueue;

#[derive(Debug, Clone)]
enum Op {
    Back(u32),
    Front(u32),
    Pop,
    Remove(u32),
    TakeAll,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (0..4u32).prop_map(Op::Back),
        2 => (0..4u32).prop_map(Op::Front),
        2 => Just(Op::Pop),
        1 => prop_oneof![0..4u32, Just(u32::MAX)].prop_map(Op::Remove),
        1 => Just(Op::TakeAll),
    ]
}

proptest! {
    #[test]
    fn does_what_a_list_does(ops in prop::collection::vec(op(), 0..200)) {
        let mut queue = CallQueue::new();
        let mut list: Vec<(u32, usize)> = Vec::new();
        for (number, op) in ops.into_iter().enumerate() {
            match op {
                Op::Back(call_id) => {
                    queue.push_back(CallId(call_id), number);
                    list.push((call_id, number));
                }
                Op::Front(call_id) => {
                    queue.push_front(CallId(call_id), number);
                    list.insert(0, (call_id, number));
                }
                Op::Pop => {
                    let expected = if list.is_empty() { None } else { Some(list.remove(0).1) };
                    prop_assert_eq!(queue.pop_front(), expected);
                }
                Op::Remove(call_id) => {
                    let (gone, kept): (Vec<_>, Vec<_>) =
                        list.into_iter().partition(|(own, _)| *own == call_id);
                    let gone: Vec<_> = gone.into_iter().map(|(_, entry)| entry).collect();
                    prop_assert_eq!(queue.remove_call(CallId(call_id)), gone);
                    list = kept;
                }
                Op::TakeAll => {
                    let all: Vec<_> = list.drain(..).map(|(_, entry)| entry).collect();
                    prop_assert_eq!(queue.take_all().collect::<Vec<_>>(), all);
                }
            }
            prop_assert_eq!(queue.len(), list.len());
            prop_assert_eq!(queue.is_empty(), list.is_empty());
            prop_assert_eq!(queue.front(), list.first().map(|(_, entry)| entry));
        }
    }
}
