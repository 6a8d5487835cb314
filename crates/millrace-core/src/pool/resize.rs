//! The number of workers changes, and the CPUs that they are bound to.

use super::{Pool, Shared};
use crate::lock::lock;
use crate::scheduler::WorkerId;
use crate::sync::atomic::Ordering;

impl Pool {
    /// From now on the workers are `0..count`, at least one, and bound to `cpus`, by worker id; if that is empty, to none. Workers without
    /// a place leave, each after its running task, and so do those whose CPUs change, which are started again when there is work. A
    /// chunk that only a worker without a place may run is run by any. When those that had to leave have ended,
    /// [`Record::Resized`](super::Record::Resized) tells the `number`.
    pub fn resize(&self, number: u32, count: u32, cpus: &[Vec<u32>]) {
        let shared = &self.shared;
        let count = count.max(1);
        // These come first: as soon as the scheduler knows of a worker, it may be started.
        shared.handles.grow(count);
        let before = std::mem::replace(&mut *lock(&shared.cpus), cpus.to_owned());
        let is_rebound = |id: &WorkerId| of(&before, *id) != of(cpus, *id);
        let rebound: Vec<WorkerId> =
            WorkerId::all().take(count as usize).filter(is_rebound).collect();
        shared.worker_count.store(count, Ordering::Relaxed);
        shared.drive(|scheduler| scheduler.resize(number, count, &rebound));
    }
}

impl Shared {
    /// The CPUs that the next process of the worker is bound to. Empty: it is not bound.
    pub(super) fn cpus_of(&self, worker_id: WorkerId) -> Vec<u32> {
        of(&lock(&self.cpus), worker_id).to_vec()
    }
}

fn of(cpus: &[Vec<u32>], worker_id: WorkerId) -> &[u32] {
    cpus.get(worker_id.index()).map_or(&[], Vec::as_slice)
}
