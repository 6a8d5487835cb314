//! Chooses the module of the system, and gives the library a name for what it was built from: parent and worker must agree on it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=src");
    let system = system();
    println!(
        "cargo:rustc-check-cfg=cfg(millrace_system, values(\"linux\", \"posix\", \"windows\", \"none\"))"
    );
    println!("cargo:rustc-cfg=millrace_system=\"{system}\"");
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files)?;
    // In the same order wherever it is built.
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            // FNV-1a.
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for file in files {
        take(&fs::read(&file)?);
    }
    take(system.as_bytes());
    println!("cargo:rustc-env=MILLRACE_BUILD={:08x}", hash >> 32);
    Ok(())
}

/// The module of `sys/` that provides the system; its documentation says what each is.
fn system() -> &'static str {
    // Cargo passes `--cfg` of RUSTFLAGS on in this form.
    let is_set = |name: &str| env::var_os(name).is_some();
    let target = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    match target.as_str() {
        _ if is_set("CARGO_CFG_MILLRACE_NO_POOLS") => "none",
        "linux" if is_set("CARGO_CFG_MILLRACE_POSIX") => "posix",
        "linux" => "linux",
        "macos" => "posix",
        "windows" => "windows",
        _ => "none",
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
