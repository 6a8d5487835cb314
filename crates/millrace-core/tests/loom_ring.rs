//! The ring and the sleep handshake under every order of events that loom can find.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use millrace_core::testing::channel::doorbell::{Doorbell, PATIENT, SPINNING};
use millrace_core::testing::channel::ring::{Consumer, ModelRing, Producer};

/// A bell that stays notified until it is waited for, as an eventfd does.
#[derive(Default)]
struct Bell {
    notified: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn notify(&self) {
        *self.notified.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut notified = self.notified.lock().unwrap();
        while !*notified {
            notified = self.changed.wait(notified).unwrap();
        }
        *notified = false;
    }
}

/// A ring with the flags and bells of both its sides.
struct Line {
    ring: Arc<ModelRing>,
    asleep: AtomicU32,
    bell: Bell,
    wants_space: AtomicU32,
    space_bell: Bell,
}

impl Line {
    fn new(start: u32) -> Arc<Self> {
        Arc::new(Self {
            ring: Arc::new(ModelRing::new(start)),
            asleep: AtomicU32::new(0),
            bell: Bell::default(),
            wants_space: AtomicU32::new(0),
            space_bell: Bell::default(),
        })
    }

    fn send(&self, producer: &mut Producer<Arc<ModelRing>>, mut bytes: &[u8]) {
        let wants_space = Doorbell::new(&self.wants_space);
        while !bytes.is_empty() {
            let count = producer.push(bytes).unwrap();
            bytes = &bytes[count..];
            if count > 0 {
                producer.publish();
                if Doorbell::new(&self.asleep).should_notify() {
                    self.bell.notify();
                }
                continue;
            }
            wants_space.arm();
            if producer.free().unwrap() == 0 {
                self.space_bell.wait();
            }
            wants_space.disarm();
        }
    }

    fn receive(&self, consumer: &mut Consumer<Arc<ModelRing>>, count: usize) -> Vec<u8> {
        let asleep = Doorbell::new(&self.asleep);
        let mut received = Vec::new();
        while received.len() < count {
            if consumer.read_to_vec(&mut received, usize::MAX).unwrap() > 0 {
                if Doorbell::new(&self.wants_space).should_notify() {
                    self.space_bell.notify();
                }
                continue;
            }
            asleep.arm();
            if consumer.available().unwrap() == 0 {
                self.bell.wait();
            }
            asleep.disarm();
        }
        received
    }
}

/// Loom fails a model in which everybody waits, so a lost wake-up cannot pass.
fn bytes_arrive(start: u32, pieces: &'static [&'static [u8]]) {
    loom::model(move || {
        let line = Line::new(start);
        let far_end = Arc::clone(&line);
        let sender = thread::spawn(move || {
            let mut producer = Producer::new(Arc::clone(&far_end.ring), start);
            for piece in pieces {
                far_end.send(&mut producer, piece);
            }
        });
        let expected = pieces.concat();
        let mut consumer = Consumer::new(Arc::clone(&line.ring), start);
        assert_eq!(line.receive(&mut consumer, expected.len()), expected);
        sender.join().unwrap();
    });
}

#[test]
fn single_bytes_arrive_and_nobody_sleeps_for_ever() {
    bytes_arrive(0, &[&[1], &[2], &[3]]);
}

#[test]
fn a_message_longer_than_the_ring_passes_through_it() {
    bytes_arrive(u32::MAX - 1, &[&[1, 2, 3, 4, 5]]);
}

/// Two threads of the parent may both find the worker asleep; one notification is enough and none is too few.
#[test]
fn of_two_wakers_exactly_one_rings_a_sleeper_that_stays_asleep() {
    loom::model(|| {
        let flag = Arc::new(AtomicU32::new(0));
        Doorbell::new(&flag).arm();
        let wakers = [(); 2].map(|()| {
            let flag = Arc::clone(&flag);
            thread::spawn(move || Doorbell::new(&flag).should_notify())
        });
        let notified = wakers.map(|waker| waker.join().unwrap());
        assert_eq!(notified.iter().filter(|notified| **notified).count(), 1);
        assert_eq!(flag.load(Ordering::Relaxed), 0);
    });
}

/// The parent's two listeners: the sleeper is armed for the waiting thread's bell, looks, and goes over to the event loop's. What
/// is published meanwhile notifies the one bell or the other, and that is the one that is waited for.
#[test]
fn a_sleeper_that_goes_over_to_another_bell_misses_nothing() {
    struct Shared {
        flag: AtomicU32,
        published: AtomicU32,
        bells: [Bell; 2],
    }
    loom::model(|| {
        let shared = Arc::new(Shared {
            flag: AtomicU32::new(0),
            published: AtomicU32::new(0),
            bells: [Bell::default(), Bell::default()],
        });
        let far_end = Arc::clone(&shared);
        let waker = thread::spawn(move || {
            for count in 1..=2 {
                far_end.published.store(count, Ordering::Release);
                match Doorbell::new(&far_end.flag).bell_to_notify() {
                    0 => {}
                    bell => far_end.bells[bell as usize - 1].notify(),
                }
            }
        });
        let asleep = Doorbell::new(&shared.flag);
        while shared.published.load(Ordering::Acquire) < 2 {
            asleep.arm_for(1);
            if shared.published.load(Ordering::Acquire) < 2 {
                // Where the flag was taken already, the first bell has been notified or is about to be.
                let bell = usize::from(asleep.hand_over(1, 2));
                shared.bells[bell].wait();
            }
            asleep.disarm();
        }
        waker.join().unwrap();
    });
}

/// Going over and back while nothing comes leaves the sleeper armed for the bell that it waits for.
#[test]
fn a_sleeper_that_goes_over_and_back_is_rung_for_at_the_first_bell_or_at_the_second_while_it_was_there()
 {
    loom::model(|| {
        let flag = Arc::new(AtomicU32::new(0));
        Doorbell::new(&flag).arm_for(1);
        let far_end = Arc::clone(&flag);
        let waker = thread::spawn(move || Doorbell::new(&far_end).bell_to_notify());
        let asleep = Doorbell::new(&flag);
        let went = asleep.hand_over(1, 2);
        let came_back = went && asleep.hand_over(2, 1);
        let notified = waker.join().unwrap();
        // One of two looks at the flag takes it, and notifies where the sleeper was at that moment.
        assert_eq!(notified, if went && !came_back { 2 } else { 1 });
        assert!(asleep.is_taken());
    });
}

/// What a waker and a sleeper with one bell share.
#[derive(Default)]
struct OneBell {
    flag: AtomicU32,
    published: AtomicU32,
    bell: Bell,
}

/// The event loop looks at the flag for a while, then goes over to its bell. Whoever publishes while it looks notifies nobody, and takes
/// the flag.
#[test]
fn a_sleeper_that_spins_before_it_sleeps_misses_nothing() {
    loom::model(|| {
        let shared = Arc::new(OneBell::default());
        let far_end = Arc::clone(&shared);
        let waker = thread::spawn(move || {
            for count in 1..=2 {
                far_end.published.store(count, Ordering::Release);
                match Doorbell::new(&far_end.flag).bell_to_notify() {
                    0 => {}
                    2 => far_end.bell.notify(),
                    bell => panic!("bell {bell} is nobody's"),
                }
            }
        });
        let asleep = Doorbell::new(&shared.flag);
        while shared.published.load(Ordering::Acquire) < 2 {
            asleep.arm_for(2);
            if shared.published.load(Ordering::Acquire) < 2 {
                let spins = asleep.hand_over(2, SPINNING);
                let has_come = spins && (asleep.is_taken() || !asleep.hand_over(SPINNING, 2));
                // Where the flag was taken before, the bell has been notified or is about to be.
                if !has_come {
                    shared.bell.wait();
                }
            }
            asleep.disarm();
        }
        waker.join().unwrap();
    });
}

/// What can wait leaves the flag of a patient sleeper alone. When its patience ends, it finds what was published, or is notified of it.
#[test]
fn a_sleeper_whose_patience_ends_misses_nothing() {
    loom::model(|| {
        let shared = Arc::new(OneBell::default());
        let asleep = Doorbell::new(&shared.flag);
        asleep.arm_for(PATIENT);
        let far_end = Arc::clone(&shared);
        let waker = thread::spawn(move || {
            far_end.published.store(1, Ordering::Release);
            match Doorbell::new(&far_end.flag).bell_to_notify_if(|| false) {
                0 => {}
                1 => far_end.bell.notify(),
                bell => panic!("bell {bell} is nobody's"),
            }
        });
        // Where the flag was taken by the waker, it notifies.
        if !asleep.end_patience(|| shared.published.load(Ordering::Acquire) == 1) {
            shared.bell.wait();
        }
        assert_eq!(shared.published.load(Ordering::Acquire), 1);
        waker.join().unwrap();
    });
}

/// The list of the patient is emptied at any time while the other side is awake, and once more before it sleeps. Whoever is patient then is in
/// the list, and nobody is patient while it sleeps.
#[test]
fn nobody_is_patient_with_a_side_that_sleeps() {
    struct Shared {
        flag: AtomicU32,
        is_awake: AtomicU32,
        is_listed: Mutex<bool>,
    }
    impl Shared {
        fn end_patience(&self) {
            if std::mem::take(&mut *self.is_listed.lock().unwrap()) {
                let _nothing = Doorbell::new(&self.flag).end_patience(|| false);
            }
        }
    }
    for wakes in [false, true] {
        loom::model(move || {
            let shared = Arc::new(Shared {
                flag: AtomicU32::new(0),
                is_awake: AtomicU32::new(1),
                is_listed: Mutex::new(false),
            });
            let far_end = Arc::clone(&shared);
            let sleeper = thread::spawn(move || {
                let note = || *far_end.is_listed.lock().unwrap() = true;
                let is_possible = || far_end.is_awake.load(Ordering::Relaxed) == 1;
                Doorbell::new(&far_end.flag).arm_patiently(note, is_possible);
            });
            shared.end_patience();
            shared.is_awake.store(0, Ordering::Relaxed);
            shared.end_patience();
            if wakes {
                shared.is_awake.store(1, Ordering::Relaxed);
            }
            sleeper.join().unwrap();
            let is_patient = shared.flag.load(Ordering::Relaxed) == PATIENT;
            let is_listed = *shared.is_listed.lock().unwrap();
            assert!(!is_patient || (wakes && is_listed), "a patient side is forgotten");
        });
    }
}

/// What is urgent wakes a patient sleeper, by the bell of one that is not patient.
#[test]
fn what_is_urgent_wakes_a_patient_sleeper() {
    loom::model(|| {
        let flag = AtomicU32::new(0);
        let asleep = Doorbell::new(&flag);
        asleep.arm_for(PATIENT);
        assert_eq!(Doorbell::new(&flag).bell_to_notify_if(|| false), 0);
        assert!(!asleep.is_taken());
        assert_eq!(Doorbell::new(&flag).bell_to_notify_if(|| true), 1);
        assert!(asleep.is_taken());
    });
}
