//! Goal: the house stays as `lib.rs` describes it. Method: read the sources as text and check the rules that no compiler
//! knows: which layer imports which, who names the database, what stands at the top level, why a dependency is there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Layer → the layers that it may import. Imports go one way.
const LAYERS: [(&str, &[&str]); 15] = [
    ("domain", &[]),
    ("process", &[]),
    ("json", &[]),
    ("queue", &[]),
    ("logging", &["queue"]),
    ("metrics", &[]),
    ("ui", &[]),
    ("manual", &[]),
    ("client", &["process"]),
    ("store", &["domain", "json", "process"]),
    ("live", &["domain", "json", "queue", "process", "metrics"]),
    ("app", &["domain", "store", "live", "queue", "logging", "metrics", "process"]),
    ("web", &["domain", "store", "live", "app", "ui", "manual", "json", "queue", "metrics", "process"]),
    ("config", &["domain", "app", "web"]),
    ("cli", &["domain", "store", "live", "app", "web", "client", "config", "process"]),
];

/// Crate → the only layers that may name it.
const OWNERS: [(&str, &[&str]); 6] = [
    ("redb::", &["store"]),
    ("tiny_http::", &["web"]),
    ("httparse::", &["web"]),
    ("std::net", &["live", "web", "client", "process", "cli", "config"]),
    ("std::time::SystemTime", &[]),
    ("jiff::Timestamp::now", &["app"]),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path, ending));
        } else if path.extension().is_some_and(|own| own == ending) {
            found.push(path);
        }
    }
    found
}

fn layer_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_string()
}

/// The part of a file that ships.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

#[test]
fn imports_run_one_way() {
    for path in files_below(&root().join("src"), "rs") {
        let layer = layer_of(&path);
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            assert!(matches!(layer.as_str(), "lib" | "main"), "{} belongs to no layer", path.display());
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        for (other, _) in &LAYERS {
            let is_named = shipped(&text)
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .any(|line| line.contains(&format!("crate::{other}::")) || line.contains(&format!("crate::{other};")));
            let is_allowed = *other == layer || allowed.contains(other);
            assert!(!is_named || is_allowed, "{} imports {other}", path.display());
        }
    }
}

#[test]
fn unsafe_code_stands_in_one_place() {
    for path in files_below(&root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        let is_there = text.contains("unsafe {") || text.contains("unsafe fn") || text.contains("allow(unsafe_code");
        assert_eq!(is_there, path.ends_with("process/claim.rs"), "{}", path.display());
    }
}

#[test]
fn each_outside_thing_is_named_in_its_own_layer_only() {
    for path in files_below(&root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        for (name, owners) in OWNERS {
            let is_named =
                shipped(&text).lines().any(|line| line.contains(name) && !line.trim_start().starts_with("//"));
            assert!(!is_named || owners.contains(&layer_of(&path).as_str()), "{} names {name}", path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_owns_and_stays_readable() {
    const LINES_MAX: usize = 500;
    for path in files_below(&root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} does not say what it owns", path.display());
        let lines = shipped(&text).lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines; split it by what it owns", path.display());
        for mark in ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "XXX"] {
            assert!(!text.contains(mark), "{} has {mark}", path.display());
        }
    }
}

#[test]
fn the_top_level_holds_exactly_what_belongs_there() {
    let mut names: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && name != "target")
        .collect();
    names.sort();
    assert_eq!(
        names,
        ["Cargo.lock", "Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "data", "src", "systemd", "tests"]
    );
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut is_in_dependencies = false;
    let mut before = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_in_dependencies = line.contains("dependencies");
        } else if is_in_dependencies && line.contains(" = ") {
            assert!(before.starts_with("# "), "no reason above: {line}");
        }
        before = line;
    }
}

/// Limits that no user meets: properties of a type or of a format.
const INNER_LIMITS: [&str; 6] = [
    "TIME_BYTES_MAX",
    "DECIMALS_MAX",
    "FRAME_HEADER_BYTES_MAX",
    "MAGNITUDE_MAX",
    "WHOLE_UNITS_MAX",
    "TRIMMED_PER_BLOCK_MAX",
];

fn is_limit(name: &str) -> bool {
    name.ends_with("_MAX") || name == "FREE_BYTES_MIN"
}

/// Every `const NAME_MAX: type = value;` of the server, as (name, value), and the one that is a minimum.
fn limits_of_the_code() -> Vec<(String, String)> {
    let mut limits = Vec::new();
    for path in files_below(&root().join("src"), "rs") {
        if layer_of(&path) == "client" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for line in shipped(&text).lines() {
            let Some((_, definition)) = line.split_once("const ") else { continue };
            let Some((name, rest)) = definition.split_once(": ") else { continue };
            let Some((_, value)) = rest.split_once(" = ") else { continue };
            if is_limit(name) && !INNER_LIMITS.contains(&name) {
                limits.push((name.to_string(), value.trim_end_matches(';').to_string()));
            }
        }
    }
    limits.sort();
    limits
}

#[test]
fn the_limits_table_of_the_readme_is_the_code() {
    let page = fs::read_to_string(root().join("src/manual/limits.md")).unwrap();
    let mut table: Vec<(String, String)> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`').to_string()).collect::<Vec<_>>())
        .filter(|cells| is_limit(&cells[1]))
        .map(|cells| (cells[1].clone(), cells[2].clone()))
        .collect();
    table.sort();
    assert_eq!(table, limits_of_the_code());
}
