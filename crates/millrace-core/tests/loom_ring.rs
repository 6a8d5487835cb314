//! The ring and the sleep handshake under every order of events that loom can find.
#![cfg(loom)]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::sync::Arc;

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use millrace_core::doorbell::Doorbell;
use millrace_core::ring::{Consumer, ModelRing, Producer};

/// A bell that stays rung until it is waited for, as an eventfd does.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.changed.wait(rung).unwrap();
        }
        *rung = false;
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
                if Doorbell::new(&self.asleep).should_ring() {
                    self.bell.ring();
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
                if Doorbell::new(&self.wants_space).should_ring() {
                    self.space_bell.ring();
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

/// Two threads of the parent may both find the worker asleep; one ring is enough and none is too few.
#[test]
fn of_two_wakers_exactly_one_rings_a_sleeper_that_stays_asleep() {
    loom::model(|| {
        let flag = Arc::new(AtomicU32::new(0));
        Doorbell::new(&flag).arm();
        let wakers = [(); 2].map(|()| {
            let flag = Arc::clone(&flag);
            thread::spawn(move || Doorbell::new(&flag).should_ring())
        });
        let rung = wakers.map(|waker| waker.join().unwrap());
        assert_eq!(rung.iter().filter(|rung| **rung).count(), 1);
        assert_eq!(flag.load(Ordering::Relaxed), 0);
    });
}
