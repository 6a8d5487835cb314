//! The submitter's event loop looks for a short time before it sleeps; [`spin`](crate::spin) says why, and when it does not.
//!
//! While it looks, each flag says [`SPINNING`], and a worker that publishes something takes the flag and notifies nobody. Afterwards the
//! flags that nobody has taken go back to the loop's bell.

use std::collections::BTreeMap;
use std::path::Path;

use crate::channel::doorbell::{Doorbell, SPINNING};
use crate::channel::segment::{Segment, word};
use crate::cpu;
use crate::lock::lock;
use crate::pool::Shared;
use crate::scheduler::WorkerId;
use crate::spin::{self, Spinner};
use crate::sync::atomic::Ordering;

use super::Listener;

/// What the event loop needs to look at workers.
#[derive(Debug, Default)]
pub(in crate::pool) struct LoopSpin {
    spinner: Spinner,
    looks_per_yield: u32,
    /// The memory of the worker processes, by worker id.
    segments: Vec<Option<Segment>>,
    running: usize,
    /// How many running workers are pinned to each CPU.
    pins: BTreeMap<u32, usize>,
    /// The CPUs of each running worker, by worker id.
    pins_of: Vec<Vec<u32>>,
    /// Whether the control groups grant a whole CPU. They are read once.
    has_whole_cpu: Option<bool>,
    /// The workers that the loop has listened to, or looked at, since it was awake.
    pub(super) listened: Vec<WorkerId>,
}

impl LoopSpin {
    /// A worker has a process from now on, with the CPUs that it is pinned to, or none.
    fn set(&mut self, worker_id: WorkerId, running: Option<(&Segment, Vec<u32>)>) {
        let index = worker_id.index();
        if self.segments.len() <= index {
            self.segments.resize(index + 1, None);
            self.pins_of.resize(index + 1, Vec::new());
        }
        let (segment, pins) = running.unzip();
        let was_running = std::mem::replace(&mut self.segments[index], segment.cloned()).is_some();
        let pinned = std::mem::replace(&mut self.pins_of[index], pins.unwrap_or_default());
        for cpu in pinned {
            if let Some(count) = self.pins.get_mut(&cpu).filter(|count| **count > 1) {
                *count -= 1;
            } else {
                self.pins.remove(&cpu);
            }
        }
        for cpu in &self.pins_of[index] {
            *self.pins.entry(*cpu).or_default() += 1;
        }
        self.running = self.running + usize::from(segment.is_some()) - usize::from(was_running);
    }

    fn doorbells(&self) -> impl Iterator<Item = Doorbell<'_>> {
        let segments =
            self.listened.iter().filter_map(|id| self.segments.get(id.index())?.as_ref());
        segments.map(|segment| segment.doorbell(word::PARENT_ASLEEP))
    }
}

impl Shared {
    /// A worker has a process from now on, with the CPUs that it is pinned to, or none.
    pub(super) fn set_running(&self, worker_id: WorkerId, running: Option<(&Segment, Vec<u32>)>) {
        let segment = running.as_ref().map(|(segment, _)| *segment);
        let spin = &mut *lock(&self.loop_spin);
        spin.set(worker_id, running);
        let has_whole_cpu =
            *spin.has_whole_cpu.get_or_insert_with(|| cpu::grants_whole_cpu(Path::new("/")));
        let mut cpus = cpu::available_cpus();
        cpus.retain(|cpu| !spin.pins.contains_key(cpu));
        let cpus = cpus.len() + spin.pins.len();
        let before = spin.looks_per_yield;
        spin.looks_per_yield = spin::looks_per_yield(cpus, spin.running, has_whole_cpu);
        let tell = |segment: &Segment| {
            segment.word(word::LOOKS_PER_YIELD).store(spin.looks_per_yield, Ordering::Relaxed);
        };
        if before == spin.looks_per_yield {
            segment.into_iter().for_each(tell);
        } else {
            spin.segments.iter().flatten().for_each(tell);
        }
    }

    /// `None`: it has not looked. `true`: a worker has published something, and whoever wakes takes it in.
    pub(super) fn spin(&self) -> Option<bool> {
        self.end_patience(Listener::Loop);
        let listened = self.list_busy();
        let spin = &mut *lock(&self.loop_spin);
        spin.listened = listened;
        let is_notified = spin.doorbells().any(Doorbell::is_taken);
        if is_notified || !spin.spinner.may_spin(spin.looks_per_yield) {
            return None;
        }
        for doorbell in spin.doorbells() {
            let _ = doorbell.hand_over(Listener::Loop as u32, SPINNING)
                || doorbell.hand_over(Listener::Thread as u32, SPINNING);
        }
        // It learns, and the rest of what it needs is only read.
        let mut spinner = std::mem::take(&mut spin.spinner);
        spinner.spin(spin.looks_per_yield, || spin.doorbells().any(Doorbell::is_taken));
        spin.spinner = spinner;
        let mut has_come = false;
        for doorbell in spin.doorbells() {
            doorbell.hand_over(SPINNING, Listener::Loop as u32);
            has_come |= doorbell.is_taken();
        }
        if has_come {
            self.loop_listens.store(true, Ordering::Relaxed);
        }
        Some(has_come)
    }
}
