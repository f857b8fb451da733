//! What people call by its name on the command line, found in what the server lists.

use serde_json::Value;

use super::columns::text_of;
use super::shop_client::ShopClient;

/// The id of what has a name, in whatever case it is typed. `list` is the command that shows those there are.
pub(crate) fn id_of(items: &[Value], name: &str, what: &str, list: &str) -> Result<Value, String> {
    match ids_of(items, name).as_slice() {
        [id] => Ok((*id).clone()),
        [] => Err(format!("There is no {what} {name:?}; `{list}` shows those there are.")),
        ids => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            Err(format!("More than one {what} has the name {name:?}; their ids are {}.", ids.join(", ")))
        }
    }
}

/// The id of a role by its name; the error names those there are.
pub(crate) fn role_named(shop: &ShopClient, name: &str) -> Result<Value, String> {
    let roles = shop.list("/api/roles")?;
    if let [id] = ids_of(&roles, name).as_slice() {
        return Ok((*id).clone());
    }
    let names: Vec<String> = roles.iter().map(|role| text_of(role, "name")).collect();
    Err(format!("There is no role {name:?}; the roles are {}.", names.join(", ")))
}

fn ids_of<'a>(items: &'a [Value], name: &str) -> Vec<&'a Value> {
    items.iter().filter(|item| is_named(item, name)).filter_map(|item| item.get("id")).collect()
}

/// Whether something has a name, in whatever case it is typed.
pub(crate) fn is_named(item: &Value, name: &str) -> bool {
    let folded = |text: &str| text.trim().to_lowercase();
    item.get("name").and_then(Value::as_str).is_some_and(|own| folded(own) == folded(name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_found_in_any_case_and_a_double_one_asks_for_the_id() {
        let items =
            [json!({"id": 1, "name": "Till 1"}), json!({"id": 2, "name": "Büro"}), json!({"id": 3, "name": "büro "})];
        let of = |name| id_of(&items, name, "device", "tillsync device list");
        assert_eq!(of("till 1"), Ok(json!(1)));
        assert!(of("BÜRO").unwrap_err().ends_with("2, 3."));
        assert!(of("Till").unwrap_err().contains("`tillsync device list`"));
    }
}
