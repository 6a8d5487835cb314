//! The submitter's event loop looks for a short time before it sleeps; [`spin`](crate::spin) says why, and when it does not.
//!
//! While it looks, each flag says [`SPINNING`], and a worker that publishes something takes the flag and notifies nobody. Afterwards the
//! flags that nobody has taken go back to the loop's bell.

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

/// The workers that the event loop looks at.
#[derive(Debug, Default)]
pub(in crate::pool) struct LoopSpin {
    spinner: Spinner,
    looks_per_yield: u32,
    running: Vec<(WorkerId, Segment)>,
}

impl LoopSpin {
    fn doorbells(&self) -> impl Iterator<Item = Doorbell<'_>> {
        self.running.iter().map(|(_, segment)| segment.doorbell(word::PARENT_ASLEEP))
    }
}

impl Shared {
    /// A worker has a process from now on, or none.
    pub(super) fn set_running(&self, worker_id: WorkerId, segment: Option<&Segment>) {
        let has_whole_cpu = cpu::grants_whole_cpu(Path::new("/"));
        let mut spin = lock(&self.loop_spin);
        spin.running.retain(|(id, _)| *id != worker_id);
        spin.running.extend(segment.map(|segment| (worker_id, segment.clone())));
        let ids = spin.running.iter().map(|(id, _)| *id);
        let (cpus, workers) = (self.config.usable_cpus(ids), spin.running.len());
        spin.looks_per_yield = spin::looks_per_yield(cpus, workers, has_whole_cpu);
        for (_, segment) in &spin.running {
            segment.word(word::LOOKS_PER_YIELD).store(spin.looks_per_yield, Ordering::Relaxed);
        }
    }

    /// `None`: it has not looked. `true`: a worker has published something, and whoever wakes takes it in.
    pub(super) fn spin(&self) -> Option<bool> {
        let spin = &mut *lock(&self.loop_spin);
        let is_notified = spin.doorbells().any(Doorbell::is_taken);
        if is_notified || !spin.spinner.may_spin(spin.looks_per_yield) {
            return None;
        }
        for doorbell in spin.doorbells() {
            let _ = doorbell.hand_over(Listener::Loop as u32, SPINNING)
                || doorbell.hand_over(Listener::Thread as u32, SPINNING);
        }
        let LoopSpin { spinner, looks_per_yield, running } = spin;
        let is_there =
            || running.iter().any(|(_, segment)| segment.doorbell(word::PARENT_ASLEEP).is_taken());
        spinner.spin(*looks_per_yield, is_there);
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
