//! People: who there is, on which devices, and what each may do and see. Pure: what is asked is answered from the
//! directory at hand, the same at a request's start and in the transaction that carries it out.
//!
//! `right` names what one may be allowed, `masks` are fields that are not shown, `allowance` bundles both with limits, `role` is
//! an allowance with a name, `member` is a person, a device or a session, `directory` is all of them, `permission` is what it comes to for one who
//! asks, `sight` is what he sees of the records, `masking` leaves fields out of one, and `audit` is one line of what was noted.
//!
//! Held by `tests/system/people`.

mod allowance;
mod audit;
mod directory;
mod masking;
mod masks;
mod member;
mod permission;
mod right;
mod role;
mod sight;

pub use allowance::{Allowance, PERCENT_WHOLE, Scope};
pub use audit::{AuditEntry, AuditKind, AuditNote};
pub use directory::{DEVICES_MAX, Directory, DirectoryEdit, Holder, PEOPLE_MAX, ROLES_MAX};
pub use masking::whole_edit;
pub use masks::Masks;
pub use member::{Device, DeviceKind, OwnerCode, Person, Session, TokenHash};
pub use permission::{Asker, Permission};
pub use right::{Right, Rights};
pub use role::Role;
pub use sight::{Glimpse, SeenDays, Sight, VIEW_MARK, cut, sale_by};
