//! `owner`, `device`, `person` and `verify`, each with the shop that it is about.

use super::at_hand::with_shop;
use crate::client::people::{self, NewDevice};
use crate::config::{DeviceCommand, OwnerOptions, PersonCommand, ServeOptions, ShopFolder};

/// Makes a code for the first owner, or for one who has forgotten the PIN.
pub(super) fn owner(serving: &ServeOptions, options: OwnerOptions) -> Result<(), String> {
    with_shop(serving, options.folder, |shop| people::make_owner_code(shop, options.reset))
}

/// Lets programs and doors in, lists devices, and ends them.
pub(super) fn device(serving: &ServeOptions, command: DeviceCommand) -> Result<(), String> {
    match command {
        DeviceCommand::Add(options) => {
            let device =
                NewDevice { name: options.name, role: options.role, is_door: options.door, person: options.person };
            with_shop(serving, options.folder, |shop| people::add_device(shop, &device))
        }
        DeviceCommand::List(folder) => with_shop(serving, folder, people::list_devices),
        DeviceCommand::Revoke { device, folder } => {
            with_shop(serving, folder, |shop| people::revoke_device(shop, &device))
        }
    }
}

/// Adds and lists the people of the shop.
pub(super) fn person(serving: &ServeOptions, command: PersonCommand) -> Result<(), String> {
    match command {
        PersonCommand::Add { name, role, folder } => {
            // First the PIN: nobody types while a file is open for it.
            let pin = people::ask_pin(&name)?;
            with_shop(serving, folder, |shop| people::add_person(shop, &name, &role, &pin))
        }
        PersonCommand::List(folder) => with_shop(serving, folder, people::list_persons),
    }
}

/// Checks the audit.
pub(super) fn verify(serving: &ServeOptions, folder: ShopFolder) -> Result<(), String> {
    with_shop(serving, folder, people::verify)
}
