//! `owner`, `device`, `person` and `verify`: they ask a server of this machine over HTTP, as any program does, and print what
//! it says.
//!
//! | file | owns |
//! |---|---|
//! | `shop_client` | the HTTP calls, and the sentence about one that is refused |
//! | `first_owner` | the code of the first owner, and the sheet on which it is printed |
//! | `devices`, `persons`, `audit` | one command each for what the server lists |
//! | `named` | what a name on the command line stands for |
//! | `pin` | asks for a PIN |
//! | `columns` | lists on a terminal |
//!
//! Held by `tests/system/operations/people_commands.rs`.

mod audit;
mod columns;
mod devices;
mod first_owner;
mod named;
mod persons;
mod pin;
mod shop_client;

pub use audit::verify;
pub use devices::{NewDevice, add_device, list_devices, revoke_device};
pub use first_owner::make_owner_code;
pub use persons::{add_person, list_persons};
pub use pin::ask_pin;
pub use shop_client::{ShopClient, is_let_in_at};
