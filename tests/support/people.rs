//! A shop with people: its owner, devices that were paired, persons at the till, programs and doors. Each is a [`Visitor`].

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::http::Reply;
use super::server::Server;
use super::till;
use super::visitor::Visitor;
use super::wait_until;

/// The ids of the four roles that every shop has.
pub const OWNER: u64 = 1;
pub const MANAGER: u64 = 2;
pub const SELLER: u64 = 3;
pub const VIEWER: u64 = 4;

pub const OWNER_PIN: &str = "314159";
pub const MANAGER_PIN: &str = "271828";
pub const SELLER_PIN: &str = "1618";
pub const VIEWER_PIN: &str = "1414";

/// All rights, in the order in which they are told.
pub const RIGHTS: [&str; 12] = [
    "sell",
    "estimate",
    "convert",
    "edit_others",
    "status",
    "delete_open",
    "undo_sold",
    "discount",
    "figures",
    "settings",
    "people",
    "export",
];

/// Who may do what was refused for want of a right.
pub fn may(reply: &Reply) -> Vec<String> {
    let answer = reply.expect(403);
    let names = answer["may"].as_array().unwrap_or_else(|| panic!("it does not say who may: {answer}"));
    names.iter().map(|name| name.as_str().unwrap().to_string()).collect()
}

/// A device that has asked to be let in.
pub struct Pairing {
    pub visitor: Visitor,
    pub id: String,
    /// The digits on its screen; none when it came by invitation.
    pub code: Option<String>,
    pub secret: String,
}

impl Pairing {
    /// `body` may hold `name`, `invite`, `program`.
    pub fn ask(addr: SocketAddr, body: &Value) -> Self {
        let mut visitor = Visitor::browser(addr);
        let answer = visitor.post("/api/pair", body).expect(202);
        let id = plain(&answer["id"]);
        let code = answer["code"].as_str().map(str::to_string);
        Self { visitor, id, code, secret: till::text(&answer, "secret") }
    }

    pub fn poll(&mut self) -> Reply {
        let secret = format!("Pair {}", self.secret);
        self.visitor.request("GET", "/api/pair", &[("Authorization", &secret)], None)
    }

    pub fn confirm(&self, by: &mut Visitor, body: &Value) -> Reply {
        by.post(&format!("/api/pairings/{}/confirm", self.id), body)
    }
}

/// An id as it stands in an address.
pub fn plain(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_string)
}

/// The base address and the token in the file that the server leaves for programs of its own machine.
pub fn machine_token(server: &Server) -> (String, String) {
    let path = server.dir.path().join("tillsync.local");
    let mut lines: Vec<String> = Vec::new();
    wait_until("the token file of this start", || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        lines = text.lines().map(str::to_string).collect();
        // One of an earlier start names a port that is not listened on any more.
        lines.len() >= 2 && server.ready.contains(lines[0].trim_end_matches('/'))
    });
    (lines[0].clone(), lines[1].clone())
}

/// A program on the server's own machine.
pub fn this_machine(server: &Server) -> Visitor {
    Visitor::program(server.addr, Some(machine_token(server).1))
}

/// The code that `tillsync owner` prints, or `tillsync owner --reset`.
pub fn owner_code(server: &Server, is_reset: bool) -> String {
    let body = if is_reset { json!({"reset": true}) } else { json!({}) };
    till::text(&this_machine(server).post("/api/owner/code", &body).expect(201), "code")
}

/// A shop that has an owner.
pub struct Staffed {
    pub server: Server,
    /// In his browser, logged in.
    pub owner: Visitor,
    pub owner_id: u64,
}

impl Staffed {
    pub fn open() -> Self {
        Self::of(Server::start())
    }

    /// Makes the first owner of a running shop.
    pub fn of(server: Server) -> Self {
        let code = owner_code(&server, false);
        let mut owner = Visitor::browser(server.addr);
        let body = json!({"code": code, "name": "Asha", "pin": OWNER_PIN, "device_name": "Office"});
        let made = owner.post("/api/owner", &body).expect(201);
        Self { owner_id: made["person"]["id"].as_u64().expect("an id"), server, owner }
    }

    pub fn hire(&mut self, name: &str, role: u64, pin: &str) -> u64 {
        self.hire_as(&json!({"name": name, "role": role, "pin": pin}))
    }

    pub fn hire_as(&mut self, body: &Value) -> u64 {
        self.owner.post("/api/people", body).expect(201)["id"].as_u64().expect("an id")
    }

    /// A browser that was let in; nobody is logged in there.
    pub fn device(&mut self, name: &str) -> Visitor {
        self.device_as(&json!({"name": name}))
    }

    /// The same with a role that it is limited to.
    pub fn device_as(&mut self, confirmation: &Value) -> Visitor {
        let mut pairing = Pairing::ask(self.server.addr, &json!({}));
        let mut body = confirmation.clone();
        body["code"] = json!(pairing.code);
        pairing.confirm(&mut self.owner, &body).expect(200);
        pairing.poll().expect(200);
        pairing.visitor
    }

    /// A new person, logged in on a new device that bears the same name.
    pub fn worker(&mut self, name: &str, role: u64, pin: &str) -> (u64, Visitor) {
        let person = self.hire(name, role, pin);
        let mut visitor = self.device(name);
        visitor.log_in(person, pin).expect(200);
        (person, visitor)
    }

    pub fn manager(&mut self) -> (u64, Visitor) {
        self.worker("Meena", MANAGER, MANAGER_PIN)
    }

    pub fn seller(&mut self) -> (u64, Visitor) {
        self.worker("Ravi", SELLER, SELLER_PIN)
    }

    pub fn viewer(&mut self) -> (u64, Visitor) {
        self.worker("Vik", VIEWER, VIEWER_PIN)
    }

    /// A role of the shop's own: every right that is named, seen to the full unless `cuts` says otherwise.
    pub fn role(&mut self, name: &str, rights: &[&str], cuts: &Value) -> u64 {
        let mut role = json!({
            "name": name, "rights": rights, "scope": {"estimates": "all", "orders": "all"},
            "days_back": null, "discount_max": 100, "masks": [],
        });
        for (field, value) in cuts.as_object().into_iter().flatten() {
            role[field] = value.clone();
        }
        self.owner.post("/api/roles", &role).expect(201)["id"].as_u64().expect("an id")
    }

    pub fn program(&mut self, name: &str, role: u64) -> (u64, Visitor) {
        let body = json!({"name": name, "kind": "program", "role": role});
        let answer = self.owner.post("/api/devices", &body).expect(201);
        let token = till::text(&answer, "token");
        (answer["device"]["id"].as_u64().expect("an id"), Visitor::program(self.server.addr, Some(token)))
    }

    /// An old app that was given a door; `more` may hold `person`.
    pub fn door(&mut self, name: &str, role: u64, more: &Value) -> (u64, Visitor) {
        let mut body = json!({"name": name, "kind": "door", "role": role});
        if !more["person"].is_null() {
            body["person"] = more["person"].clone();
        }
        let answer = self.owner.post("/api/devices", &body).expect(201);
        let url = till::text(&answer, "url");
        let (_, prefix) = url.split_once("/door/").unwrap_or_else(|| panic!("no door: {url}"));
        let prefix = format!("/door/{}", prefix.trim_end_matches('/'));
        let app = Visitor { prefix, ..Visitor::program(self.server.addr, None) };
        (answer["device"]["id"].as_u64().expect("an id"), app)
    }

    /// The device of this name, as the list has it.
    pub fn listed_device(&mut self, name: &str) -> Value {
        let devices = till::array(self.owner.get("/api/devices").expect(200));
        devices.into_iter().find(|device| device["name"] == name).unwrap_or_else(|| panic!("no device {name}"))
    }

    pub fn revoke(&mut self, device: &Value) {
        self.owner.delete(&format!("/api/devices/{}", plain(&device["id"]))).expect(200);
    }

    pub fn audit(&mut self, query: &str) -> Vec<Value> {
        till::array(self.owner.get(&format!("/api/audit?{query}")).expect(200))
    }
}

/// A time zone in which it is about noon, so that no day ends while a test runs.
pub fn noon_zone() -> String {
    let utc_hour = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).hour();
    let ahead = 12 - i32::from(utc_hour);
    // The names count against the sun: Etc/GMT-5 is five hours ahead.
    if ahead >= 0 { format!("Etc/GMT-{ahead}") } else { format!("Etc/GMT+{}", -ahead) }
}
