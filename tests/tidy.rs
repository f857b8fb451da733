//! Goal: the house stays as `lib.rs` describes it. Method: read the sources as text and check the rules that no compiler
//! knows: which layer imports which, who names the database, what stands at the top level, why a dependency is there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Layer → the layers that it may import. Imports go one way.
const LAYERS: [(&str, &[&str]); 16] = [
    ("callgrind", &[]),
    ("domain", &[]),
    ("deflate", &[]),
    ("json", &[]),
    ("queue", &[]),
    ("platform", &[]),
    ("metrics", &[]),
    ("ui", &[]),
    ("manual", &[]),
    ("client", &["deflate", "platform"]),
    ("store", &["domain", "json", "metrics", "platform"]),
    ("live", &["deflate", "domain", "json", "queue", "platform", "metrics"]),
    ("app", &["domain", "store", "live", "metrics", "platform"]),
    ("web", &["deflate", "domain", "store", "live", "app", "ui", "manual", "json", "metrics", "platform", "callgrind"]),
    ("config", &["domain", "store", "app", "web"]),
    ("cli", &["domain", "store", "live", "app", "web", "client", "config", "platform"]),
];

/// Crate → the only layers that may name it.
const OWNERS: [(&str, &[&str]); 7] = [
    ("redb::", &["store"]),
    // Everybody else reads through the one door of `app`, which will be told who asks.
    ("Snapshot", &["store", "app"]),
    ("tiny_http::", &["web"]),
    ("httparse::", &["web"]),
    ("std::net", &["live", "web", "client", "platform", "cli", "config"]),
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

/// A path of an import or of code, from the crate's root: `app`, `commit`, `Ticket`.
type Segments = Vec<String>;

/// The modules of the crate, and what each gate passes on.
struct House {
    /// Module path → its file.
    files: BTreeMap<Segments, PathBuf>,
    /// (gate, name) → the path that the gate passes on under this name.
    passed_on: BTreeMap<(Segments, String), Segments>,
}

impl House {
    fn read() -> Self {
        let source = root().join("src");
        let mut house = Self { files: BTreeMap::new(), passed_on: BTreeMap::new() };
        for path in files_below(&source, "rs") {
            house.files.insert(module_of(path.strip_prefix(&source).unwrap()), path);
        }
        let gates: Vec<_> =
            house.files.iter().filter(|(_, path)| is_gate(path)).map(|(module, _)| module.clone()).collect();
        for gate in gates {
            for (path, name) in house.uses(&gate, true) {
                house.passed_on.insert((gate.clone(), name), path);
            }
        }
        house
    }

    fn text(&self, module: &Segments) -> String {
        let text = fs::read_to_string(&self.files[module]).unwrap();
        shipped(&text).lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }

    /// What the `use` items of a module name, with the names under which they are known there: all of them, or those that the
    /// module passes on.
    fn uses(&self, module: &Segments, is_public: bool) -> Vec<(Segments, String)> {
        let text = self.text(module);
        let mut found = Vec::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("use ") {
            let line = rest[..at].rsplit('\n').next().unwrap().trim();
            let is_item = line.is_empty() || line == "pub" || line.starts_with("pub(");
            let Some((tree, after)) = rest[at + 4..].split_once(';') else { break };
            if is_item && (!is_public || line.starts_with("pub")) {
                for path in expand(tree) {
                    let (path, name) = match path.split_once(" as ") {
                        Some((path, name)) => (path.to_string(), name.to_string()),
                        None => (path.clone(), path.rsplit("::").next().unwrap().to_string()),
                    };
                    if let Some(path) = self.rooted(module, &path) {
                        found.push((path, name));
                    }
                }
            }
            rest = if is_item { after } else { &rest[at + 4..] };
        }
        found
    }

    /// What a module names outside its imports: `crate::web::limits::X` in the middle of code.
    fn named_in_code(&self, module: &Segments) -> Vec<Segments> {
        let text = self.text(module);
        let mut found = Vec::new();
        for start in ["crate::", "super::"] {
            for (at, _) in text.match_indices(start) {
                let is_whole = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
                let path: String =
                    text[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
                if is_whole && !path.ends_with("::") {
                    found.extend(self.rooted(module, &path));
                }
            }
        }
        found
    }

    /// A path as it is written in a module, from the crate's root; none if it leads out of the crate.
    fn rooted(&self, module: &Segments, path: &str) -> Option<Segments> {
        let mut parts: Segments = path.split("::").map(|part| part.trim().to_string()).collect();
        let mut base = match parts[0].as_str() {
            "crate" => Vec::new(),
            "self" => module.clone(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            // A gate names its own modules without more.
            first => {
                let own = [module.as_slice(), &[first.to_string()]].concat();
                return self.files.contains_key(&own).then(|| [module.as_slice(), &parts].concat());
            }
        };
        parts.remove(0);
        while parts.first().is_some_and(|part| part == "super") {
            base.pop();
            parts.remove(0);
        }
        base.extend(parts);
        Some(base)
    }

    /// The module that defines what a path names, through all gates.
    fn definer(&self, path: &Segments) -> Segments {
        let mut path = path.clone();
        'gates: loop {
            let mut module = Vec::new();
            for (at, part) in path.iter().enumerate() {
                let next = [module.as_slice(), std::slice::from_ref(part)].concat();
                if let Some(target) = self.passed_on.get(&(module.clone(), part.clone()))
                    && !self.files.contains_key(&next)
                {
                    path = [target.as_slice(), &path[at + 1..]].concat();
                    continue 'gates;
                }
                if !self.files.contains_key(&next) {
                    return module;
                }
                module = next;
            }
            return module;
        }
    }

    /// Module → the modules that it takes something from. Gates take nothing: they pass on.
    fn imports(&self) -> BTreeMap<Segments, BTreeSet<Segments>> {
        let modules = self.files.iter().filter(|(_, path)| !is_gate(path));
        modules
            .map(|(module, _)| {
                let used = self.uses(module, false).into_iter().map(|(path, _)| path);
                let named = used.chain(self.named_in_code(module));
                let taken = named.map(|path| self.definer(&path)).filter(|other| other != module && !other.is_empty());
                (module.clone(), taken.collect())
            })
            .collect()
    }
}

fn is_gate(path: &Path) -> bool {
    path.ends_with("mod.rs") || path.ends_with("lib.rs")
}

/// `web/api/route.rs` is the module `web::api::route`.
fn module_of(inside: &Path) -> Segments {
    let text = inside.with_extension("").to_str().unwrap().replace('\\', "/");
    let parts = text.split('/').filter(|part| !["mod", "lib"].contains(part));
    parts.map(str::to_string).collect()
}

/// The paths of a tree of imports: `a::{b, c::{d, self}}`.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, inner)) = tree.split_once('{') else { return vec![tree.trim_end_matches("::self").to_string()] };
    let inner = inner.trim_end().strip_suffix('}').unwrap();
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(c);
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| expand(&format!("{before}{part}"))).collect()
}

/// A circle among things that name others, if there is one: each with the next, and the last with the first.
fn circle<T: Ord + Clone>(imports: &BTreeMap<T, BTreeSet<T>>) -> Option<Vec<T>> {
    let mut left = imports.clone();
    loop {
        // Whatever names nothing that is left is in no circle.
        let ground: Vec<T> = left
            .iter()
            .filter(|(_, named)| !named.iter().any(|other| left.contains_key(other)))
            .map(|(own, _)| own.clone())
            .collect();
        if ground.is_empty() {
            break;
        }
        for own in ground {
            left.remove(&own);
        }
    }
    let mut way = vec![left.keys().next()?.clone()];
    loop {
        let named = &left[way.last().unwrap()];
        let next = named.iter().find(|other| left.contains_key(*other)).unwrap();
        if let Some(at) = way.iter().position(|own| own == next) {
            return Some(way.split_off(at));
        }
        way.push(next.clone());
    }
}

/// Folder of a module below its layer, such as `web::api`; the module itself if it stands in the layer's own folder.
fn room_of(module: &Segments) -> Segments {
    module.iter().take(2).cloned().collect()
}

#[test]
fn imports_run_one_way() {
    let house = House::read();
    for (module, taken) in house.imports() {
        let layer = &module[0];
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| name == layer) else {
            assert_eq!(layer, "main", "{} belongs to no layer", module.join("::"));
            continue;
        };
        for other in taken {
            let is_allowed = other[0] == *layer || allowed.contains(&other[0].as_str());
            assert!(is_allowed, "{} takes from {}", module.join("::"), other.join("::"));
        }
    }
}

#[test]
fn no_file_leads_back_to_itself() {
    let imports = House::read().imports();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 300, "the imports are not seen any more");
    let names = |way: &[Segments]| way.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(" → ");
    if let Some(way) = circle(&imports) {
        panic!("{} → back", names(&way));
    }
    // Nor does a folder.
    let mut rooms: BTreeMap<Segments, BTreeSet<Segments>> = BTreeMap::new();
    for (module, taken) in &imports {
        let own = room_of(module);
        let others = taken.iter().map(room_of).filter(|other| *other != own);
        rooms.entry(own.clone()).or_default().extend(others);
    }
    if let Some(way) = circle(&rooms) {
        panic!("{} → back", names(&way));
    }
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    assert_eq!(expand("crate::{a, b::{c, self as d}}"), ["crate::a", "crate::b::c", "crate::b::self as d"]);
    let of = |pairs: &[(&str, &[&str])]| -> BTreeMap<String, BTreeSet<String>> {
        pairs.iter().map(|(own, named)| (own.to_string(), named.iter().map(ToString::to_string).collect())).collect()
    };
    assert_eq!(circle(&of(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])), None);
    let way = circle(&of(&[("a", &["b"]), ("b", &["c", "d"]), ("c", &["b"]), ("d", &[])])).unwrap();
    assert_eq!(way, ["b", "c"]);
}

/// A folder's `mod.rs` tells its story, names its files and passes things on; what it does stands in a file of its own.
#[test]
fn a_gate_holds_no_implementation() {
    for path in files_below(&root().join("src"), "rs").into_iter().filter(|path| is_gate(path)) {
        let text = fs::read_to_string(&path).unwrap();
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for item in code.join("\n").split(';').map(str::trim).filter(|item| !item.is_empty()) {
            let mut item = item;
            while item.starts_with("#[") || item.starts_with("#![") {
                item = item.split_once(")]\n").map_or("", |(_, rest)| rest.trim_start());
            }
            let words = item.trim_start_matches("pub").trim_start_matches("(crate)").trim_start();
            assert!(
                words.is_empty() || words.starts_with("mod ") || words.starts_with("use "),
                "{}: {item}",
                path.display()
            );
        }
    }
}

/// Two types of one name would have to be told apart by whoever looks for one.
#[test]
fn a_types_name_stands_once() {
    let mut places: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in files_below(&root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        for line in shipped(&text).lines() {
            let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            let Some(("struct" | "enum" | "trait" | "type" | "union", rest)) = line.split_once(' ') else { continue };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            places.entry(name).or_default().push(path.clone());
        }
    }
    // What is one type on each system.
    places.remove("ClientSocket");
    let twice: Vec<_> = places.iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

#[test]
fn unsafe_code_stands_in_one_place() {
    for path in files_below(&root().join("src"), "rs") {
        let text = fs::read_to_string(&path).unwrap();
        let is_there = text.contains("unsafe {") || text.contains("unsafe fn") || text.contains("allow(unsafe_code");
        assert_eq!(is_there, path.ends_with("platform/claim.rs"), "{}", path.display());
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

/// `src/json.rs` says how JSON is written. What is put together by hand has its names in no type, and forgets an escape.
#[test]
fn json_is_written_in_one_way() {
    for path in files_below(&root().join("src"), "rs") {
        // The load of `bench` is a till's own texts.
        if path.ends_with("src/json.rs") || layer_of(&path) == "client" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for line in shipped(&text).lines().filter(|line| !line.trim_start().starts_with("//")) {
            let is_by_hand = ["json!", r#"#"{{""#, r#""{{\""#].iter().any(|mark| line.contains(mark));
            assert!(!is_by_hand, "{}: {line}", path.display());
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
