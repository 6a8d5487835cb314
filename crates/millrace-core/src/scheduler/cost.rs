//! What a task of each function costs, as measured.

use std::collections::HashMap;

use super::ids::DefinitionId;

/// Weight of the newest measurement in the moving average.
const NEWEST: f64 = 0.25;
/// What a chunk costs besides its tasks: reading, claiming and answering.
const CHUNK_NS: f64 = 3_000.0;
/// A chunk is not expected to cost more, so that sums over chunks stay in range: about 18 minutes.
const CHUNK_NS_MAX: f64 = 1e12;

/// Moving averages of nanoseconds per task, by definition.
#[derive(Debug, Default)]
pub(super) struct Costs(HashMap<DefinitionId, f64>);

impl Costs {
    /// Notes that `count` tasks took `elapsed_us` microseconds.
    pub(super) fn learn(&mut self, definition: DefinitionId, count: u32, elapsed_us: u32) {
        if count == 0 {
            return;
        }
        let measured = f64::from(elapsed_us) * 1_000.0 / f64::from(count);
        self.0
            .entry(definition)
            .and_modify(|mean| *mean += (measured - *mean) * NEWEST)
            .or_insert(measured);
    }

    /// The expected nanoseconds of a chunk of `count` tasks. `None` before the first measurement.
    #[expect(clippy::cast_sign_loss, reason = "no measurement is negative")]
    pub(super) fn chunk_ns(&self, definition: DefinitionId, count: u32) -> Option<u64> {
        let task = self.0.get(&definition)?;
        Some((task * f64::from(count) + CHUNK_NS).min(CHUNK_NS_MAX) as u64)
    }

    pub(super) fn forget(&mut self, definition: DefinitionId) {
        self.0.remove(&definition);
    }
}
