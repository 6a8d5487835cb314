//! What the waiting thread makes of a worker whose descriptors are not the pool's any more.

use std::os::fd::AsRawFd;

use super::*;
use crate::pool::Pool;
use crate::pool::failing::tests::config;
use crate::pool::spawner::Spawner;

#[test]
fn a_worker_whose_bell_became_another_one_is_not_registered() {
    let closings: [fn(&SpawnedWorker) -> &Bell; 3] =
        [|worker| &worker.to_worker, |worker| &worker.to_parent, |worker| &worker.to_loop];
    for closing in closings {
        let pool = Pool::new(config("sleep 1000"), Box::new(|| ())).expect("a pool");
        let (result_sender, results) = crossbeam::channel::unbounded();
        let mut waiter = Waiter::new(Arc::clone(&pool.shared), results.clone()).expect("a waiter");
        let (_request_sender, requests) = crossbeam::channel::unbounded();
        let spawner = Spawner::new(Arc::clone(&pool.shared), requests, (result_sender, results));
        let worker = spawner.start_worker(WorkerId(0)).expect("a worker");
        let bell = closing(&worker);
        let number = bell.as_fd().as_raw_fd();
        bell.close_behind_its_back();
        // The lowest free number is taken next; other tests take numbers too.
        let mut others = Vec::new();
        while others.last().is_none_or(|other: &Bell| other.as_fd().as_raw_fd() < number) {
            others.push(Bell::new().expect("a bell"));
        }
        assert!(waiter.connect(WorkerId(0), worker).is_err());
    }
}

/// All workers notify by one bell, which tells of a worker that is not registered yet too.
#[cfg(millrace_system = "posix")]
#[test]
fn a_worker_that_notifies_before_it_is_registered_is_read() {
    use crate::channel::frame::{ToParent, header};
    use crate::channel::segment::word;
    use crate::pool::listener::inbound::tests::chunk;
    use crate::scheduler::WorkerState;

    let pool = Pool::new(config("sleep 1000"), Box::new(|| ())).expect("a pool");
    let (result_sender, results) = crossbeam::channel::unbounded();
    let mut waiter = Waiter::new(Arc::clone(&pool.shared), results.clone()).expect("a waiter");
    let (_request_sender, requests) = crossbeam::channel::unbounded();
    let spawner = Spawner::new(Arc::clone(&pool.shared), requests, (result_sender, results));
    pool.shared.drive(|scheduler| scheduler.submit(chunk()));
    let worker = spawner.start_worker(WorkerId(0)).expect("a worker");
    let (mut ring, _) = worker.segment.worker_ends();
    let ready = header(ToParent::Ready, [0; 6], 0).expect("a header");
    assert_eq!(ring.push(&ready), Ok(ready.len()));
    ring.publish();
    assert_eq!(worker.segment.doorbell(word::PARENT_ASLEEP).bell_to_notify(), 1);
    worker.to_parent.notify();
    waiter.handle(COMMON);
    waiter.register(SpawnResult { worker_id: WorkerId(0), spawned: Ok(worker) });
    assert_eq!(pool.workers()[0].state, WorkerState::Ready);
}
