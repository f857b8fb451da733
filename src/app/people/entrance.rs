//! Who is at the door: what the front asks before a request is served.

use std::sync::Arc;

use crate::app::access::{LastSeen, Presented};
use crate::app::application::App;
use crate::domain::{Asker, Device, Directory, Permission};
use crate::platform::Address;

/// In place of a device's number, for the keys of programs on the shop's own machine.
const MACHINE_KEYS: u32 = u32::MAX;

impl App {
    /// Who sends a request that shows this. A browser keeps the cookie of a session that is over; then it is the device alone, which
    /// waits for somebody. A program that shows the token of one is told to log in.
    pub fn asker(&self, presented: Presented) -> Asker {
        match (presented, self.access().asker(presented)) {
            (Presented::Cookies { .. }, Asker::Known { device, session: Some(session) })
                if self.permission(Asker::Known { device, session: Some(session) }).is_none() =>
            {
                Asker::Known { device, session: None }
            }
            (_, asker) => asker,
        }
    }

    /// What one who asks may do and see at this moment; `None` if he is to log in.
    pub fn permission(&self, asker: Asker) -> Option<Permission> {
        self.read_door().permission(asker)
    }

    /// Everybody who may come in at this moment.
    pub fn directory(&self) -> Arc<Directory> {
        self.access().directory()
    }

    /// Whether other devices than the shop's own machine are answered at all: there is an owner, or a code waits for one.
    pub fn lets_network_in(&self) -> bool {
        let directory = self.access().directory();
        directory.has_owner() || directory.owner_code().is_some_and(|code| code.is_good(false, self.run_time()))
    }

    /// Notes that a device is there.
    pub fn note_seen(&self, device: u32, from: Address) {
        self.access().note_seen(device, self.clock().now(), from);
    }

    /// When and where a device was seen last.
    pub fn seen(&self, device: u32) -> Option<LastSeen> {
        self.access().seen(device)
    }

    /// The devices that nobody has seen for a day, the longest unseen first.
    pub(super) fn unseen_devices(&self) -> Vec<u32> {
        const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;
        let now = self.clock().now().unix_micros;
        let directory = self.directory();
        let seen = |device: &Device| self.seen(device.id).map_or(device.made_at, |seen| seen.at).unix_micros;
        let mut unseen: Vec<_> = directory.devices().map(|device| (seen(device), device.id)).collect();
        unseen.retain(|(at, _)| at.abs_diff(now) > DAY_MICROS.unsigned_abs());
        unseen.sort_unstable();
        unseen.into_iter().map(|(_, id)| id).collect()
    }

    /// The device that is shown and was revoked.
    pub fn revoked_device(&self, presented: Presented) -> Option<u32> {
        match presented {
            Presented::Cookies { device, .. } => self.access().directory().revoked_device(&device),
            Presented::Nothing | Presented::Bearer(_) | Presented::Door(_) => None,
        }
    }

    /// Under which number the keys of one who asks are known: each device has its own, and programs on the shop's machine theirs from
    /// the first owner on.
    pub fn key_device(&self, asker: Asker) -> u32 {
        match asker {
            Asker::Machine if self.directory().has_owner() => MACHINE_KEYS,
            asker => asker.device(),
        }
    }

    /// Under which numbers the keys of a device may be known, besides its own: those that it had before, and none, as before the shop
    /// had people.
    pub fn earlier_devices(&self, device: u32) -> Vec<u32> {
        if device == 0 { Vec::new() } else { self.access().directory().previous_devices(device).chain([0]).collect() }
    }
}
