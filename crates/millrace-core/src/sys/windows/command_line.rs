//! The command line, the environment and the program of a new process, as Windows takes them.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{CStr, CString};
use std::io;
use std::path::{Path, PathBuf};

/// What a Windows program cannot do without. Node passes them on too, whatever the environment.
const NEEDED: [&str; 11] = [
    "HOMEDRIVE",
    "HOMEPATH",
    "LOGONSERVER",
    "PATH",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "USERDOMAIN",
    "USERNAME",
    "USERPROFILE",
    "WINDIR",
];

/// UTF-16 with a NUL at the end.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

pub(super) fn text_of(string: &CStr) -> String {
    string.to_string_lossy().into_owned()
}

/// One line that the C library of the program takes apart again, by the rules that it documents.
pub(super) fn command_line(args: &[CString]) -> String {
    let quoted: Vec<String> = args.iter().map(|arg| quote(&text_of(arg))).collect();
    quoted.join(" ")
}

/// Backslashes count only in front of a quote, where each stands for itself when it is doubled.
fn quote(arg: &str) -> String {
    if !arg.is_empty() && !arg.contains([' ', '\t', '\n', '\u{b}', '"']) {
        return arg.to_owned();
    }
    let mut quoted = String::from('"');
    let mut backslashes = 0;
    for character in arg.chars() {
        if character == '"' {
            quoted.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if character == '\\' { backslashes + 1 } else { 0 };
        quoted.push(character);
    }
    quoted.extend(std::iter::repeat_n('\\', backslashes));
    quoted.push('"');
    quoted
}

/// The block of an environment: sorted, and each name once, whatever its case. As in Node, the first of several wins.
pub(super) fn environment_block(env: &[CString]) -> Vec<u16> {
    let mut variables = BTreeMap::new();
    for variable in env {
        let variable = text_of(variable);
        variables.entry(name_of(&variable)).or_insert(variable);
    }
    for name in NEEDED {
        if let Ok(value) = env::var(name) {
            variables.entry(name.to_owned()).or_insert(format!("{name}={value}"));
        }
    }
    let mut block: Vec<u16> = variables.values().flat_map(|variable| wide(variable)).collect();
    if block.is_empty() {
        block.push(0);
    }
    block.push(0);
    block
}

/// Names may begin with the character: `=C:` is the directory of a drive.
fn name_of(variable: &str) -> String {
    let end = variable.char_indices().skip(1).find(|(_, character)| *character == '=');
    variable[..end.map_or(variable.len(), |(at, _)| at)].to_uppercase()
}

/// The path of a program: of a name without a folder, the first one in `PATH`.
pub(super) fn find_program(program: &str, cwd: Option<&Path>) -> io::Result<PathBuf> {
    let here = || env::current_dir();
    let path = Path::new(program);
    let found = if path.components().count() > 1 || path.has_root() {
        let base = cwd.map_or_else(here, |cwd| Ok(cwd.to_owned()))?;
        with_ending(base.join(path))
    } else {
        let folders = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&folders).find_map(|folder| with_ending(folder.join(path)))
    };
    found.ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("{program}: there is no such program"))
    })
}

/// The file with the ending of programs, or the file itself: beside a program there may be a script without one.
fn with_ending(path: PathBuf) -> Option<PathBuf> {
    let mut longer = path.clone().into_os_string();
    longer.push(".exe");
    [PathBuf::from(longer), path].into_iter().find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_quoted_where_the_c_library_would_cut_them() {
        let cases = [
            ("plain", "plain"),
            ("", r#""""#),
            ("two words", r#""two words""#),
            (r"C:\a\b", r"C:\a\b"),
            (r"C:\a b\", r#""C:\a b\\""#),
            (r#"say "hi""#, r#""say \"hi\"""#),
            (r#"a\"b"#, r#""a\\\"b""#),
            (r#"a\\"b"#, r#""a\\\\\"b""#),
            ("ü\t", "\"ü\t\""),
        ];
        for (arg, quoted) in cases {
            assert_eq!(quote(arg), quoted);
        }
    }

    #[test]
    fn an_environment_has_each_name_once() {
        let env = ["b=2", "A=1", "a=3", "=C:=x"].map(|text| CString::new(text).unwrap());
        let block = String::from_utf16(&environment_block(&env)).unwrap();
        let own: Vec<&str> = block
            .split('\0')
            .filter(|variable| {
                let name = name_of(variable);
                !NEEDED.contains(&name.as_str())
            })
            .collect();
        assert_eq!(own, ["=C:=x", "A=1", "b=2", "", ""]);
    }
}
