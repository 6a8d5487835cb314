//! How much memory there is left.

use std::fs;
use std::path::Path;

use super::control_groups;
use crate::sys::ControlGroup;

/// The bytes that this process can still take: those that the system has, and no more than a control group leaves. Caches of
/// files count as free as far as the system gives them up. `None` if nothing is known. `root` is `/` outside tests.
pub fn available_memory(root: &Path) -> Option<u64> {
    let groups = control_groups(root, "self", "memory");
    let left = groups
        .iter()
        .flat_map(|group| group.folders.iter().filter_map(|folder| left_in_group(folder, group)));
    left.chain(left_in_system(root)).min()
}

fn left_in_system(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let kibibytes = |name| number_of(&text, name);
    let bytes = kibibytes("MemAvailable:")?.saturating_add(kibibytes("SwapFree:").unwrap_or(0));
    Some(bytes.saturating_mul(1024))
}

fn left_in_group(folder: &Path, group: &ControlGroup) -> Option<u64> {
    let names = if group.is_unified {
        ["memory.max", "memory.current", "inactive_file", "active_file"]
    } else {
        [
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
            "total_active_file",
        ]
    };
    let [limit, used, inactive, active] = names;
    let read = |name| fs::read_to_string(folder.join(name)).ok();
    // `max` is no number: there is no limit.
    let limit: u64 = read(limit)?.trim().parse().ok()?;
    let used: u64 = read(used)?.trim().parse().ok()?;
    let details = read("memory.stat").unwrap_or_default();
    let cached = |name| number_of(&details, name).unwrap_or(0);
    // Of the files in use the system keeps some.
    let reclaimable = cached(inactive).saturating_add(cached(active) / 2);
    Some(limit.saturating_sub(used.saturating_sub(reclaimable)))
}

/// The number after a name at the beginning of a line.
fn number_of(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        if words.next()? == name { words.next()?.parse().ok() } else { None }
    })
}

#[cfg(all(test, not(loom)))]
mod tests;
