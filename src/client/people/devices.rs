//! `device`: lets programs and doors in, lists devices, and ends them.

use serde_json::{Value, json};

use super::columns::{columns, minute_of, name_of, note, print, printable, text_of};
use super::named::{id_of, role_named};
use super::shop_client::ShopClient;

/// What somebody has to know who has given a door a role that does not show everything.
const CUT_DOOR: &str = "It does not see everything: of its role and that of its person the narrower one counts. To see everything \
                        both need a role such as Manager.";

/// A device that is made here.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// What the shop calls it.
    pub name: String,
    /// The name of its role.
    pub role: String,
    /// An address for an app that cannot log in, instead of a token.
    pub is_door: bool,
    /// The name of the person for whom it acts.
    pub person: Option<String>,
}

/// Makes a program or a door, and prints its token or address, alone, so that a script can keep it.
pub fn add_device(shop: &ShopClient, device: &NewDevice) -> Result<(), String> {
    let mut body = json!({
        "name": device.name,
        "kind": if device.is_door { "door" } else { "program" },
        "role": role_named(shop, &device.role)?,
    });
    if let (Some(name), Some(body)) = (&device.person, body.as_object_mut()) {
        let person = id_of(&shop.list("/api/people")?, name, "person", "tillsync person list")?;
        body.insert("person".to_string(), person);
    }
    let answer = shop.post("/api/devices", &body)?;
    let secret = |field: &str| answer.get(field).and_then(Value::as_str).map(printable);
    let name = printable(&device.name);
    if device.is_door {
        let url = secret("url").ok_or("The answer of the server has no address.")?;
        note(&format!(
            "{name} is let in under this address; it is shown this once. Enter it in the app as its server:"
        ));
        print(&format!("{}\n", elsewhere(shop, &url)))?;
        if answer.get("is_cut").and_then(Value::as_bool) == Some(true) {
            note(CUT_DOOR);
        }
        return Ok(());
    }
    let token = secret("token").ok_or("The answer of the server has no token.")?;
    note(&format!(
        "{name} is let in with this token; it is shown this once. Give it as TILLSYNC_TOKEN, or send it as a header:"
    ));
    print(&format!("{token}\n"))
}

/// The address of a door as the other devices open it: the server has put the one there by which it was asked.
fn elsewhere(shop: &ShopClient, url: &str) -> String {
    match (shop.addresses.first(), path_of(url)) {
        (Some(address), Some(path)) => format!("{address}{path}"),
        _ => url.to_string(),
    }
}

fn path_of(url: &str) -> Option<&str> {
    let (_, host) = url.split_once("://")?;
    host.find('/').and_then(|at| host.get(at..))
}

/// Prints the devices that are let in.
pub fn list_devices(shop: &ShopClient) -> Result<(), String> {
    let row = |device: &Value| {
        [
            text_of(device, "id"),
            text_of(device, "name"),
            text_of(device, "kind"),
            name_of(device, "role"),
            name_of(device, "person"),
            minute_of(device, "last_seen"),
            text_of(device, "address"),
        ]
    };
    let rows: Vec<_> = shop.list("/api/devices")?.iter().map(row).collect();
    print(&columns(["ID", "NAME", "KIND", "ROLE", "PERSON", "LAST SEEN", "ADDRESS"], &rows))
}

/// Ends a device, by its name or its id.
pub fn revoke_device(shop: &ShopClient, device: &str) -> Result<(), String> {
    let devices = shop.list("/api/devices")?;
    let number = device.parse::<u64>().ok();
    let has_number = |id: &&Value| number.is_some() && id.as_u64() == number;
    let id = devices.iter().filter_map(|other| other.get("id")).find(has_number).cloned();
    let id = id.map_or_else(|| id_of(&devices, device, "device", "tillsync device list"), Ok)?;
    shop.delete(&format!("/api/devices/{id}"))?;
    let name = devices.iter().find(|other| other.get("id") == Some(&id)).map(|other| text_of(other, "name"));
    print(&format!("{} is out: whatever it had open has ended.\n", name.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_door_is_all_behind_the_host() {
        assert_eq!(path_of("http://127.0.0.1:43210/door/00ff"), Some("/door/00ff"));
        assert_eq!(path_of("http://127.0.0.1"), None);
    }
}
