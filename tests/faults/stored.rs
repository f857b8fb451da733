//! Goal: what is stored and cannot be read spoils the one command that is about it, and no other; and a fault is no answer for
//! seven days. Method: a shop's file, closed, in which single entries are damaged the way a failing card does it without the
//! database noticing, then opened again.

use redb::{Database, Key, ReadableDatabase, ReadableTable, TableDefinition, Value};
use tillsync::app::{App, Command, PersonChange, Requester, SeenChange, ShopClock};
use tillsync::domain::{Asker, Kind, Role, SettingsPatch};
use tillsync::store::{AuditCheck, Filter, JournalOptions, Store, StoreOptions};

use crate::simulated::shop::{create, create_sale, estimate, keyed};

const ANSWERS: TableDefinition<u64, &[u8]> = TableDefinition::new("answers_by_place");
const ESTIMATES: TableDefinition<u64, &[u8]> = TableDefinition::new("estimates");
const CHANGES: TableDefinition<u64, &[u8]> = TableDefinition::new("changes");
const ESTIMATES_DAYS: TableDefinition<i64, &[u8]> = TableDefinition::new("estimates_days");
const AUDIT: TableDefinition<u64, &[u8]> = TableDefinition::new("audit");
const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");

fn options(folder: &tempfile::TempDir) -> StoreOptions {
    StoreOptions {
        directory: folder.path().to_path_buf(),
        cache_bytes: 1 << 20,
        currency: None,
        journal: JournalOptions::default(),
    }
}

fn open(folder: &tempfile::TempDir) -> App {
    App::start(Store::open(&options(folder)).unwrap(), ShopClock::new(jiff::tz::TimeZone::UTC)).unwrap()
}

/// Takes it, since the file is locked for as long as there is one.
fn close(app: App) {
    app.feed().stop();
    app.stop();
    drop(app);
}

/// Puts other bytes in the place of an entry, and returns what stood there.
fn replace<K: Key + for<'k> Value<SelfType<'k> = K> + Copy>(
    folder: &tempfile::TempDir,
    table: TableDefinition<K, &'static [u8]>,
    place: K,
    change: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let database = Database::open(options(folder).file()).unwrap();
    let before =
        database.begin_read().unwrap().open_table(table).unwrap().get(place).unwrap().unwrap().value().to_vec();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert(place, change(&before).as_slice()).unwrap();
    transaction.commit().unwrap();
    before
}

/// Puts something in the place of what the file says of itself under this name.
fn put_fact(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) {
    let database = Database::open(options(folder).file()).unwrap();
    let transaction = database.begin_write().unwrap();
    assert!(transaction.open_table(META).unwrap().insert(name, bytes).unwrap().is_some() || name == "settings");
    transaction.commit().unwrap();
}

#[test]
fn an_answer_that_cannot_be_read_fails_its_own_repetition_and_nothing_else() {
    // Cut so short that not even its time can be read, and damaged further on.
    for damage in [|bytes: &[u8]| bytes[..20].to_vec(), |bytes: &[u8]| bytes[..61].to_vec()] {
        let folder = tempfile::tempdir().unwrap();
        let app = open(&folder);
        app.submit(keyed("first", create("Asha"))).unwrap();
        app.submit(keyed("second", create("Ravi"))).unwrap();
        close(app);
        replace(&folder, ANSWERS, 1, damage);

        let app = open(&folder);
        let again = app.submit(keyed("first", create("Asha"))).unwrap();
        assert!(String::from_utf8_lossy(&again.body).contains("AnswerUnreadable"), "{again:?}");
        assert_eq!(app.read(Asker::Anybody).unwrap().seq().unwrap(), 2, "it is not carried out again");
        app.submit(keyed("second", create("Ravi"))).unwrap();
        // More than a block, so that the damaged one meets the index and the trimming.
        for number in 0..300 {
            let key = format!("later {number}");
            assert_eq!(app.submit(keyed(&key, create("Meena"))).unwrap().status, 201);
        }
        assert_eq!(app.read(Asker::Anybody).unwrap().seq().unwrap(), 302);
        let again = app.submit(keyed("first", create("Asha"))).unwrap();
        assert!(String::from_utf8_lossy(&again.body).contains("AnswerUnreadable"), "{again:?}");
        close(app);
    }
}

#[test]
fn a_fault_is_not_remembered_under_the_key_of_its_command() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    app.submit(keyed("made", create("Asha"))).unwrap();
    close(app);
    let whole = replace(&folder, ESTIMATES, 1, |bytes| bytes[..bytes.len() - 9].to_vec());

    let app = open(&folder);
    let convert = || keyed("convert", Command::ConvertEstimate(estimate(1), tillsync::domain::Conversion::default()));
    let refused = app.submit(convert()).unwrap();
    assert!(refused.status == 500 && String::from_utf8_lossy(&refused.body).contains("Unreadable"), "{refused:?}");
    // Another command is served, and an ordinary refusal is remembered as before.
    app.submit(keyed("other", create("Ravi"))).unwrap();
    close(app);
    replace(&folder, ESTIMATES, 1, |_| whole);

    let app = open(&folder);
    assert_eq!(app.submit(convert()).unwrap().status, 201, "the record is mended, and the same key goes through");
    close(app);
}

#[test]
fn a_log_entry_that_cannot_be_read_stops_neither_commits_nor_those_who_catch_up() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    for customer in ["Asha", "Ravi", "Meena"] {
        app.submit(keyed(customer, create(customer))).unwrap();
    }
    close(app);
    replace(&folder, CHANGES, 2, |_| vec![9]);
    replace(&folder, CHANGES, 3, |_| Vec::new());

    let app = open(&folder);
    app.submit(keyed("next", create("Farhan"))).unwrap();
    let (changes, read_to) = app.read(Asker::Anybody).unwrap().changes_after(0, usize::MAX, usize::MAX).unwrap();
    assert_eq!(changes.iter().map(SeenChange::seq).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(read_to, 4);
    close(app);
}

#[test]
fn an_index_of_days_that_cannot_be_read_stops_no_sale_and_leaves_no_half_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    for number in 1..=70 {
        app.submit(keyed(&format!("early {number}"), create("Asha"))).unwrap();
    }
    close(app);
    let quarters: Vec<i64> = {
        let database = Database::open(options(&folder).file()).unwrap();
        let days = database.begin_read().unwrap().open_table(ESTIMATES_DAYS).unwrap();
        days.iter().unwrap().map(|entry| entry.unwrap().0.value()).collect()
    };
    for quarter in quarters {
        replace(&folder, ESTIMATES_DAYS, quarter, |_| vec![1, 2, 3]);
    }

    let app = open(&folder);
    // One of them fills the next block.
    for number in 71..=140 {
        assert_eq!(app.submit(keyed(&format!("late {number}"), create("Ravi"))).unwrap().status, 201);
    }
    let snapshot = app.read(Asker::Anybody).unwrap();
    let (changes, _) = snapshot.changes_after(0, usize::MAX, usize::MAX).unwrap();
    assert!(changes.iter().map(SeenChange::seq).eq(1..=140), "each sale has its place in the log");
    let filter = Filter { times: Some(i64::MIN..i64::MAX), ..Filter::default() };
    let mut walk = snapshot.newest_first(Kind::Estimate, &filter).unwrap();
    let newest = walk.next_with(|key, _| key.number).unwrap();
    assert_eq!(newest, Some(140), "lists of days go on with what can be read");
    while walk.next_with(|_, _| ()).unwrap().is_some() {}
    drop((walk, snapshot));
    close(app);
}

#[test]
fn a_history_reads_the_entries_of_its_own_record_alone() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    app.submit(keyed("first", create("Asha"))).unwrap();
    for customer in ["Ravi", "Meena"] {
        app.submit(keyed(customer, create(customer))).unwrap();
    }
    app.submit(keyed("convert", Command::ConvertEstimate(estimate(1), tillsync::domain::Conversion::default())))
        .unwrap();
    close(app);
    for others in [2, 3, 5] {
        replace(&folder, CHANGES, others, |_| Vec::new());
    }

    let app = open(&folder);
    let steps = app.read(Asker::Anybody).unwrap().history(estimate(1), usize::MAX).unwrap().unwrap();
    assert_eq!(steps.iter().map(|step| (step.seq, step.rev)).collect::<Vec<_>>(), [(4, 2), (1, 1)]);
    close(app);
}

#[test]
fn settings_that_cannot_be_read_neither_close_the_shop_nor_stop_a_sale() {
    let folder = tempfile::tempdir().unwrap();
    close(open(&folder));
    put_fact(&folder, "settings", b"{\"rev\":7,\"shop");
    let app = open(&folder);
    assert_eq!(app.submit(keyed("sale", create_sale("Asha", None))).unwrap().status, 201);
    let patch = SettingsPatch { shop_name: Some("Patil Electricals".into()), ..SettingsPatch::default() };
    app.submit(keyed("settings", Command::SaveSettings(Box::new(patch)))).unwrap();
    let (rev, json) = app.read(Asker::Anybody).unwrap().settings().unwrap();
    assert!(rev == 2 && String::from_utf8_lossy(&json).contains("Patil Electricals"));
    close(app);
}

/// Adds a person, which is an entry of the audit.
fn add_person(app: &App, name: &str) {
    let machine = Requester { asker: Asker::Machine, from: std::net::Ipv4Addr::LOCALHOST.into(), before: None };
    let person = PersonChange { name: Some(name.to_string()), role: Some(Role::SELLER), ..PersonChange::default() };
    app.add_person(machine, person).unwrap();
}

fn audit_of(app: &App) -> AuditCheck {
    app.read(Asker::Machine).unwrap().check_audit().unwrap()
}

/// A shop with an audit of five entries, closed, and opened again behind what is done to its file.
fn with_audit(damage: impl FnOnce(&tempfile::TempDir)) -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder);
    for name in ["Asha", "Ravi", "Meena", "Farhan", "Kiran"] {
        add_person(&app, name);
    }
    close(app);
    damage(&folder);
    let app = open(&folder);
    (folder, app)
}

fn remove_entries(folder: &tempfile::TempDir, places: &[u64]) {
    let database = Database::open(options(folder).file()).unwrap();
    let transaction = database.begin_write().unwrap();
    for place in places {
        assert!(transaction.open_table(AUDIT).unwrap().remove(place).unwrap().is_some());
    }
    transaction.commit().unwrap();
}

/// The same bytes with another one in the first place where this text stands.
fn with_other(bytes: &[u8], text: &str, other: &str) -> Vec<u8> {
    let at = bytes.windows(text.len()).position(|part| part == text.as_bytes()).unwrap();
    [&bytes[..at], other.as_bytes(), &bytes[at + text.len()..]].concat()
}

type Damage = fn(&[u8]) -> Vec<u8>;

#[test]
fn whatever_byte_of_the_audit_is_changed_it_is_found_and_stays_found() {
    let (_folder, app) = with_audit(|_| ());
    let check = audit_of(&app);
    assert_eq!((check.entries, check.broken_at), (5, None));
    close(app);

    let damages: [(u64, Damage); 8] = [
        (2, |bytes| [&[bytes[0] ^ 1], &bytes[1..]].concat()),
        (1, |bytes| with_other(bytes, "Asha", "Isha")),
        (3, |bytes| with_other(bytes, "made", "mode")),
        (5, |bytes| with_other(bytes, "Kiran", "Karan")),
        (4, |bytes| with_other(bytes, "\"device\":0", "\"device\":7")),
        (4, |bytes| with_other(bytes, "\"person\":0", "\"person\":1")),
        // What cannot be read any more.
        (5, |bytes| bytes[..bytes.len() - 1].to_vec()),
        (2, |_| Vec::new()),
    ];
    for (place, damage) in damages {
        let (_folder, app) = with_audit(|folder| drop(replace(folder, AUDIT, place, damage)));
        let check = audit_of(&app);
        assert_eq!((check.entries, check.broken_at), (place - 1, Some(place)));
        // What is noted from then on stops nobody, and hides nothing.
        add_person(&app, "Neha");
        assert_eq!(audit_of(&app).broken_at, Some(place));
        close(app);
    }
}

#[test]
fn entries_that_are_taken_out_of_the_audit_are_missed_and_stay_missed() {
    for (places, broken_at) in [(&[2][..], 2), (&[1], 1), (&[5], 5), (&[4, 5], 4), (&[1, 2, 3, 4, 5], 1)] {
        let (_folder, app) = with_audit(|folder| remove_entries(folder, places));
        assert_eq!(audit_of(&app).broken_at, Some(broken_at), "{places:?}");
        add_person(&app, "Neha");
        assert_eq!(audit_of(&app).broken_at, Some(broken_at), "{places:?}: the next entry closes the gap");
        close(app);
    }
}

#[test]
fn a_head_of_the_audit_that_is_gone_or_wrong_is_found() {
    for head in [&[][..], &[9], &[0; 40]] {
        let (_folder, app) = with_audit(|folder| put_fact(folder, "audit_head", head));
        assert_eq!(audit_of(&app).broken_at, Some(6), "{head:?}");
        add_person(&app, "Neha");
        assert_eq!(audit_of(&app).entries, 6, "no entry is written over");
        close(app);
    }
}
