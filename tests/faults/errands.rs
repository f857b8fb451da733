//! Goal: what is done about people is there as a whole or not at all, wherever the power goes and whatever the disk fails at, and
//! it is there once it was answered (promises 1, 3 and 10).
//!
//! Method: a shop with an owner, a till and sessions. Then people are added, devices let in and revoked, somebody logs in, and
//! sales go on. The power is cut before each operation of the disk; and each operation fails, once or for some time. What is
//! read of the file then, persons, roles, devices, sessions and the audit, must be exactly what it was after one of the doings.

use std::thread;

use tillsync::app::{AccessRefusal, SubmitError};
use tillsync::domain::Asker;

use crate::power_cuts::{Medium, Syncs, open};
use crate::simulated::disk::{Event, Fault, Images, Landed, Operation};
use crate::simulated::shop::{self, follow_as, sequences};
use crate::simulated::staffed::{People, Staffed};
use crate::support::random::Random;
use crate::support::wait_until;

/// So small that nearly every errand is a checkpoint.
const HALF_BYTES: usize = 8 << 10;

/// What the shop was after each of its doings, and the log of the disk since the first of these states.
struct Day {
    log: Vec<Event>,
    kept: Images,
    states: Vec<People>,
}

fn a_day() -> Day {
    let shop = Staffed::open(HALF_BYTES);
    let before = shop.disk.log().len();
    let kept = shop.disk.kept();
    let mut states = vec![shop.people()];
    let mut done = |what: &dyn Fn()| {
        what();
        shop.disk.note(Event::Answered(states.len()));
        states.push(shop.people());
    };
    for turn in 0..3 {
        done(&|| assert!(shop.add_person(&format!("Ravi {turn}")).is_ok()));
        done(&|| assert!(shop.app.submit(shop.sale(&format!("sale {turn}"))).is_ok()));
        done(&|| assert!(shop.log_in_elsewhere().is_ok()));
        let phone = shop.app.directory().devices().last().unwrap().id;
        done(&|| assert!(shop.add_program(&format!("Printer {turn}")).is_ok()));
        // Its row and its session.
        done(&|| shop.app.revoke_device(shop.owner, phone).unwrap());
    }
    let log = shop.disk.log().split_off(before);
    shop.close();
    Day { log, kept, states }
}

/// Cuts before every operation; says what was found first that may not be, and which states were met.
fn cut_everywhere(Day { log, kept, states }: Day, syncs: Syncs) -> Result<Vec<bool>, String> {
    const ROUNDS: usize = 3;
    let mut medium = Medium::new(syncs, kept);
    let (mut answered, mut met) = (0, vec![false; states.len()]);
    for (place, event) in log.iter().enumerate() {
        for round in 0..ROUNDS {
            let random = &mut Random::new((place << 4 | round) as u64);
            let (_, store) = open(&medium.cut(random))?;
            let people = People::of_file(&store);
            let Some(state) = states.iter().position(|state| *state == people) else {
                return Err(format!("half done at {place}, round {round}: {people:#?}"));
            };
            if state < answered {
                return Err(format!("lost at {place}, round {round}: {answered} was answered, and it is {state}"));
            }
            assert!(state <= answered + 1, "done before it was asked for at {place}, round {round}");
            met[state] = true;
        }
        match event {
            Event::Answered(state) => answered = *state,
            other => medium.take(other),
        }
    }
    Ok(met)
}

#[test]
fn wherever_the_power_goes_what_is_done_about_people_is_there_as_a_whole_once_it_was_answered() {
    let day = a_day();
    let writes = day.log.iter().filter(|event| matches!(event, Event::Write(..))).count();
    assert!(writes > 30, "{writes}");
    let met = cut_everywhere(day, Syncs::Kept).unwrap();
    assert!(met.iter().all(|is_met| *is_met), "{met:?}");
}

#[test]
fn the_cuts_find_a_disk_that_ignores_syncs() {
    assert!(cut_everywhere(a_day(), Syncs::Ignored).is_err());
}

/// Of which a try can be told from what is there whether it was done.
type Doing = (&'static str, fn(&Staffed) -> Result<(), AccessRefusal>);

/// More operations than an errand has.
const TRIES_MAX: usize = 1_000;
/// With so many nearly every half is full.
const SALES_MAX: usize = 2;

const DOINGS: [Doing; 3] = [
    ("a person is added", |shop| shop.add_person("Meena").map(drop)),
    ("a device is revoked", |shop| shop.app.revoke_device(shop.owner, 2)),
    ("somebody logs in", |shop| shop.log_in_elsewhere().map(drop)),
];

/// `sales` come before, so that the half of the journal is so full, or the errand has no more room in it.
fn strike(base: &Staffed, images: &Images, sales: usize, (name, act): Doing, fault: Fault) -> bool {
    let shop = base.run_on(images.clone());
    for number in 0..sales {
        shop.app.submit(shop.sale(&format!("before {number}"))).unwrap();
    }
    let before = shop.people();
    shop.disk.break_by(&[fault]);
    let told = act(&shop);
    let failed = shop.disk.mend();
    wait_until(&format!("{name}: the file to be opened again"), || shop.app.read(Asker::Machine).is_ok());
    // The shop goes on by itself, and judges by what the file holds.
    wait_until(&format!("{name}: a sale"), || shop.app.submit(shop.sale("afterwards")).is_ok());
    let mut after = shop.people();
    assert_eq!(shop.durable(), after, "{name}: the server shows another state than the file");
    after.seq = before.seq;
    match told {
        Ok(()) => assert!(after != before, "{name}: answered, and not there"),
        Err(AccessRefusal::Submit(SubmitError::OutcomeUnknown | SubmitError::Unavailable)) => {
            assert!(failed > 0, "{name}: an error without a fault");
        }
        Err(other) => panic!("{name}: {other:?}"),
    }
    if after != before {
        assert_eq!(after.audit.len(), before.audit.len() + if name.contains("logs in") { 2 } else { 1 }, "{name}");
    }
    match name {
        "a device is revoked" if after != before => {
            assert!(!after.directory.iter().any(|line| line.contains("Phone")), "{after:#?}");
            assert_eq!(after.directory.len(), before.directory.len() - 2, "its row and its session");
        }
        "somebody logs in" if after != before => {
            assert_eq!(after.directory.len(), before.directory.len() + 2, "its row and its session");
        }
        _ => {}
    }
    shop.close();
    failed > 0
}

#[test]
fn whatever_fails_while_people_are_changed_nothing_is_half_done_and_the_server_knows_what_is() {
    let base = Staffed::open(HALF_BYTES);
    assert_eq!(base.log_in_elsewhere(), Ok(2));
    let images = base.disk.kept();
    let struck: usize = thread::scope(|scope| {
        let operations = [Operation::Write, Operation::Sync, Operation::SetLength];
        let series = operations.into_iter().flat_map(|operation| [false, true].map(|lasts| (operation, lasts)));
        let series = series.flat_map(|kind| (0..=SALES_MAX).map(move |sales| (kind, sales)));
        let runs: Vec<_> = series
            .flat_map(|series| DOINGS.map(|doing| (series, doing)))
            .map(|(((operation, is_lasting), sales), doing)| {
                let (base, images) = (&base, &images);
                scope.spawn(move || {
                    let fault = |after: usize| {
                        let landed = Landed::Something(after as u64);
                        Fault { operation, after, is_lasting, landed, is_panic: false }
                    };
                    (0..TRIES_MAX).take_while(|&after| strike(base, images, sales, doing, fault(after))).count()
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    assert!(struck > 100, "{struck}");
    base.close();
}

/// The commit that revokes a device and holds a sale lands, though its sync fails: what the server finds afterwards is shown to
/// those alone who are still let in.
#[test]
fn whoever_is_out_by_a_commit_that_a_fault_has_hidden_gets_nothing_of_what_came_with_it() {
    let shop = Staffed::open(shop::HALF_BYTES);
    assert_eq!(shop.log_in_elsewhere(), Ok(2));
    let session = shop.app.directory().sessions().find(|session| session.device == 2).unwrap().id;
    let asker = Asker::Known { device: 2, session: Some(session) };
    let [his, hers] = [asker, shop.owner.asker].map(|asker| follow_as(&shop.app, asker));
    let landed = Landed::Everything;
    shop.disk.break_by(&[Fault { operation: Operation::Sync, after: 1, is_lasting: true, landed, is_panic: false }]);
    let gate = shop.disk.gate.lock().unwrap();
    let before = shop.disk.syncs_begun();
    thread::scope(|scope| {
        let first = scope.spawn(|| shop.app.submit(shop.sale("first")));
        wait_until("the first sync", || shop.disk.syncs_begun() > before);
        // The first one itself, if the writer was resting just then and has been handed it.
        let others = shop.app.commands_waiting();
        let revoked = scope.spawn(|| shop.app.revoke_device(shop.owner, 2));
        let second = scope.spawn(|| shop.app.submit(shop.sale("second")));
        wait_until("both to wait for the writer", || shop.app.commands_waiting() == others + 2);
        drop(gate);
        first.join().unwrap().unwrap();
        assert!(revoked.join().unwrap().is_err() && second.join().unwrap().is_err(), "not stored for certain");
    });
    shop.disk.mend();
    wait_until("the file to be opened again", || shop.app.read(Asker::Machine).is_ok());
    wait_until("a sale", || shop.app.submit(shop.sale("third")).is_ok());
    assert!(shop.app.directory().device(2).is_none(), "it has landed");
    assert_eq!(shop.people(), shop.durable());
    shop.close();
    assert!(sequences(hers).contains(&2));
    let shown = sequences(his);
    assert!(shown.iter().all(|seq| *seq < 2), "{shown:?}");
}
