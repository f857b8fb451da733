//! Goal: whatever becomes of the journal, no answered sale is missing without a word, and the owner is told in plain words what
//! to do.
//!
//! Method: a real server is killed with its newest sales in the journal alone; then its files are taken away, exchanged and
//! damaged, as it happens in a shop, and put right again. Sums of every kind of damage are in `tests/faults/damage.rs`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::states::{SmallDisk, codes, goes_on_with, health};
use crate::support::server::Server;
use crate::support::till::{create_estimate, estimates, text};
use crate::support::{skip, sync, wait_until};

/// A shop that was killed after this customer's estimate.
fn killed_after(customer: &str) -> Server {
    let mut server = Server::start();
    create_estimate(&mut server.client(), customer);
    server.kill();
    server
}

/// What the server that cannot open its shop says, and that both files are as they were.
fn refuses(server: &mut Server) -> String {
    let files = [server.database(), server.journal()];
    let read = |file: &PathBuf| fs::read(file).ok();
    let before = files.each_ref().map(read);
    server.start_again();
    let health = health(server).expect(503);
    assert_eq!(health["status"], "failed");
    assert!(files.each_ref().map(read) == before, "written to: {health}");
    assert!(text(&health, "remedy").ends_with('.'), "{health}");
    text(&health, "message")
}

fn names_of_data(server: &Server) -> Vec<String> {
    let names = fs::read_dir(server.dir.path()).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_sale_that_is_in_the_journal_alone_is_there_after_a_kill_and_metrics_and_log_say_so() {
    let mut server = killed_after("Asha");
    server.start_again();
    goes_on_with(&server, "Asha");
    let metrics = server.get("/metrics").text().to_string();
    assert!(metrics.contains("\ntillsync_journal_replayed_total 1\n"), "{metrics}");
    assert!(metrics.contains("\ntillsync_journal_mended_total 0\n"), "{metrics}");
    let used = metrics.lines().find_map(|line| line.strip_prefix("tillsync_journal_bytes ")).unwrap();
    assert!(used.parse::<u32>().unwrap() > 4_096, "{used}");
    wait_until("the log to say so", || server.log().contains("The newest 1 commits were taken from the journal"));
}

#[test]
fn a_shop_whose_journal_is_missing_stays_closed_until_it_is_back() {
    let mut server = killed_after("Asha");
    let away = server.dir.path().join("away");
    fs::rename(server.journal(), &away).unwrap();
    let sentence = refuses(&mut server);
    assert!(sentence.contains("was not closed properly") && sentence.contains("is not there"), "{sentence}");
    assert!(!server.journal().exists(), "no other one is made in its place");
    fs::rename(&away, server.journal()).unwrap();
    goes_on_with(&server, "Asha");
}

#[test]
fn a_journal_of_another_shop_is_not_taken() {
    let mut server = killed_after("Asha");
    let own = fs::read(server.journal()).unwrap();
    fs::copy(killed_after("Ravi").journal(), server.journal()).unwrap();
    let sentence = refuses(&mut server);
    assert!(sentence.contains("is not the one that it had"), "{sentence}");
    fs::write(server.journal(), own).unwrap();
    goes_on_with(&server, "Asha");
}

#[test]
fn without_a_database_a_journal_never_becomes_an_empty_shop() {
    let mut server = killed_after("Asha");
    let away = server.dir.path().join("away");
    fs::rename(server.database(), &away).unwrap();
    let sentence = refuses(&mut server);
    assert!(sentence.starts_with("There is a journal"), "{sentence}");
    fs::rename(&away, server.database()).unwrap();
    goes_on_with(&server, "Asha");
}

/// A damaged journal is left out at the owner's word, and numbers that it may have had are not given again.
#[test]
fn at_the_owners_word_a_damaged_journal_is_left_out_and_no_number_is_given_twice() {
    let mut server = Server::start();
    let known = create_estimate(&mut server.client(), "known");
    let lost = create_estimate(&mut server.client(), "lost");
    let ahead = sync::open(server.addr, "").1.bookmark();
    server.kill();
    let mut journal = fs::read(server.journal()).unwrap();
    let name = journal.windows(4).rposition(|bytes| bytes == b"lost").unwrap();
    journal[name..name + 4].fill(b'#');
    fs::write(server.journal(), &journal).unwrap();
    let sentence = refuses(&mut server);
    assert!(sentence.contains("is damaged") && sentence.contains(&known.id), "{sentence}");
    server.kill();

    server.start_again_with_env(&[("TILLSYNC_WITHOUT_JOURNAL", "true")]);
    let mut client = server.client();
    wait_until("the shop to open", || health(&server).status == 200);
    let left: Vec<String> = estimates(&mut client).iter().map(|one| text(one, "customer_name")).collect();
    assert_eq!(left, ["known"]);
    let hello = sync::open(server.addr, &ahead.query()).1;
    assert_eq!(hello.resume, "reset", "a device that saw what is lost reads everything anew");
    let next = create_estimate(&mut client, "next");
    assert!(next.number > lost.number + 100, "{} may be on somebody's paper", next.number);
    assert!(names_of_data(&server).iter().any(|name| name.starts_with("tillsync.journal.aside-")), "it is kept");
    // The word is not needed again, and does no harm.
    server.kill();
    server.start_again();
    wait_until("the shop to open", || health(&server).status == 200);
    let after = create_estimate(&mut server.client(), "after");
    assert_eq!(after.number, next.number + 1);
}

#[test]
fn a_backup_that_is_put_back_beside_a_newer_journal_is_the_shop_and_the_journal_is_set_aside() {
    let mut server = Server::start();
    create_estimate(&mut server.client(), "in the backup");
    assert!(server.stop().success());
    let backup = fs::read(server.database()).unwrap();
    server.start_again();
    create_estimate(&mut server.client(), "after the backup");
    server.kill();
    fs::write(server.database(), backup).unwrap();
    server.start_again();
    goes_on_with(&server, "in the backup");
    assert_eq!(estimates(&mut server.client()).len(), 2);
    assert!(names_of_data(&server).iter().any(|name| name.starts_with("tillsync.journal.aside-")));
    wait_until("the log to say so", || server.log().contains("it was set aside as"));
}

#[test]
fn whatever_lies_under_the_journals_name_a_closed_database_opens_and_that_is_set_aside() {
    let mut server = Server::start();
    create_estimate(&mut server.client(), "Asha");
    assert!(server.stop().success());
    let own = fs::read(server.journal()).unwrap();
    let mut noise = own.clone();
    noise[..2_000].fill(0xA5);
    for content in [&b"a note"[..], &noise, &own[..own.len() - 512]] {
        fs::write(server.journal(), content).unwrap();
        server.start_again();
        goes_on_with_one(&server);
        assert!(server.stop().success());
        assert!(names_of_data(&server).iter().any(|name| name.starts_with("tillsync.journal.aside-")));
    }
    // Far more than any memory.
    fs::File::create(server.journal()).unwrap().set_len(64 << 30).unwrap();
    server.start_again();
    goes_on_with_one(&server);
}

fn goes_on_with_one(server: &Server) {
    wait_until("the shop to open", || health(server).status == 200);
    assert_eq!(estimates(&mut server.client()).len(), 1);
}

#[test]
fn a_copy_of_a_closed_database_needs_no_journal() {
    let mut server = Server::start();
    create_estimate(&mut server.client(), "Asha");
    assert!(server.stop().success());
    let folder = tempfile::tempdir().unwrap();
    fs::copy(server.database(), folder.path().join("tillsync.redb")).unwrap();
    goes_on_with(&Server::start_in(folder, &[]), "Asha");
}

#[test]
fn without_room_for_a_journal_the_shop_goes_on_with_a_warning_until_there_is_room() {
    let Some((_disk, dir)) = SmallDisk::mount(6) else {
        return skip("this system does not let the test mount a small disk");
    };
    let mut server = Server::start_in(dir, &["--disk-reserve-mib", "1", "--journal-kib", "4096"]);
    create_estimate(&mut server.client(), "Asha");
    let has_warning = |server: &Server| codes(&health(server).expect(200)).contains(&"journal_missing".to_string());
    assert!(has_warning(&server));
    assert!(!names_of_data(&server).iter().any(|name| name.contains("journal")), "{:?}", names_of_data(&server));
    server.kill();
    server.start_again();
    assert_eq!(estimates(&mut server.client()).len(), 1, "each commit is in the database");
    let larger = ["-o", "remount,size=40m"];
    assert!(Command::new("mount").args(larger).arg(server.dir.path()).status().unwrap().success());
    wait_until("the journal is begun", || !has_warning(&server) && server.journal().exists());
    create_estimate(&mut server.client(), "Binod");
    server.kill();
    // The second sale is in the journal alone.
    let journal = fs::read(server.journal()).unwrap();
    fs::remove_file(server.journal()).unwrap();
    refuses(&mut server);
    server.kill();
    fs::write(server.journal(), journal).unwrap();
    server.start_again();
    assert_eq!(estimates(&mut server.client()).len(), 2);
    assert!(!has_warning(&server));
}

#[test]
fn without_room_for_a_larger_journal_the_one_that_is_there_is_used_on() {
    let Some((_disk, dir)) = SmallDisk::mount(6) else {
        return skip("this system does not let the test mount a small disk");
    };
    let mut server = Server::start_in(dir, &["--disk-reserve-mib", "1"]);
    create_estimate(&mut server.client(), "Asha");
    assert!(server.stop().success());
    let names = names_of_data(&server);
    server.start_again_with_env(&[("TILLSYNC_JOURNAL_KIB", "4096")]);
    assert_eq!(fs::metadata(server.journal()).unwrap().len(), 1 << 20);
    assert!(codes(&health(&server).expect(200)).is_empty());
    create_estimate(&mut server.client(), "Binod");
    server.kill();
    server.start_again();
    assert_eq!(estimates(&mut server.client()).len(), 2);
    assert_eq!(names_of_data(&server), names, "nothing was set aside or left behind");
}

#[test]
fn the_journal_is_of_the_size_that_was_asked_for_once_nothing_is_in_it_alone() {
    let length = |server: &Server| fs::metadata(server.journal()).unwrap().len();
    let mut server = Server::start_with_env(&[("TILLSYNC_JOURNAL_KIB", "128")]);
    assert_eq!(length(&server), 256 << 10);
    create_estimate(&mut server.client(), "Asha");
    server.kill();
    server.start_again_with_env(&[("TILLSYNC_JOURNAL_KIB", "64")]);
    assert_eq!(estimates(&mut server.client()).len(), 1);
    assert_eq!(length(&server), 256 << 10, "it was needed as it was");
    assert!(server.stop().success());
    server.start_again();
    assert_eq!(length(&server), 128 << 10);
    assert!(server.stop().success());
    server.start_again_with_env(&[("TILLSYNC_JOURNAL_KIB", "65")]);
    assert_eq!(length(&server), 2 * (68 << 10), "whole pages");
    goes_on_with(&server, "Asha");
}
