//! `person`: adds and lists the people of the shop.

use serde_json::{Value, json};

use super::columns::{columns, mark_of, name_of, note, print, text_of};
use super::named::{is_named, role_named};
use super::shop_client::ShopClient;

/// Adds a person with a PIN.
pub fn add_person(shop: &ShopClient, name: &str, role: &str, pin: &str) -> Result<(), String> {
    let role = role_named(shop, role)?;
    if let Some(same) = shop.list("/api/people")?.iter().find(|person| is_named(person, name)) {
        return Err(format!("There is already a person \"{}\".", text_of(same, "name")));
    }
    let person = shop.post("/api/people", &json!({ "name": name, "role": role, "pin": pin }))?;
    let (name, role) = (text_of(&person, "name"), name_of(&person, "role"));
    let has_owner = shop.get("/api/me")?.get("has_owner").and_then(Value::as_bool) == Some(true);
    print(&if has_owner {
        format!("{name} can log in as {role} now, with the PIN, on every device that is let in.\n")
    } else {
        format!("{name} is added as {role}. Nobody logs in before the shop has an owner: `tillsync owner` makes one.\n")
    })
}

/// Prints the people of the shop.
pub fn list_persons(shop: &ShopClient) -> Result<(), String> {
    let row = |person: &Value| {
        [
            text_of(person, "id"),
            text_of(person, "name"),
            name_of(person, "role"),
            mark_of(person, "is_active"),
            mark_of(person, "has_pin"),
            mark_of(person, "has_password"),
        ]
    };
    let people = shop.list("/api/people")?;
    let rows: Vec<_> = people.iter().map(row).collect();
    print(&columns(["ID", "NAME", "ROLE", "ACTIVE", "PIN", "PASSWORD"], &rows))?;
    let has = |person: &Value, field: &str| person.get(field).and_then(Value::as_bool) == Some(true);
    for person in people.iter().filter(|person| !has(person, "has_pin") && !has(person, "has_password")) {
        note(&format!("{} cannot log in yet: no PIN and no password.", text_of(person, "name")));
    }
    Ok(())
}
