//! How many CPUs there are, which of them this process may use, and how many workers a pool has by default.

mod quota;

use std::fs;
use std::path::Path;

use crate::sys;

/// The number of logical CPUs of the system, regardless of this process's affinity. CPU ids are below it. At least 1.
///
/// If ids have gaps because CPUs are switched off, the highest id decides.
pub fn cpu_count() -> usize {
    let listed = fs::read_to_string("/sys/devices/system/cpu/online").ok();
    let highest = listed.as_deref().and_then(highest_id).map_or(0, |id| id as usize + 1);
    sys::online_cpu_count().max(highest)
}

/// The CPU ids that this process may use, ascending. Empty if the system does not say.
///
/// They are those of the process, not of the calling thread: a pinned thread gets the same answer as any other.
pub fn available_cpus() -> Vec<u32> {
    sys::affinity_of(std::process::id()).unwrap_or_else(|_| {
        let ids = core_affinity::get_core_ids().unwrap_or_default();
        ids.into_iter().filter_map(|core| u32::try_from(core.id).ok()).collect()
    })
}

/// The default number of workers: the CPUs that this process may use, or fewer if its control group grants less CPU time. At
/// least 1.
pub fn default_jobs() -> usize {
    let cpus = match available_cpus().len() {
        0 => cpu_count(),
        count => count,
    };
    quota::cpu_limit(Path::new("/")).map_or(cpus, |limit| limit.min(cpus)).max(1)
}

/// Whether the control groups of this process grant at least the time of one CPU. `root` is `/` outside tests.
pub fn grants_whole_cpu(root: &Path) -> bool {
    !quota::is_below_one_cpu(root)
}

/// The last id of a list such as `0-3,8-11`.
fn highest_id(list: &str) -> Option<u32> {
    list.trim().split([',', '-']).filter_map(|id| id.parse().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_id_of_a_list_is_found() {
        assert_eq!(highest_id("0-1\n"), Some(1));
        assert_eq!(highest_id("0\n"), Some(0));
        assert_eq!(highest_id("0-3,8-11,64\n"), Some(64));
        assert_eq!(highest_id("\n"), None);
    }

    #[test]
    fn every_available_cpu_is_below_the_count() {
        let cpus = available_cpus();
        assert!(cpus.is_sorted());
        assert!(cpus.iter().all(|&cpu| (cpu as usize) < cpu_count()));
        assert!((1..=cpu_count()).contains(&default_jobs()));
    }
}
