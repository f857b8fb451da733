//! Names that people give: to persons, roles and devices.

use super::refusal::AccessRefusal;
use crate::domain::NAME_CHARS_MAX;

/// A name for a person, a role or a device.
pub(super) fn checked_name(name: &str) -> Result<String, AccessRefusal> {
    let is_too_long = name.chars().count() > NAME_CHARS_MAX;
    let name = name.trim();
    if name.is_empty() || is_too_long || name.contains(char::is_control) {
        let why = format!("must be 1 to {NAME_CHARS_MAX} characters");
        return Err(AccessRefusal::Invalid("name", why));
    }
    Ok(name.to_string())
}
