//! What this process was started with.

use std::fs;

/// The words that this process was started with, the program first. A process that has given itself a title has others, or none.
/// The standard library does not know them where the C library is musl.
pub fn command_line() -> Vec<String> {
    let bytes = fs::read("/proc/self/cmdline").unwrap_or_default();
    let words = bytes.strip_suffix(&[0]).unwrap_or(&bytes);
    if words.is_empty() {
        return Vec::new();
    }
    words.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_standard_library() {
        assert_eq!(command_line(), std::env::args().collect::<Vec<_>>());
    }
}
