//! Who somebody is to the others: a person on a device, by the names that they know.

use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::{Actor, Permission};

/// What the machine of the server is called where no device has a name of its own.
const SERVERS_COMPUTER: &str = "the server's computer";

/// Somebody on a device, as the others are shown him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendee {
    id: AttendeeId,
    /// Of the person; without one, of the device.
    pub name: Arc<str>,
    /// Of the device.
    pub device: Arc<str>,
}

/// By which one attendee is told from another: person and device, or the address where the shop knows neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AttendeeId {
    actor: Actor,
    address: Option<IpAddr>,
}

impl Attendee {
    /// Who this is that connects from an address. Devices of a shop without people are called by it.
    pub fn of(permission: &Permission, address: IpAddr) -> Self {
        let Some(actor) = permission.actor() else {
            let name = if address.is_loopback() { SERVERS_COMPUTER.to_string() } else { address.to_string() };
            let name: Arc<str> = name.into();
            // Its two loopback addresses are one machine.
            let address = Some(address).filter(|address| !address.is_loopback());
            return Self { id: AttendeeId { actor: Actor::NOBODY, address }, device: Arc::clone(&name), name };
        };
        let device: Arc<str> = permission.device.as_ref().map_or("", |device| device.name.as_str()).into();
        let name = permission.person.as_ref().map_or_else(|| Arc::clone(&device), |person| person.name.as_str().into());
        Self { id: AttendeeId { actor, address: None }, name, device }
    }

    /// By which he is told from others, whatever they are called.
    pub fn id(&self) -> AttendeeId {
        self.id
    }

    /// A device of a shop without people.
    #[cfg(test)]
    pub(crate) fn nameless(host: u8) -> Arc<Self> {
        Arc::new(Self::of(&Permission::everything(), std::net::Ipv4Addr::new(192, 168, 1, host).into()))
    }

    /// The same, called otherwise.
    #[cfg(test)]
    pub(crate) fn named(host: u8, name: &str, device: &str) -> Arc<Self> {
        let (name, device) = (name.into(), device.into());
        Arc::new(Self { name, device, ..Self::clone(&Self::nameless(host)) })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn a_device_without_a_name_is_called_by_its_address_and_the_servers_own_by_what_it_is() {
        let of = |address: IpAddr| Attendee::of(&Permission::everything(), address);
        let (here, here_too) = (of(Ipv4Addr::LOCALHOST.into()), of(Ipv6Addr::LOCALHOST.into()));
        assert_eq!((&*here.name, &*here.device, &here), (SERVERS_COMPUTER, SERVERS_COMPUTER, &here_too));
        let phone = Attendee::nameless(7);
        assert_eq!((&*phone.name, &*phone.device), ("192.168.1.7", "192.168.1.7"));
        assert_ne!(phone.id, here.id);
        assert_ne!(phone.id, Attendee::nameless(8).id);
    }
}
