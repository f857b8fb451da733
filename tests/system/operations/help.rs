//! Goal: the manual is at hand in a shop without internet, and what it says leads somewhere. Method: a browser's requests for
//! every page, each link of which is followed; and the links and paths of the Markdown files, looked up in the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::support::http::{Client, Reply};
use crate::support::server::Server;

const PAGES_MIN: usize = 12;

fn ask(client: &mut Client, path: &str) -> Reply {
    client.request("GET", path, &[("Accept", "text/html,*/*;q=0.8")], None)
}

/// What stands in `text` between each `before` and the next `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).collect()
}

/// Every page that can be reached from the contents: its address and its HTML.
fn pages(client: &mut Client) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec!["/help".to_string()];
    while let Some(path) = waiting.pop() {
        if found.contains_key(&path) {
            continue;
        }
        let reply = ask(client, &path);
        assert_eq!(reply.status, 200, "{path}");
        let html = reply.text().to_string();
        let links = between(&html, "<a href=\"", "\"");
        let links =
            links.into_iter().filter_map(|link| link.split('#').next()).filter(|link| link.starts_with("/help"));
        waiting.extend(links.map(str::to_string));
        found.insert(path, html);
    }
    found
}

#[test]
fn every_page_of_the_help_is_sent_once_to_a_browser() {
    let server = Server::start();
    let mut client = server.client();
    let pages = pages(&mut client);
    assert!(pages.len() > PAGES_MIN, "{:?}", pages.keys());
    let paths = pages.keys().cloned().chain(["/help/help.css".to_string(), "/help/".to_string()]);
    for path in paths {
        let page = ask(&mut client, &path);
        let media_type = if path.ends_with("help.css") { "text/css" } else { "text/html" };
        assert_eq!(page.header("Content-Type"), Some(format!("{media_type}; charset=utf-8").as_str()), "{path}");
        assert_eq!((page.status, page.header("Cache-Control")), (200, Some("no-cache")), "{path}");
        let policy = page.header("Content-Security-Policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");

        let tag = page.header("ETag").expect("a tag");
        let again = client.request("GET", &path, &[("If-None-Match", tag)], None);
        assert_eq!((again.status, again.body.len(), again.header("ETag")), (304, 0, Some(tag)), "{path}");
        let head = client.request("HEAD", &path, &[], None);
        assert_eq!((head.status, head.body.len(), head.header("ETag")), (200, 0, Some(tag)), "{path}");

        let packed = client.request("GET", &path, &[("Accept-Encoding", "gzip")], None);
        if packed.header("Content-Encoding") == Some("gzip") {
            let mut content = Vec::new();
            GzDecoder::new(&packed.body[..]).read_to_end(&mut content).unwrap();
            assert_eq!(content, page.body, "{path}");
        } else {
            assert_eq!(packed.body, page.body, "{path}");
        }
    }
}

#[test]
fn every_link_of_the_help_leads_to_a_page_and_an_anchor_that_exist() {
    let server = Server::start();
    let mut client = server.client();
    let pages = pages(&mut client);
    for (path, html) in &pages {
        let anchors = between(html, " id=\"", "\"");
        assert_eq!(anchors.len(), anchors.iter().collect::<BTreeSet<_>>().len(), "{path} has an anchor twice");
        for link in [between(html, "href=\"", "\""), between(html, "src=\"", "\"")].concat() {
            let (to, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if to.is_empty() { path } else { to };
            if to.starts_with("https://") {
                continue;
            }
            assert!(to.starts_with('/'), "{path}: {link}");
            match pages.get(to) {
                Some(html) => {
                    let is_there = anchor.is_empty() || html.contains(&format!(" id=\"{anchor}\""));
                    assert!(is_there, "{path}: {link}");
                }
                None => assert_eq!(ask(&mut client, to).status, 200, "{path}: {link}"),
            }
        }
    }
}

#[test]
fn a_page_that_does_not_exist_leads_a_person_to_the_contents_and_is_a_problem_to_a_program() {
    let server = Server::start();
    let mut client = server.client();
    for path in ["/help/nothing", "/help/index.md", "/help/Limits"] {
        let page = ask(&mut client, path);
        assert_eq!((page.status, page.header("Content-Type")), (404, Some("text/html; charset=utf-8")), "{path}");
        assert_eq!((page.header("Cache-Control"), page.header("Vary")), (Some("no-store"), Some("Accept")), "{path}");
        assert!(page.text().contains("<a href=\"/help\">"), "{path}");
        let problem = client.get(path);
        assert_eq!((problem.detail(404).as_str(), problem.header("Vary")), ("Not Found", Some("Accept")), "{path}");
    }
    assert_eq!(client.get("/help/limits/more").status, 404);
    assert_eq!(client.request("POST", "/help", &[], None).header("Allow"), Some("GET, HEAD"));
}

#[test]
fn the_help_is_there_while_the_shop_cannot_be_opened() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tillsync.redb"), "not a database").unwrap();
    let server = Server::start_in(dir, &[]);
    let mut client = server.client();
    assert_eq!(ask(&mut client, "/").status, 503);
    for path in ["/help", "/help/wrong", "/help/help.css"] {
        assert_eq!(ask(&mut client, path).status, 200, "{path}");
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The README and the pages of the manual.
fn markdown_files() -> Vec<PathBuf> {
    let pages = fs::read_dir(root().join("src/manual")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.chain([root().join("README.md")]).collect()
}

/// The anchors that GitHub gives the headings of a Markdown file.
fn anchors(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |sign: &char| sign.is_alphanumeric() || [' ', '-', '_'].contains(sign);
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn every_link_and_path_in_the_markdown_files_leads_to_a_file_of_the_repository() {
    let files = markdown_files();
    assert!(files.len() > PAGES_MIN);
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        for link in between(&text, "](", ")").into_iter().filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(target.exists(), "{name}: {link}");
            assert!(anchor.is_empty() || anchors(&target).contains(&anchor.to_string()), "{name}: {link}");
        }
        // Files of the sources are named without a link, which the server could not follow.
        for named in between(&text, "`", "`").into_iter().filter(|word| !word.contains(char::is_whitespace)) {
            let is_path = ["src/", "tests/", "data/sample"].iter().any(|folder| named.starts_with(folder));
            assert!(!is_path || root().join(named).exists(), "{name}: {named}");
        }
    }
}

#[test]
fn the_readme_is_short() {
    const LINES_MAX: usize = 180;
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= LINES_MAX, "{lines} lines; what is more belongs into the manual");
}
