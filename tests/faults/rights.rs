//! Goal: what somebody may do is decided when it is done, inside the transaction, whatever was so when it was sent (promise 10).
//! Method: every command and everything that is done about people is handed to the shop itself, without the web in front of it: by
//! those who lack just the right that it needs, and while the one that takes the rights away waits before it at the writer.

use std::thread;

use tillsync::app::{
    AccessRefusal, App, Command, DeviceChange, DeviceRequest, Idempotency, NewCredential, PersonChange, Requester,
    RoleChange, Submission, SubmitError,
};
use tillsync::domain::{Allowance, Asker, Conversion, DeviceKind, Right, Rights, Role, Scope, SettingsPatch};

use crate::simulated::shop::{self, create, create_sale, estimate, keyed, order, sale};
use crate::simulated::staffed::{PASSWORD, People, Staffed, from_here};
use crate::support::wait_until;

/// What each command asks for. A new one has to be thought of here.
fn right_of(command: &Command) -> Right {
    match command {
        Command::CreateEstimate(_) | Command::DuplicateEstimate(_) => Right::Estimate,
        // Of somebody else's.
        Command::EditEstimate(..) | Command::HandOver(..) => Right::EditOthers,
        Command::DeleteEstimate(_) => Right::DeleteOpen,
        Command::ConvertEstimate(..) => Right::Convert,
        Command::CreateSale(draft) if draft.source_estimate_id.is_some() => Right::Convert,
        Command::CreateSale(_) => Right::Sell,
        Command::SetOrderStatus(..) => Right::Status,
        Command::DeleteOrder(_) => Right::UndoSold,
        Command::SaveSettings(_) => Right::Settings,
    }
}

/// One of each, on the owner's estimates 1 to 5 and his order 1.
fn commands(person: u32) -> Vec<Command> {
    let conversion = Conversion { payment_mode: None, sale_by: None, amount_paid: None };
    vec![
        create("Half"),
        create_sale("Half", None),
        create_sale("Half", Some(estimate(4))),
        Command::EditEstimate(estimate(1), Box::new(sale("Half", 1))),
        Command::DuplicateEstimate(estimate(1)),
        Command::ConvertEstimate(estimate(2), conversion),
        Command::HandOver(estimate(3), person),
        Command::HandOver(order(1), person),
        Command::DeleteEstimate(estimate(5)),
        Command::SetOrderStatus(order(1), "Packed".to_string()),
        Command::SetOrderStatus(order(1), "Void".to_string()),
        Command::DeleteOrder(order(1)),
        Command::SaveSettings(Box::new(SettingsPatch {
            shop_name: Some("Half".to_string()),
            ..SettingsPatch::default()
        })),
    ]
}

/// A shop with the owner's records, a role of its own without anybody, a device that waits, and a worker.
struct Staff {
    shop: Staffed,
    worker: Requester,
    worker_id: u32,
    role: u32,
    spare_role: u32,
    spare_person: u32,
    spare_device: u32,
    pairing: u32,
}

type Doing = (&'static str, fn(&App, Requester, &Staff) -> Result<(), AccessRefusal>);

/// What is done about people, each for the right *people*.
const DOINGS: [Doing; 11] = [
    ("a person is added", |app, by, _| app.add_person(by, named("Half", Role::SELLER)).map(drop)),
    ("a person is changed", |app, by, staff| app.change_person(by, staff.spare_person, named("Half", Role::VIEWER))),
    ("a person is removed", |app, by, staff| app.remove_person(by, staff.spare_person)),
    ("a role is added", |app, by, _| {
        app.add_role(by, RoleChange { name: Some("Half".to_string()), ..RoleChange::default() }).map(drop)
    }),
    ("a role is changed", |app, by, staff| {
        app.change_role(by, staff.spare_role, RoleChange { name: Some("Half".to_string()), ..RoleChange::default() })
    }),
    ("a role is removed", |app, by, staff| app.remove_role(by, staff.spare_role)),
    ("a device is added", |app, by, _| {
        let device =
            DeviceRequest { name: "Half".to_string(), kind: DeviceKind::Program, role: Role::VIEWER, person: None };
        app.add_device(by, device, None).map(drop)
    }),
    ("a device is changed", |app, by, staff| {
        app.change_device(by, staff.spare_device, &DeviceChange { name: Some("Half".to_string()), role: None })
    }),
    ("a device is revoked", |app, by, staff| app.revoke_device(by, staff.spare_device)),
    ("a device is let in", |app, by, staff| {
        let code = app.waiting_devices().iter().find(|device| device.id == staff.pairing).map(|_| "000000");
        app.confirm_pairing(by, Some(staff.pairing), code, "Half", None).map(drop)
    }),
    ("a device is turned away", |app, by, staff| app.refuse_pairing(by, staff.pairing)),
];

fn named(name: &str, role: u32) -> PersonChange {
    PersonChange { name: Some(name.to_string()), role: Some(role), ..PersonChange::default() }
}

/// Everything but this.
fn all_but(right: Right) -> RoleChange {
    let Allowance { days_back, discount_max, masks, .. } = Allowance::ALL;
    RoleChange {
        name: None,
        rights: Some(Rights::ALL.without(Rights::of(&[right]))),
        estimates: Some(Scope::All),
        orders: Some(Scope::All),
        days_back: Some(days_back),
        discount_max: Some(discount_max),
        masks: Some(masks),
    }
}

impl Staff {
    fn open() -> Self {
        let shop = Staffed::open(shop::HALF_BYTES);
        let (app, owner) = (&shop.app, shop.owner);
        for number in 0..5 {
            app.submit(shop.sale(&format!("estimate {number}"))).unwrap();
        }
        app.submit(Submission { asker: owner.asker, ..keyed("order", create_sale("Asha", None)) }).unwrap();
        let role = |name: &str, change| app.add_role(owner, RoleChange { name: Some(name.to_string()), ..change });
        let role_id = role("Floor", all_but(Right::People)).unwrap();
        let nothing = RoleChange { rights: Some(Rights::NONE), ..all_but(Right::People) };
        let spare_role = role("Spare", nothing).unwrap();
        let credential = NewCredential { pin: None, password: Some(PASSWORD.to_string()) };
        let worker_id = app.add_person(owner, PersonChange { credential, ..named("Meena", role_id) }).unwrap();
        let spare_person = app.add_person(owner, named("Spare", Role::SELLER)).unwrap();
        let spare_device = shop.add_program("Spare").unwrap();
        let worker = shop.log_in("Meena").unwrap();
        let pairing = app.begin_pairing(from_here(Asker::Stranger), Some("Phone"), None, false).unwrap().id;
        Self { worker, worker_id, role: role_id, spare_role, spare_person, spare_device, pairing, shop }
    }

    fn submit(&self, asker: Asker, command: &Command) -> Result<(), SubmitError> {
        let submission = Submission { asker, idempotency: None, ..keyed("", command.clone()) };
        self.shop.app.submit(submission).map(drop)
    }

    /// What the shop is, but for what was noted about refusals.
    fn state(&self) -> (u64, Vec<String>, Vec<u32>) {
        let People { directory, seq, .. } = self.shop.people();
        (seq, directory, self.shop.app.waiting_devices().iter().map(|device| device.id).collect())
    }
}

#[test]
fn each_command_asks_for_its_right_by_itself() {
    let staff = Staff::open();
    let before = staff.state();
    for command in commands(staff.worker_id) {
        let right = match &command {
            // What a status takes back needs more than another one does.
            Command::SetOrderStatus(_, status) if status == "Void" => Right::UndoSold,
            other => right_of(other),
        };
        staff.shop.app.change_role(staff.shop.owner, staff.role, all_but(right)).unwrap();
        assert_eq!(staff.submit(staff.worker.asker, &command), Err(SubmitError::Forbidden(right)), "{command:?}");
        let device = Asker::Known { device: staff.worker.device(), session: None };
        for stranger in [Asker::Stranger, Asker::Anybody, device] {
            assert_eq!(staff.submit(stranger, &command), Err(SubmitError::LoggedOut), "{stranger:?}: {command:?}");
        }
    }
    staff.shop.app.change_role(staff.shop.owner, staff.role, all_but(Right::People)).unwrap();
    assert_eq!(staff.state(), before, "nothing is left of what was refused");
    // And with the right it is done.
    for command in commands(staff.worker_id) {
        staff.submit(staff.shop.owner.asker, &command).unwrap();
    }
    staff.shop.close();
}

#[test]
fn what_is_done_about_people_asks_for_the_right_by_itself() {
    let staff = Staff::open();
    let before = staff.state();
    for (name, act) in DOINGS {
        let refused = act(&staff.shop.app, staff.worker, &staff);
        assert_eq!(refused, Err(AccessRefusal::Forbidden(Right::People)), "{name}");
        for stranger in [Asker::Stranger, Asker::Known { device: staff.worker.device(), session: None }] {
            let refused = act(&staff.shop.app, from_here(stranger), &staff);
            assert!(
                matches!(refused, Err(AccessRefusal::LoggedOut | AccessRefusal::Forbidden(Right::People))),
                "{name} by {stranger:?}: {refused:?}"
            );
        }
    }
    let invited = staff.shop.app.invite(staff.worker).map(|invitation| invitation.expires_in);
    assert_eq!(invited, Err(AccessRefusal::Forbidden(Right::People)));
    assert_eq!(staff.state(), before);
    staff.shop.close();
}

type Taking = (&'static str, fn(&App, Requester, &Staff) -> Result<(), AccessRefusal>);

/// By which the worker loses what she may.
const TAKINGS: [Taking; 5] = [
    ("her device is revoked", |app, by, staff| app.revoke_device(by, staff.worker.device())),
    ("she is removed", |app, by, staff| app.remove_person(by, staff.worker_id)),
    ("she is not active any more", |app, by, staff| {
        app.change_person(by, staff.worker_id, PersonChange { is_active: Some(false), ..PersonChange::default() })
    }),
    ("she gets a role that may nothing", |app, by, staff| {
        let change = PersonChange { role: Some(staff.spare_role), ..PersonChange::default() };
        app.change_person(by, staff.worker_id, change)
    }),
    ("her role may nothing any more", |app, by, staff| {
        app.change_role(by, staff.role, RoleChange { rights: Some(Rights::NONE), ..RoleChange::default() })
    }),
];

#[test]
fn what_waits_at_the_writer_is_judged_by_the_rights_as_they_are_then() {
    for (taking, take) in TAKINGS {
        let staff = Staff::open();
        let all = RoleChange { rights: Some(Rights::ALL), ..RoleChange::default() };
        staff.shop.app.change_role(staff.shop.owner, staff.role, all).unwrap();
        let (app, worker) = (&staff.shop.app, staff.worker);
        let before = staff.state();
        let gate = staff.shop.disk.gate.lock().unwrap();
        let syncs = staff.shop.disk.syncs_begun();
        thread::scope(|scope| {
            let first = scope.spawn(|| app.submit(staff.shop.sale("first")));
            wait_until("the first sync", || staff.shop.disk.syncs_begun() > syncs);
            let mut waiting = app.commands_waiting();
            let mut queued = || {
                waiting += 1;
                wait_until(&format!("{taking}: {waiting} to wait"), || app.commands_waiting() == waiting);
            };
            let taken = scope.spawn(|| take(app, staff.shop.owner, &staff));
            queued();
            let mut refused = Vec::new();
            for (number, command) in commands(staff.worker_id).into_iter().enumerate() {
                let key = format!("queued {number}");
                let idempotency = Some(Idempotency::by_key(0, &[], &key, &["POST", "/"], key.as_bytes()));
                let submission = Submission { asker: worker.asker, idempotency, ..keyed("", command.clone()) };
                refused.push((format!("{command:?}"), scope.spawn(|| app.submit(submission).map(drop))));
                queued();
            }
            let mut refused_doings = Vec::new();
            for (name, act) in DOINGS {
                let staff = &staff;
                refused_doings.push((name, scope.spawn(move || act(app, worker, staff))));
                queued();
            }
            drop(gate);
            first.join().unwrap().unwrap();
            taken.join().unwrap().unwrap();
            for (command, answer) in refused {
                let answer = answer.join().unwrap();
                let is_refused = matches!(answer, Err(SubmitError::LoggedOut | SubmitError::Forbidden(_)));
                assert!(is_refused, "{taking}: {command}: {answer:?}");
            }
            for (name, answer) in refused_doings {
                let answer = answer.join().unwrap();
                let is_refused = matches!(answer, Err(AccessRefusal::LoggedOut | AccessRefusal::Forbidden(_)));
                assert!(is_refused, "{taking}: {name}: {answer:?}");
            }
        });
        let after = staff.state();
        assert_eq!((after.0, &after.2), (before.0 + 1, &before.2), "{taking}: the first sale and nothing else");
        assert!(!after.1.iter().any(|line| line.contains("Half")), "{taking}: {:#?}", after.1);
        staff.shop.close();
    }
}

#[test]
fn what_waits_before_the_one_that_takes_the_rights_is_carried_out() {
    let staff = Staff::open();
    let (app, worker) = (&staff.shop.app, staff.worker);
    let gate = staff.shop.disk.gate.lock().unwrap();
    let syncs = staff.shop.disk.syncs_begun();
    thread::scope(|scope| {
        let first = scope.spawn(|| app.submit(staff.shop.sale("first")));
        wait_until("the first sync", || staff.shop.disk.syncs_begun() > syncs);
        let others = app.commands_waiting();
        let sold = scope.spawn(|| staff.submit(worker.asker, &create_sale("Meena", None)));
        wait_until("her sale to wait", || app.commands_waiting() == others + 1);
        drop(gate);
        first.join().unwrap().unwrap();
        sold.join().unwrap().unwrap();
    });
    app.revoke_device(staff.shop.owner, worker.device()).unwrap();
    assert_eq!(staff.submit(worker.asker, &create_sale("Meena", None)), Err(SubmitError::LoggedOut));
    staff.shop.close();
}
