//! Goal: whatever is wrong with the file, the disk or the clock, the server stays up, says in plain words what it is, harms
//! nothing, and goes on by itself when it is mended.
//!
//! Method: a real server over a file that it cannot use, in every way that a shop may meet; everything that it answers; then the
//! good file is put in its place. A disk of 100 MiB that is filled while the server runs (it needs the right to mount one). The
//! clock of the process is turned by libfaketime.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use jiff::tz::TimeZone;
use redb::{Database, TableDefinition};
use serde_json::{Value, json};
use tillsync::app::{Lifecycle, ShopClock};
use tillsync::web;

use crate::support::http::{Client, Reply};
use crate::support::server::Server;
use crate::support::till::{self, Stored};
use crate::support::{samples, skip, wait_until};

const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// The file of a shop with one estimate of this customer, closed properly.
fn file_of_shop(customer: &str) -> Vec<u8> {
    let mut server = Server::start();
    till::create_estimate(&mut server.client(), customer);
    assert!(server.stop().success());
    fs::read(server.database()).unwrap()
}

/// A database of the same kind, changed by `change` behind the program's back.
fn changed(content: &[u8], change: impl FnOnce(&Database)) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, content).unwrap();
    let database = Database::open(&path).unwrap();
    change(&database);
    database.close().unwrap();
    fs::read(&path).unwrap()
}

fn written_by_a_newer_release(content: &[u8]) -> Vec<u8> {
    const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
    changed(content, |database| {
        let transaction = database.begin_write().unwrap();
        transaction.open_table(META).unwrap().insert("schema", 1_000_u32.to_le_bytes().as_slice()).unwrap();
        transaction.commit().unwrap();
    })
}

fn of_another_program() -> Vec<u8> {
    const NOTES: TableDefinition<u64, &str> = TableDefinition::new("notes");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(NOTES).unwrap().insert(1, "not a shop").unwrap();
    transaction.commit().unwrap();
    // Killed, so that redb would repair it: the first thing it does with such a file is to write to it.
    std::mem::forget(database);
    fs::read(&path).unwrap()
}

/// A bit in the middle of a page that is in use is turned.
fn with_a_turned_bit(content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    let name = b"Asha of the turned bit";
    let place = content.windows(name.len()).position(|window| window == name).expect("the customer's name");
    content[place] ^= 1;
    content
}

pub fn health(server: &Server) -> Reply {
    server.get("/health")
}

/// The server says everywhere that it has failed, with the path of the file; gives the sentence.
fn says_that_it_failed(server: &Server, file: &Path) -> String {
    let file = file.to_str().unwrap();
    let health = health(server);
    assert!(health.header("retry-after").is_some());
    let health = health.expect(503);
    assert_eq!((&health["status"], &health["file"]), (&json!("failed"), &json!(file)));
    let sentence = till::text(&health, "message");
    let remedy = till::text(&health, "remedy");
    assert!(sentence.contains(server.dir.path().to_str().unwrap()), "{sentence}");
    for text in [&sentence, &remedy] {
        assert!(text.ends_with('.') && text.split_whitespace().count() >= 4, "not a sentence: {text}");
        for inner in ["panicked", "Err(", "Error(", " { ", "Os {"] {
            assert!(!text.contains(inner), "{inner} is not for people: {text}");
        }
    }
    assert_eq!(health["warnings"], json!([]));

    let mut client = server.client();
    let page = client.request("GET", "/", &[("Accept", "text/html")], None);
    assert_eq!(page.status, 503);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    let escaped = sentence.replace('<', "&lt;").replace('"', "&quot;");
    for part in [escaped.as_str(), remedy.as_str(), "http-equiv=\"refresh\""] {
        assert!(page.text().contains(part), "{part} is not in {}", page.text());
    }
    for inline in ["<script", "<style", " style=", "{{"] {
        assert!(!page.text().contains(inline), "{inline}");
    }
    let text = page.text();
    let style = text.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(client.get(style).status, 200);

    assert_eq!(client.get("/").detail(503), sentence);
    for path in ["/api/", "/api/estimates/all", "/api/orders/orders-only", "/api/changes", "/metrics"] {
        assert_eq!(client.get(path).detail(503), sentence, "{path}");
    }
    let reply = client.post("/api/estimates/create", &samples::estimate("Nobody"));
    assert!(reply.header("retry-after").is_some());
    assert_eq!(reply.detail(503), sentence);
    assert_eq!(client.get("/api/nothing").status, 404);
    for path in ["/ws", "/sync?since=0"] {
        assert_eq!(server.client().request("GET", path, &UPGRADE, None).detail(503), sentence, "{path}");
    }
    sentence
}

/// The shop with this customer's estimate is open, and sells.
pub fn goes_on_with(server: &Server, customer: &str) {
    wait_until("the mended file to be taken up", || health(server).status == 200);
    assert_eq!(health(server).expect(200)["status"], "healthy");
    let mut client = server.client();
    assert_eq!(till::text(&till::estimates(&mut client)[0], "customer_name"), customer);
    let mut screen = server.socket("/ws");
    let stored = till::create_estimate(&mut client, "after");
    assert_eq!(screen.next_json()["id"], stored.id.as_str());
    wait_until("the log to say so", || server.log().contains("is open after"));
}

/// Puts a file in the place of another one, as an owner would who knows how.
fn put_in_place(content: &[u8], file: &Path) {
    let copy = file.with_extension("copy");
    fs::write(&copy, content).unwrap();
    fs::rename(&copy, file).unwrap();
}

#[test]
fn a_file_that_cannot_be_used_stays_as_it_is_the_server_says_so_and_takes_up_the_good_one() {
    let good = file_of_shop("Asha of the turned bit");
    let mut without_first_page = good.clone();
    without_first_page[..512].fill(0);
    let mut sqlite = b"SQLite format 3\0".to_vec();
    sqlite.resize(8192, 0x2a);
    let noise: Vec<u8> = (0..20_000_u32).map(|byte| byte.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let files: [(&str, Vec<u8>); 10] = [
        ("is not a database of tillsync", b"customer,total\nAsha,300.0\n".to_vec()),
        ("is not a database of tillsync", sqlite),
        ("is not a database of tillsync", noise),
        ("is not a database of tillsync", without_first_page),
        ("is not a database of tillsync", of_another_program()),
        ("was written by a newer tillsync", written_by_a_newer_release(&good)),
        ("is damaged", with_a_turned_bit(&good)),
        ("is damaged", good[..good.len() / 2].to_vec()),
        ("is damaged", good[..700].to_vec()),
        ("is damaged", Vec::new()),
    ];
    for (about, content) in files {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tillsync.redb");
        fs::write(&file, &content).unwrap();
        let mut server = Server::start_in(dir, &[]);
        let sentence = says_that_it_failed(&server, &file);
        assert!(sentence.contains(about), "{about}: {sentence}");
        wait_until("the log to say so", || server.log().contains(&sentence));
        assert!(fs::read(&file).unwrap() == content, "the file was written to: {sentence}");
        let names = fs::read_dir(server.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let others: Vec<_> =
            names.filter(|name| name != "tillsync.redb" && name != "tillsync.lock" && name != "log.txt").collect();
        assert!(others.is_empty(), "{others:?}");
        put_in_place(&good, &file);
        goes_on_with(&server, "Asha of the turned bit");
        assert!(server.stop().success());
    }
}

#[test]
fn a_server_that_cannot_use_its_file_stops_when_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("tillsync.redb"), "not a database").unwrap();
    let mut server = Server::start_in(dir, &[]);
    health(&server).expect(503);
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn while_the_owner_changes_the_files_no_empty_shop_is_made_in_between() {
    let good = file_of_shop("Asha");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("tillsync.redb");
    fs::write(&file, "not a database").unwrap();
    let server = Server::start_in(dir, &[]);
    says_that_it_failed(&server, &file);
    fs::remove_file(&file).unwrap();
    wait_until("the server to miss its file", || {
        till::text(&health(&server).expect(503), "message").contains("is not there any more")
    });
    says_that_it_failed(&server, &file);
    assert!(!file.exists());
    put_in_place(&good, &file);
    goes_on_with(&server, "Asha");
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_nowhere_is_no_missing_file_and_one_that_leads_to_the_shop_is_the_shop() {
    use std::os::unix::fs::symlink;
    let good = file_of_shop("Asha");
    // Where the disk of the shop is hung in, when it is there.
    let elsewhere = tempfile::tempdir().unwrap();
    let (mount, on_disk) = (elsewhere.path().join("disk"), elsewhere.path().join("disk/shop.redb"));
    let dir = tempfile::tempdir().unwrap();
    let link = dir.path().join("tillsync.redb");
    symlink(&on_disk, &link).unwrap();
    let mut server = Server::start_in(dir, &[]);
    for is_hung_in in [false, true] {
        if is_hung_in {
            fs::create_dir(&mount).unwrap();
        }
        let sentence = says_that_it_failed(&server, &link);
        assert!(sentence.contains("is a link to a file that is not there"), "{sentence}");
        assert_eq!(fs::read_link(&link).unwrap(), on_disk, "the link is left as it is");
        assert!(!on_disk.exists(), "nothing is made where it leads");
        assert!(!server.dir.path().join("tillsync.redb.new").exists());
    }
    put_in_place(&good, &on_disk);
    goes_on_with(&server, "Asha");
    // A second server with another link to the same file is kept away from it.
    let other_dir = tempfile::tempdir().unwrap();
    let other_link = other_dir.path().join("tillsync.redb");
    symlink(&on_disk, &other_link).unwrap();
    let other = Server::start_in(other_dir, &[]);
    assert!(says_that_it_failed(&other, &other_link).contains("already using"));
    drop(other);
    assert!(server.stop().success());
    assert_eq!(fs::read_link(&link).unwrap(), on_disk);
    assert!(fs::read(&on_disk).unwrap() != good, "what was sold is in the file that it leads to");
    server.start_again();
    assert_eq!(till::estimates(&mut server.client()).len(), 2);
    // A link to itself is a fault like any other.
    assert!(server.stop().success());
    fs::remove_file(&link).unwrap();
    symlink("tillsync.redb", &link).unwrap();
    server.start_again();
    assert!(says_that_it_failed(&server, &link).contains("cannot be opened"));
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("tillsync.redb"));
}

#[test]
fn a_second_server_on_the_same_data_waits_harms_nothing_and_takes_over() {
    let mut first = Server::start();
    let mut client = first.client();
    let mut screen = first.socket("/ws");
    till::create_estimate(&mut client, "before");
    screen.next_json();
    let second = first.start_beside();
    let sentence = says_that_it_failed(&second, &first.database());
    assert!(sentence.contains("already using"), "{sentence}");
    // The connections that were open still work.
    let after = till::create_estimate(&mut client, "between");
    assert_eq!(screen.next_json()["id"], after.id.as_str());
    first.kill();
    goes_on_with(&second, "between");
}

#[test]
fn a_folder_or_a_file_that_the_system_refuses_is_said_and_taken_up_when_it_is_mended() {
    let good = file_of_shop("Asha");
    // A folder in the place of a file is refused to everybody, also to the administrator who runs the tests in CI.
    for name in ["tillsync.redb", "tillsync.lock"] {
        let dir = tempfile::tempdir().unwrap();
        let (place, file) = (dir.path().join(name), dir.path().join("tillsync.redb"));
        fs::create_dir(&place).unwrap();
        if name != "tillsync.redb" {
            fs::write(&file, &good).unwrap();
        }
        let server = Server::start_in(dir, &[]);
        says_that_it_failed(&server, &file);
        fs::remove_dir(&place).unwrap();
        put_in_place(&good, &file);
        goes_on_with(&server, "Asha");
    }
}

#[test]
fn a_shop_that_is_still_being_opened_says_so() {
    let shop = Arc::new(Lifecycle::new(ShopClock::new(TimeZone::UTC)));
    let listeners = web::bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
    let server = web::Server::start(shop, listeners, &web::Options::default()).unwrap();
    let mut client = Client::connect(server.addresses()[0]);
    let health = client.get("/health");
    assert!(health.header("retry-after").is_some());
    let health = health.expect(503);
    assert_eq!((&health["status"], &health["percent"]), (&json!("opening"), &json!(0)));
    assert!(till::text(&health, "message").contains("being opened"));
    let reply = client.post("/api/estimates/create", &samples::estimate("Asha"));
    assert!(reply.header("retry-after").is_some());
    assert!(reply.detail(503).contains("being opened"));
    let page = client.request("GET", "/", &[("Accept", "text/html")], None);
    assert_eq!(page.status, 503);
    assert!(page.text().contains("being opened") && page.text().contains("refresh"));
    drop(client);
    server.stop();
}

#[test]
fn a_file_that_was_left_open_by_a_kill_is_checked_and_the_log_says_so() {
    let mut server = Server::start();
    till::create_estimate(&mut server.client(), "Asha");
    wait_until("the end of the first opening in the log", || server.log().contains("is open after"));
    server.kill();
    server.start_again();
    wait_until("the end of the second one", || server.log().matches("is open after").count() == 2);
    let log = server.log();
    assert_eq!(log.matches("Opening and checking").count(), 2, "{log}");
    assert_eq!(till::estimates(&mut server.client()).len(), 1);
}

#[test]
fn health_says_how_the_server_is() {
    let server = Server::start();
    for path in ["/health", "/api/health"] {
        let health = server.get(path).expect(200);
        let text = |key: &str| till::text(&health, key);
        assert_eq!((text("status").as_str(), text("service").as_str()), ("healthy", "tillsync"));
        assert_eq!(text("version"), env!("CARGO_PKG_VERSION"));
        assert!(text("timestamp").parse::<jiff::Timestamp>().is_ok());
        assert_eq!(text("currency"), "INR");
        assert!(text("epoch").contains('-'));
        assert_eq!(health["warnings"], json!([]), "a healthy server has nothing to say");
        for number in ["uptime_seconds", "connected_clients", "seq"] {
            assert!(health[number].is_u64(), "{number}");
        }
        assert!(health["counters"]["fsyncs"].is_u64());
    }
}

pub fn codes(health: &Value) -> Vec<String> {
    health["warnings"].as_array().unwrap().iter().map(|warning| till::text(warning, "code")).collect()
}

/// A disk in memory; it goes with the value.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where the system does not let us mount one.
    pub fn mount(mib: u32) -> Option<(Self, tempfile::TempDir)> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tillsync-test"])
            .arg(dir.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| (Self(dir.path().to_path_buf()), dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
        let _ = fs::remove_dir(&self.0);
    }
}

/// Writes zeros until the file is so long or the disk is full.
fn fill(path: &Path, mib: usize) {
    use std::io::Write;
    let mut file = fs::File::create(path).unwrap();
    let block = vec![0; 1 << 20];
    for _ in 0..mib {
        if file.write_all(&block).is_err() {
            return;
        }
    }
}

#[test]
fn a_full_disk_refuses_new_sales_with_507_while_reading_deleting_and_the_feed_go_on() {
    let Some((_disk, dir)) = SmallDisk::mount(100) else {
        return skip("this system does not let the test mount a small disk");
    };
    let server = Server::start_in(dir, &[]);
    let mut client = server.client();
    let [first, second, third] = ["first", "second", "third"].map(|name| till::create_estimate(&mut client, name));
    // 100 MiB are less than four reserves.
    assert_eq!(codes(&health(&server).expect(200)), ["disk_low"]);
    let mut screen = server.socket("/ws");

    let filler = server.dir.path().join("filler");
    fill(&filler, 40);
    let key = [("Idempotency-Key", "till-1-1")];
    let body = samples::estimate("refused").to_string();
    let create = |client: &mut Client| client.request("POST", "/api/estimates/create", &key, Some(body.as_bytes()));
    assert!(create(&mut client).detail(507).contains("disk"));
    assert_eq!(till::convert(&mut client, &first.id, b"{}").status, 507);
    assert_eq!(client.put(&format!("/api/estimates/{}", first.id), &samples::estimate("edited")).status, 507);
    assert_eq!(client.post("/api/orders/create-sale", &samples::sale("refused")).status, 507);
    assert_eq!(codes(&health(&server).expect(200)), ["disk_full"]);
    assert_eq!(till::estimates(&mut client).len(), 3);
    client.delete(&format!("/api/estimates/{}", second.id)).expect(200);
    assert_eq!(screen.next_json()["action"], "delete");

    // Another program takes the rest: a deletion may fail now, but it never lies, and reading goes on.
    let rest = server.dir.path().join("rest");
    fill(&rest, 100);
    let reply = client.delete(&format!("/api/estimates/{}", third.id));
    assert!(matches!(reply.status, 200 | 503), "{}", reply.text());
    assert_eq!(create(&mut client).status, 507);
    wait_until("reading to go on", || client.get("/api/estimates/all").status == 200);

    fs::remove_file(&rest).unwrap();
    fs::remove_file(&filler).unwrap();
    wait_until("sales to go on", || create(&mut client).status == 201);
    client.delete(&format!("/api/estimates/{}", third.id));
    let left: Vec<u64> = till::estimates(&mut client).iter().map(|record| Stored::estimate(record).number).collect();
    assert_eq!(left, [4, 1], "the refused one used no number");
    for told in ["The disk of this server is full", "The warning disk_full is over"] {
        wait_until(told, || server.log().contains(told));
    }
}

/// Where libfaketime is, if it is.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    folders.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|library| library.exists())
}

#[test]
#[cfg_attr(missing = "libfaketime", ignore = "libfaketime is not installed")]
fn a_clock_that_jumps_neither_stops_the_shop_nor_turns_its_times_back() {
    let library = faketime().expect("libfaketime is not installed");
    let dir = tempfile::tempdir().unwrap();
    let hands = dir.path().join("clock");
    let set_clock = |to: &str| {
        put_in_place(to.as_bytes(), &hands);
    };
    set_clock("+0");
    let env = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", hands.to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("DONT_FAKE_MONOTONIC", "1"),
    ];
    let mut server = Server::start_with_env(&env);
    let body = samples::estimate("kept").to_string();
    let keyed = |server: &Server| {
        server
            .client()
            .request("POST", "/api/estimates/create", &[("Idempotency-Key", "k")], Some(body.as_bytes()))
            .expect(201)
    };
    let first = keyed(&server);
    let mut expected_number = 1;
    let mut sell_and_see = |server: &Server, warned: &[&str]| {
        wait_until(&format!("{warned:?}"), || codes(&health(server).expect(200)) == warned);
        till::create_estimate(&mut server.client(), "Asha");
        expected_number += 1;
        let records = till::estimates(&mut server.client());
        assert_eq!(Stored::estimate(&records[0]).number, expected_number, "newest first, whatever the clock shows");
        let times: Vec<String> = records.iter().rev().map(|record| till::text(record, "created_at")).collect();
        assert!(times.is_sorted(), "stored times run backwards: {times:?}");
        assert_eq!(keyed(server), first, "the repetition is recognised");
    };
    sell_and_see(&server, &[]);
    set_clock("-2y");
    sell_and_see(&server, &["clock_behind"]);
    set_clock("+0");
    sell_and_see(&server, &[]);
    set_clock("+10y");
    sell_and_see(&server, &["clock_ahead"]);
    sell_and_see(&server, &["clock_ahead"]);
    set_clock("+0");
    sell_and_see(&server, &["clock_behind"]);
    // A start in 1970, as on a machine without a clock chip.
    assert!(server.stop().success());
    set_clock("-56y");
    server.start_again_with_env(&env);
    sell_and_see(&server, &["clock_behind"]);
    wait_until("the last warning in the log", || server.log().matches("is behind").count() >= 3);
    let log = server.log();
    for told in ["is behind", "where about", "The warning clock_ahead is over"] {
        assert!(log.contains(told), "{told} is not in {log}");
    }
}
