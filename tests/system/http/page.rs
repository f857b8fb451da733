//! Goal: a browser loads the page's files once and keeps them, asks for the page itself each time, and keeps nothing that the
//! API answers. Method: the requests of a browser, with and without what it has already.

use std::io::Read;

use flate2::read::GzDecoder;

use crate::support::http::Client;
use crate::support::server::Server;

fn page(client: &mut Client) -> (String, String) {
    let reply = client.request("GET", "/", &[("Accept", "text/html,*/*;q=0.8")], None);
    assert_eq!((reply.status, reply.header("Cache-Control")), (200, Some("no-cache")));
    (reply.text().to_string(), reply.header("ETag").expect("a tag").to_string())
}

/// The addresses of all files: those that the page names, and the modules that its scripts name.
fn files(client: &mut Client, page: &str) -> Vec<String> {
    let mut files: Vec<String> =
        page.split("\"/ui/").skip(1).map(|rest| format!("/ui/{}", rest.split('"').next().unwrap())).collect();
    let mut next = 0;
    while let Some(path) = files.get(next).cloned() {
        next += 1;
        if path.rsplit_once('.').is_some_and(|(_, ending)| ending == "js") {
            let script = client.get(&path).text().to_string();
            for module in imports(&path, &script) {
                if !files.contains(&module) {
                    files.push(module);
                }
            }
        }
    }
    files
}

/// The modules that a script names by relative paths: `'./amounts.js'`, `'../kit/dom.js'`.
fn imports(path: &str, script: &str) -> Vec<String> {
    let (folder, _) = path.rsplit_once('/').unwrap();
    let (above, _) = folder.rsplit_once('/').unwrap();
    let named = |before: &str| -> Vec<String> {
        script.split(before).skip(1).filter_map(|rest| rest.split('\'').next()).map(str::to_string).collect()
    };
    let beside = named("'./").into_iter().map(|name| format!("{folder}/{name}"));
    beside.chain(named("'../").into_iter().map(|name| format!("{above}/{name}"))).collect()
}

#[test]
fn the_files_are_kept_for_good_under_a_path_that_names_their_content() {
    let server = Server::start();
    let mut client = server.client();
    let (page, _) = page(&mut client);
    assert!(!page.contains("{{"), "everything is filled in");
    let files = files(&mut client, &page);
    assert!(files.len() > 30);
    for path in &files {
        let plain = client.get(path);
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("Cache-Control"), Some("public, max-age=31536000, immutable"), "{path}");
        for _ in 0..2 {
            let packed = client.request("GET", path, &[("Accept-Encoding", "gzip")], None);
            if packed.header("Content-Encoding") == Some("gzip") {
                let mut content = Vec::new();
                GzDecoder::new(&packed.body[..]).read_to_end(&mut content).unwrap();
                assert_eq!(content, plain.body, "{path}");
                assert_eq!(plain.header("Vary"), Some("Accept-Encoding"), "{path}");
            } else {
                assert_eq!(packed.body, plain.body, "{path}");
            }
        }
        // What another version had under this name is not passed off as this one's.
        let name = path.splitn(4, '/').nth(3).unwrap();
        for elsewhere in [format!("/ui/{name}"), format!("/ui/00000000/{name}"), format!("{path}x")] {
            let missing = client.get(&elsewhere);
            assert_eq!((missing.status, missing.header("Cache-Control")), (404, Some("no-store")), "{elsewhere}");
        }
    }
}

#[test]
fn the_page_is_asked_for_each_time_and_sent_when_it_is_another() {
    let mut server = Server::start();
    let (_, tag) = page(&mut server.client());
    let asks = |server: &Server, tag: &str| {
        server.client().request("GET", "/", &[("Accept", "text/html"), ("If-None-Match", tag)], None)
    };
    for known in [tag.clone(), format!("\"other\", {tag}"), "*".to_string()] {
        let reply = asks(&server, &known);
        assert_eq!((reply.status, reply.body.len()), (304, 0), "{known}");
        assert_eq!((reply.header("ETag"), reply.header("Cache-Control")), (Some(tag.as_str()), Some("no-cache")));
    }
    assert_eq!(asks(&server, "W/\"0000000000000000\"").status, 200);
    server.stop();
    server.start_again();
    assert_eq!(asks(&server, &tag).status, 304, "the same program has the same page");
    // What is no browser gets its sentence, which nobody keeps.
    let sentence = server.get("/");
    assert_eq!((sentence.header("Cache-Control"), sentence.header("Vary")), (Some("no-store"), Some("Accept")));
    assert!(sentence.expect(200)["message"].is_string());
}

/// A worker that a browser kept would keep an old page.
#[test]
fn the_worker_is_asked_for_each_time_and_names_the_files_of_the_page() {
    let server = Server::start();
    let worker = server.get("/sw.js");
    assert_eq!((worker.status, worker.header("Cache-Control")), (200, Some("no-cache")));
    assert_eq!(worker.header("Content-Type"), Some("text/javascript; charset=utf-8"));
    let mut client = server.client();
    let (page, _) = page(&mut client);
    let folder = files(&mut client, &page)[0].split('/').nth(2).unwrap().to_string();
    assert!(worker.text().contains(&folder) && !worker.text().contains("{{"), "{}", worker.text());
}
