//! Who is at the door: what the front asks before a request is served.

use std::sync::Arc;

use crate::app::access::{LastSeen, Presented};
use crate::app::application::App;
use crate::domain::{Asker, Directory, Permission};
use crate::platform::Address;

impl App {
    /// Who sends a request that shows this.
    pub fn asker(&self, presented: Presented) -> Asker {
        self.access().asker(presented)
    }

    /// What one who asks may do and see at this moment; `None` if he is to log in.
    pub fn permission(&self, asker: Asker) -> Option<Permission> {
        self.access().directory().permission(asker, self.run_time())
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

    /// When and where a device was seen last, since the start.
    pub fn seen(&self, device: u32) -> Option<LastSeen> {
        self.access().seen(device)
    }

    /// The device that is shown and was revoked.
    pub fn revoked_device(&self, presented: Presented) -> Option<u32> {
        match presented {
            Presented::Cookies { device, .. } => self.access().directory().revoked_device(&device),
            Presented::Nothing | Presented::Bearer(_) | Presented::Door(_) => None,
        }
    }

    /// Under which numbers the keys of a device may be known, besides its own: those that it had before, and none, as before the shop
    /// had people.
    pub fn earlier_devices(&self, device: u32) -> Vec<u32> {
        if device == 0 { Vec::new() } else { self.access().directory().previous_devices(device).chain([0]).collect() }
    }
}
