//! `verify`: whether the audit is as it was written.

use serde_json::Value;

use super::columns::{print, text_of};
use super::shop_client::ShopClient;

/// Lets the server go through the audit's chain of hashes. What is not whole is an error.
pub fn verify(shop: &ShopClient) -> Result<(), String> {
    let answer = shop.get("/api/audit/verify")?;
    if answer.get("is_whole").and_then(Value::as_bool) != Some(true) {
        let place = match answer.get("broken_at").filter(|place| !place.is_null()) {
            Some(place) => format!("from place {place} on"),
            None => "at its end".to_string(),
        };
        return Err(format!(
            "The audit is not as it was written, {place}: something in it was changed or is missing. Keep a copy of the data \
             folder, and compare it with a backup."
        ));
    }
    print(&format!("The audit is whole: {} entries, head {}\n", text_of(&answer, "entries"), text_of(&answer, "head")))
}
