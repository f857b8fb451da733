//! `person`: adds and lists the people of the shop.

use serde_json::{Value, json};

use super::columns::{columns, mark_of, name_of, print, text_of};
use super::named::role_named;
use super::shop_client::ShopClient;

/// Adds a person with a PIN.
pub fn add_person(shop: &ShopClient, name: &str, role: &str, pin: &str) -> Result<(), String> {
    let body = json!({ "name": name, "role": role_named(shop, role)?, "pin": pin });
    let person = shop.post("/api/people", &body)?;
    print(&format!(
        "{} can log in as {} now, with the PIN, on every device that is let in.\n",
        text_of(&person, "name"),
        name_of(&person, "role")
    ))
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
    let rows: Vec<_> = shop.list("/api/people")?.iter().map(row).collect();
    print(&columns(["ID", "NAME", "ROLE", "ACTIVE", "PIN", "PASSWORD"], &rows))
}
