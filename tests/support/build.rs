//! The package's build script: it looks for the programs that some tests need besides Rust, so that a test without its program
//! is not counted as passed: `cargo test` lists it as ignored, with the reason beside its name, and counts it in its summary.
//! `cargo test-all` runs it all the same, and fails. What only long tests need is not looked for: `cargo test` runs none of them.
//!
//! For each that is not found it sets `cfg(missing = "name")`. It looks again after `cargo clean -p tillsync`.
#![allow(clippy::print_stdout, reason = "a build script speaks to cargo on standard output")]

use std::env;
use std::path::PathBuf;

/// What `cfg(missing)` calls it, and the names under which it may be installed.
const PROGRAMS: [(&str, &[&str]); 6] = [
    ("chromium", &["chromium", "chromium-browser", "google-chrome", "chrome"]),
    ("curl", &["curl"]),
    ("poppler", &["pdftotext"]),
    ("strace", &["strace"]),
    ("systemd", &["systemd-analyze"]),
    ("valgrind", &["valgrind"]),
];

fn main() {
    println!("cargo::rerun-if-changed=tests/support/build.rs");
    for (name, programs) in PROGRAMS {
        tell(name, programs.iter().any(|program| is_on_the_path(program)));
    }
    tell("libfaketime", libfaketime().is_some());
}

fn tell(name: &str, is_there: bool) {
    println!("cargo::rustc-check-cfg=cfg(missing, values(\"{name}\"))");
    if !is_there {
        println!("cargo::rustc-cfg=missing=\"{name}\"");
    }
}

fn is_on_the_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path).any(|folder| folder.join(&file).is_file())
}

fn libfaketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    folders.filter_map(|folder| Some(folder.ok()?.path().join("faketime/libfaketime.so.1"))).find(|file| file.exists())
}
