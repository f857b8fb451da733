//! Goal: the page stays as `src/ui/mod.rs` describes it. Method: read its sources as text and check what no browser
//! checks: that imports run one way and never in a circle, and that the lines are short enough to be read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders from the ground up: a module imports from its own folder and from those before it. What stands beside
/// the folders, `main.js`, imports from all of them.
const FOLDERS: [&str; 4] = ["kit", "data", "net", "screens"];

const LINE_COLUMNS_MAX: usize = 120;

/// Module → the modules that it imports, both by their paths below `src/ui`.
type Imports = BTreeMap<String, Vec<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui")
}

/// The files below a folder with one of these endings, by their paths below `src/ui`, with their texts.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let has_ending = path.extension().is_some_and(|own| endings.iter().any(|ending| own == *ending));
            if path.is_dir() {
                folders.push(path);
            } else if has_ending {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// A script without its comments, in which types are imported.
fn code(script: &str) -> String {
    let parts = script.split("/*").enumerate();
    let code: String = parts
        .map(|(index, part)| if index == 0 { part } else { part.split_once("*/").map_or("", |(_, rest)| rest) })
        .collect();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// What a script imports: `import … from './x.js'`, `export … from './x.js'`, `import './x.js'` and `import('./x.js')`.
fn imported(module: &str, script: &str) -> Vec<String> {
    let folder = module.rsplit_once('/').map_or("", |(folder, _)| folder);
    let code = code(script);
    let names = ["from '", "import '", "import('"]
        .into_iter()
        .flat_map(|before| code.split(before).skip(1).filter_map(|rest| rest.split_once('\'')).map(|(name, _)| name));
    names.filter(|name| name.starts_with('.')).map(|name| resolved(folder, name)).collect()
}

/// A relative path from a folder of the page.
fn resolved(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn imports() -> Imports {
    let modules = files(&["js"]).into_iter();
    modules.map(|(module, script)| (module.clone(), imported(&module, &script))).collect()
}

/// A circle of imports, as `a.js → b.js → a.js`.
fn circle(imports: &Imports) -> Option<String> {
    let mut done = Vec::new();
    imports.keys().find_map(|module| circle_from(module, imports, &mut Vec::new(), &mut done))
}

/// `trail` is the way to the module; from the modules that are `done` no way leads into a circle.
fn circle_from<'a>(
    module: &'a str,
    imports: &'a Imports,
    trail: &mut Vec<&'a str>,
    done: &mut Vec<&'a str>,
) -> Option<String> {
    if let Some(start) = trail.iter().position(|before| *before == module) {
        return Some([&trail[start..], &[module]].concat().join(" → "));
    }
    if done.contains(&module) {
        return None;
    }
    trail.push(module);
    let found = imports.get(module).into_iter().flatten().find_map(|next| circle_from(next, imports, trail, done));
    trail.pop();
    done.push(module);
    found
}

/// The place of a module's folder; what stands beside the folders is above them all.
fn height(module: &str) -> usize {
    let folder = module.split_once('/').map_or("", |(folder, _)| folder);
    FOLDERS.iter().position(|own| *own == folder).unwrap_or(FOLDERS.len())
}

/// The imports that run upwards, as `kit/a.js → net/b.js`.
fn upward(imports: &Imports) -> Vec<String> {
    let all = imports.iter().flat_map(|(module, others)| others.iter().map(move |other| (module, other)));
    all.filter(|(module, other)| height(other) > height(module))
        .map(|(module, other)| format!("{module} → {other}"))
        .collect()
}

fn graph(edges: &[(&str, &[&str])]) -> Imports {
    let owned = |others: &[&str]| others.iter().map(|other| (*other).to_string()).collect();
    edges.iter().map(|(module, others)| ((*module).to_string(), owned(others))).collect()
}

#[test]
fn no_module_of_the_page_imports_itself_over_others() {
    let imports = imports();
    assert!(imports.len() > 40, "{} modules", imports.len());
    assert!(imports["main.js"].len() > 10, "the imports are found: {:?}", imports["main.js"]);
    assert_eq!(circle(&imports), None);
}

#[test]
fn the_folders_of_the_page_import_one_way() {
    let imports = imports();
    assert_eq!(upward(&imports), Vec::<String>::new());
    for others in imports.values() {
        assert!(others.iter().all(|other| imports.contains_key(other)), "not all are there: {others:?}");
    }
}

/// The two tests above find what they look for.
#[test]
fn a_circle_and_an_import_upwards_are_shown() {
    let script = "// import { x } from './no.js';\n/** @typedef {import('./type.js').T} T */\n\
                  import {\n  a,\n} from '../net/b.js';\n\
                  const late = () => import('./c.js');\nexport { d } from './d.js';\n";
    assert_eq!(imported("data/a.js", script), ["net/b.js", "data/d.js", "data/c.js"]);
    let circular = graph(&[
        ("main.js", &["net/a.js"]),
        ("net/a.js", &["kit/z.js", "net/b.js"]),
        ("net/b.js", &["net/c.js"]),
        ("net/c.js", &["net/a.js"]),
    ]);
    assert_eq!(circle(&circular).unwrap(), "net/a.js → net/b.js → net/c.js → net/a.js");
    let upwards = graph(&[("kit/a.js", &["net/b.js"]), ("net/b.js", &["kit/c.js"]), ("data/d.js", &["main.js"])]);
    assert_eq!(upward(&upwards), ["data/d.js → main.js", "kit/a.js → net/b.js"]);
    assert_eq!(circle(&upwards), None);
}

#[test]
fn the_lines_of_the_page_are_short_enough_to_be_read() {
    for (name, text) in files(&["js", "css", "html"]) {
        for (index, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            assert!(columns <= LINE_COLUMNS_MAX, "{name}:{} has {columns} columns", index + 1);
        }
    }
}
