//! A shop with an owner on a disk in memory, and all that its file says of people.

use std::net::Ipv4Addr;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tillsync::app::{
    AccessRefusal, App, DeviceRequest, DiskSpace, LoginRequest, Named, NewCredential, OwnerRequest, PersonChange,
    Reading, Requester, Secrets, ShopClock, Submission,
};
use tillsync::domain::{Asker, DeviceKind, Directory, Role};
use tillsync::store::Store;

use super::disk::{Disk, Images};
use super::shop::{create, keyed};

/// Of everybody.
pub const PASSWORD: &str = "correct horse";

/// All that a file says of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    pub directory: Vec<String>,
    pub audit: Vec<String>,
    pub seq: u64,
}

fn lines(directory: &Directory) -> Vec<String> {
    fn all<T: std::fmt::Debug>(of: impl Iterator<Item = T>) -> Vec<String> {
        of.map(|one| format!("{one:?}")).collect()
    }
    [all(directory.people()), all(directory.roles()), all(directory.devices()), all(directory.sessions())].concat()
}

impl People {
    fn read(reading: &Reading, directory: &Directory) -> Self {
        let check = reading.check_audit().unwrap();
        assert_eq!(check.broken_at, None, "{check:?}");
        let mut audit = Vec::new();
        let note = |entry| {
            audit.push(format!("{entry:?}"));
            std::ops::ControlFlow::Continue(())
        };
        reading.audit(None, usize::MAX, note).unwrap();
        assert_eq!(audit.len() as u64, check.entries);
        Self { directory: lines(directory), audit, seq: reading.seq().unwrap() }
    }

    pub fn of_file(store: &Store) -> Self {
        let snapshot = store.snapshot().unwrap();
        let directory = snapshot.directory().unwrap();
        Self::read(&snapshot.into(), &directory)
    }
}

/// A shop that knows its pepper over starts.
pub struct Staffed {
    pub disk: Arc<Disk>,
    half_bytes: usize,
    secrets: Secrets,
    pub app: App,
    pub owner: Requester,
}

pub fn from_here(asker: Asker) -> Requester {
    Requester { asker, from: Ipv4Addr::LOCALHOST.into(), before: None }
}

fn start(disk: &Arc<Disk>, half_bytes: usize, secrets: &Secrets) -> App {
    let store = disk.open(half_bytes).unwrap();
    App::start_with(store, ShopClock::new(TimeZone::UTC), DiskSpace::unlimited(), secrets).unwrap()
}

impl Staffed {
    pub fn open(half_bytes: usize) -> Self {
        let (disk, secrets): (Arc<Disk>, _) = (Arc::default(), Secrets::random().unwrap());
        let app = start(&disk, half_bytes, &secrets);
        let machine = from_here(Asker::Machine);
        let code = app.issue_owner_code(machine, false).unwrap();
        let credential = NewCredential { pin: None, password: Some(PASSWORD.to_string()) };
        let owner = OwnerRequest {
            code,
            name: "Asha".to_string(),
            credential,
            device_name: Some("Till 1".to_string()),
            is_program: false,
        };
        let owner = from_here(app.make_owner(from_here(Asker::Anybody), owner).ok().unwrap().asker);
        Self { disk, half_bytes, secrets, app, owner }
    }

    /// The same shop, as it is on another disk.
    pub fn run_on(&self, images: Images) -> Self {
        let disk = Disk::holding(images);
        // Its own, or this would be an older copy that was put back.
        let mut secrets = Secrets::random().unwrap();
        secrets.pepper = self.secrets.pepper;
        let app = start(&disk, self.half_bytes, &secrets);
        Self { disk, half_bytes: self.half_bytes, secrets, app, owner: self.owner }
    }

    pub fn close(self) -> Images {
        self.app.feed().stop();
        self.app.stop();
        self.disk.kept()
    }

    pub fn people(&self) -> People {
        People::read(&self.app.read(Asker::Machine).unwrap(), &self.app.directory())
    }

    pub fn durable(&self) -> People {
        People::of_file(&Disk::holding(self.disk.kept()).open(self.half_bytes).unwrap())
    }

    pub fn sale(&self, key: &str) -> Submission {
        Submission { asker: self.owner.asker, ..keyed(key, create(key)) }
    }

    pub fn add_person(&self, name: &str) -> Result<u32, AccessRefusal> {
        let person = PersonChange { name: Some(name.to_string()), role: Some(Role::SELLER), ..PersonChange::default() };
        self.app.add_person(self.owner, person)
    }

    pub fn add_program(&self, name: &str) -> Result<u32, AccessRefusal> {
        let device =
            DeviceRequest { name: name.to_string(), kind: DeviceKind::Program, role: Role::VIEWER, person: None };
        self.app.add_device(self.owner, device, None).map(|(id, _)| id)
    }

    /// On a device that nobody knew, which is let in by it.
    pub fn log_in_elsewhere(&self) -> Result<u32, AccessRefusal> {
        self.log_in("Asha").map(Requester::device)
    }

    /// The same for anybody who has the password that all have here.
    pub fn log_in(&self, name: &str) -> Result<Requester, AccessRefusal> {
        let login = LoginRequest {
            person: Named::Name(name.to_string()),
            pin: None,
            password: Some(PASSWORD.to_string()),
            device_name: Some("Phone".to_string()),
            is_program: false,
        };
        self.app.log_in(from_here(Asker::Stranger), login).map(|logged_in| from_here(logged_in.asker))
    }
}
