//! Whatever happens to a thread of a pool, its end is told with a reason, and no process is left.

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::unbounded;
use rustix::process::{Pid, test_kill_process};

use super::super::{CancelMode, Chunk, Pool, PoolConfig, Record};
use super::lost;
use crate::channel::frame::MAX_PAYLOAD;
use crate::scheduler::{CallId, DefinitionId};
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const WATCHDOG: Duration = Duration::from_secs(60);

pub(in crate::pool) fn config(script: &str) -> PoolConfig {
    PoolConfig {
        args: ["sh", "-c", script].map(|arg| CString::new(arg).unwrap_or_default()).into(),
        env: vec![c"PATH=/usr/bin:/bin".into()],
        is_quiet: true,
        is_piped: true,
        ..PoolConfig::new(2, c"/bin/sh")
    }
}

/// Two chunks of one task each.
fn submit(pool: &Pool) {
    pool.define(DefinitionId(1), b"definition").expect("it is small");
    let chunk = |id| Chunk::new(CallId(1), id, DefinitionId(1), 1, &[]);
    pool.submit_all([chunk(0), chunk(1)]).expect("these are chunks");
}

/// The reasons of failures, until the end of the pool.
fn failures(pool: &Pool) -> Vec<String> {
    let mut failures = Vec::new();
    let end = Instant::now() + WATCHDOG;
    loop {
        assert!(Instant::now() < end, "the end is not reported: {failures:?}");
        let mut records = pool.collect();
        while let Some(record) = records.next() {
            match record {
                Record::Failed { reason } => failures.push(reason.to_owned()),
                Record::Closed => return failures,
                _ => {}
            }
        }
        std::thread::yield_now();
    }
}

fn processes(pool: &Pool, count: usize) -> Vec<u32> {
    let end = Instant::now() + WATCHDOG;
    loop {
        let pids: Vec<u32> = pool.workers().iter().map(|worker| worker.pid).collect();
        if pids.len() >= count {
            return pids;
        }
        assert!(Instant::now() < end, "no workers came");
        std::thread::yield_now();
    }
}

fn is_there(pid: u32) -> bool {
    Pid::from_raw(pid.cast_signed()).is_some_and(|pid| test_kill_process(pid).is_ok())
}

/// The reason of the failure; checks all the rest.
fn end_of(pool: &Pool, pids: &[u32]) -> String {
    let reasons = failures(pool);
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(pids.iter().all(|pid| !is_there(*pid)), "a process is left");
    let stats = pool.stats();
    assert_eq!(stats.submitted, stats.completed + stats.failed + stats.cancelled);
    assert_eq!((stats.running, stats.queued), (0, 0));
    // What comes later does nothing, and does not hang.
    submit(pool);
    pool.cancel(CallId(1), &CancelMode::Discard).expect("there is no reason");
    pool.close();
    pool.terminate();
    assert!(pool.has_ended());
    pool.shut_down();
    reasons.concat()
}

#[test]
fn a_panic_under_the_schedulers_lock_fails_the_pool() {
    let pool = Pool::new(config("sleep 1000"), Box::new(|| ())).expect("a pool");
    submit(&pool);
    let pids = processes(&pool, 2);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        pool.shared.drive(|_| panic!("half-way"));
    }));
    assert!(panic.is_err(), "whoever called is told as well");
    assert_eq!(end_of(&pool, &pids), "a thread of the pool has panicked: half-way");
}

#[test]
fn a_panic_of_the_waiting_thread_fails_the_pool() {
    // The first notification comes from that thread: output of a worker.
    let has_panicked = Arc::new(AtomicBool::new(false));
    let notify = {
        let has_panicked = Arc::clone(&has_panicked);
        move || assert!(has_panicked.swap(true, Ordering::SeqCst), "nobody listens")
    };
    let pool = Pool::new(config("echo hello; sleep 1000"), Box::new(notify)).expect("a pool");
    submit(&pool);
    let reason = end_of(&pool, &[]);
    assert_eq!(reason, "a thread of the pool has panicked: nobody listens");
    assert!(has_panicked.load(Ordering::SeqCst));
}

#[test]
fn the_first_reason_is_kept_and_reported_once() {
    let told = Arc::new(AtomicU32::new(0));
    let notify = {
        let told = Arc::clone(&told);
        move || {
            told.fetch_add(1, Ordering::SeqCst);
        }
    };
    let pool = Pool::new(config("sleep 1000"), Box::new(notify)).expect("a pool");
    submit(&pool);
    let pids = processes(&pool, 1);
    pool.shared.fail("the first");
    pool.shared.fail("the second");
    assert_eq!(end_of(&pool, &pids), "the first");
    assert!(told.load(Ordering::SeqCst) > 0);
}

#[test]
fn a_pool_that_has_started_nothing_fails_at_once() {
    let pool = Pool::new(config("sleep 1000"), Box::new(|| ())).expect("a pool");
    pool.shared.fail("early");
    assert_eq!(end_of(&pool, &[]), "early");
}

#[test]
fn a_notification_before_the_bell_was_closed_arrives() {
    // Output of the worker stops the waiting thread here, where it cannot take the notification before the bell is closed.
    let ((reached, is_there), (go, goes)) = (unbounded::<()>(), unbounded::<()>());
    let notify = move || {
        let _ = reached.send(());
        let _ = goes.recv_timeout(WATCHDOG);
    };
    let config = PoolConfig { worker_count: 1, ..config("echo hello; sleep 1000") };
    let pool = Pool::new(config, Box::new(notify)).expect("a pool");
    submit(&pool);
    is_there.recv_timeout(WATCHDOG).expect("the output comes");
    pool.shared.wake_waiter();
    pool.shared.wake.close_behind_its_back();
    // Nobody notifies it any more.
    drop(go);
    assert_eq!(end_of(&pool, &[]), lost("the waiting thread's bell"));
}

#[test]
fn the_loop_notices_a_closed_bell_while_workers_start() {
    let pool = Pool::new(config("sleep 1000"), Box::new(|| ())).expect("a pool");
    submit(&pool);
    let pids = processes(&pool, 2);
    pool.shared.wake.close_behind_its_back();
    pool.before_loop_sleeps();
    assert_eq!(end_of(&pool, &pids), lost("the waiting thread's bell"));
}

#[test]
fn a_reason_that_does_not_fit_into_a_message_is_refused() {
    let pool = Pool::new(config("sleep 1000"), Box::new(|| ())).expect("a pool");
    // Nobody touches these pages.
    let bytes = vec![0; MAX_PAYLOAD + 1];
    let refused = pool.define(DefinitionId(1), &bytes).expect_err("one byte more than the limit");
    assert_eq!(
        refused.to_string(),
        format!("the definition has {} bytes, the limit is {MAX_PAYLOAD}", MAX_PAYLOAD + 1)
    );
    pool.define(DefinitionId(1), b"").expect("an empty one is fine");
}
