//! `GET /openapi.json`: the interface, described for programs. The text is `openapi.json`; what the code knows better is put in
//! from the code: limits, the version, and the errors that many addresses have in common.

use std::time::Duration;

use super::changes::{PAGE_BYTES_MAX, PAGE_CHANGES_DEFAULT, PAGE_CHANGES_MAX, WAIT_SECONDS_MAX};
use super::lists::FOUND_DEFAULT;
use super::people::{AUDIT_DEFAULT, AUDIT_MAX};
use super::records::HISTORY_STEPS_MAX;
use super::request::{KEY_CHARS_MAX, Request};
use super::summary::{SUMMARY_DAYS_DEFAULT, SUMMARY_DAYS_MAX};
use crate::app::{PASSWORD_CHARS, PIN_DIGITS, TRUSTED_PIN_DIGITS_MIN};
use crate::domain::{
    Currency, ITEMS_MAX, LOCK_MINUTES_DEFAULT, LOCK_MINUTES_RANGE, MADE_AGE_DAYS_MAX, MADE_AHEAD_SECONDS_MAX, Money,
    NAME_CHARS_MAX, NAMES_MAX, PaperSize, ROLES_MAX, STATUS_CHARS_MAX, TEXT_CHARS_MAX, WHOLE_UNITS_MAX,
};
use crate::live::{TAB_BYTES_MAX, WHO_MAX};
use crate::ui;
use crate::web::body::{FIELD_ERRORS_MAX, FIELDS_MAX};
use crate::web::http::{GZIP_FROM_BYTES, Response};
use crate::web::limits::{
    BODY_BYTES_MAX, BODY_TIME_MAX, HEAD_BYTES_MAX, HEAD_TIME_MAX, HEADERS_MAX, PRESENCE_MESSAGES_MAX, TARGET_BYTES_MAX,
};

const TEMPLATE: &str = include_str!("openapi.json");

/// Statuses that many addresses answer with besides their own, by the name that stands for them in the template: those of any
/// request, of one that describes its 503 itself, of one to an address that is closed to whoever is not let in, and of one that
/// changes something.
const COMMON_STATUSES: [(&str, &[u16]); 4] = [
    ("of any request", &[408, 413, 414, 417, 421, 431, 500, 501, 503, 505]),
    ("of any request but 503", &[408, 413, 414, 417, 421, 431, 500, 501, 505]),
    ("of any closed address", &[401, 403, 408, 409, 413, 414, 417, 421, 431, 500, 501, 503, 505]),
    ("of any command", &[401, 403, 408, 409, 413, 414, 417, 421, 422, 431, 500, 501, 503, 505, 507]),
];

pub(crate) fn description(request: &Request<'_>) -> Response {
    Response::json(200, describe(request.app.currency()).into_bytes())
}

fn describe(currency: Currency) -> String {
    let mut text = TEMPLATE
        .replace("{{VERSION}}", env!("CARGO_PKG_VERSION"))
        .replace("{{ASSETS}}", ui::FOLDER.as_str())
        .replace("{{CURRENCY}}", currency.code());
    for (name, statuses) in COMMON_STATUSES {
        text = text.replace(&format!(r#""errors": "{name}""#), &references(statuses));
    }
    for (name, number) in numbers(currency) {
        // As a value of its own a number stands without the quotes that keep the template JSON.
        text = text.replace(&format!("\"{{{{{name}}}}}\""), &number).replace(&format!("{{{{{name}}}}}"), &number);
    }
    text
}

fn references(statuses: &[u16]) -> String {
    let reference = |status: &u16| format!(r##""{status}": {{"$ref": "#/components/responses/{status}"}}"##);
    statuses.iter().map(reference).collect::<Vec<_>>().join(", ")
}

/// The numbers of the description under the names that they have in the code.
fn numbers(currency: Currency) -> Vec<(&'static str, String)> {
    let seconds = |time: Duration| time.as_secs().to_string();
    // An amount has fifteen digits; so many of them stand before the point.
    let amount_max = currency.to_number(i128::from(Money::MINOR_UNITS_MAX));
    let amount_digits = Money::MINOR_UNITS_MAX.to_string().len() - currency.decimals() as usize;
    vec![
        ("AMOUNT_MAX", format!("{amount_max:?}")),
        ("AMOUNT_DIGITS", amount_digits.to_string()),
        ("DECIMAL_MAX", WHOLE_UNITS_MAX.to_string()),
        ("-DECIMAL_MAX", format!("-{WHOLE_UNITS_MAX}")),
        ("U16_MAX", u16::MAX.to_string()),
        ("U32_MAX", u32::MAX.to_string()),
        ("U64_MAX", u64::MAX.to_string()),
        ("TEXT_CHARS_MAX", TEXT_CHARS_MAX.to_string()),
        ("STATUS_CHARS_MAX", STATUS_CHARS_MAX.to_string()),
        ("ITEMS_MAX", ITEMS_MAX.to_string()),
        ("FIELDS_MAX", FIELDS_MAX.to_string()),
        ("FAULTS_MAX", FIELD_ERRORS_MAX.to_string()),
        ("MADE_AGE_DAYS_MAX", MADE_AGE_DAYS_MAX.to_string()),
        ("MADE_AHEAD_SECONDS_MAX", MADE_AHEAD_SECONDS_MAX.to_string()),
        ("KEY_CHARS_MAX", KEY_CHARS_MAX.to_string()),
        ("NAMES_MAX", NAMES_MAX.to_string()),
        ("NAMES_MAX-1", (NAMES_MAX - 1).to_string()),
        ("NAME_CHARS_MAX", NAME_CHARS_MAX.to_string()),
        ("PIN_DIGITS_MIN", PIN_DIGITS.start().to_string()),
        ("TRUSTED_PIN_DIGITS_MIN", TRUSTED_PIN_DIGITS_MIN.to_string()),
        ("PIN_DIGITS_MAX", PIN_DIGITS.end().to_string()),
        ("PASSWORD_CHARS_MIN", PASSWORD_CHARS.start().to_string()),
        ("PASSWORD_CHARS_MAX", PASSWORD_CHARS.end().to_string()),
        ("ROLES_MAX", ROLES_MAX.to_string()),
        ("LOCK_MINUTES_DEFAULT", LOCK_MINUTES_DEFAULT.to_string()),
        ("LOCK_MINUTES_MAX", LOCK_MINUTES_RANGE.end().to_string()),
        ("AUDIT_ENTRIES_DEFAULT", AUDIT_DEFAULT.to_string()),
        ("AUDIT_ENTRIES_MAX", AUDIT_MAX.to_string()),
        ("PAPER_SIZES", format!("{:?}", PaperSize::ALL.map(PaperSize::name))),
        ("SUMMARY_DAYS_MAX", SUMMARY_DAYS_MAX.to_string()),
        ("SUMMARY_DAYS_DEFAULT", SUMMARY_DAYS_DEFAULT.to_string()),
        ("WHO_MAX", WHO_MAX.to_string()),
        ("TAB_BYTES_MAX", TAB_BYTES_MAX.to_string()),
        ("PRESENCE_MESSAGES_MAX", PRESENCE_MESSAGES_MAX.to_string()),
        ("HISTORY_STEPS_MAX", HISTORY_STEPS_MAX.to_string()),
        ("FOUND_DEFAULT", FOUND_DEFAULT.to_string()),
        ("PAGE_BYTES_MAX", PAGE_BYTES_MAX.to_string()),
        ("PAGE_CHANGES_DEFAULT", PAGE_CHANGES_DEFAULT.to_string()),
        ("PAGE_CHANGES_MAX", PAGE_CHANGES_MAX.to_string()),
        ("WAIT_SECONDS_MAX", WAIT_SECONDS_MAX.to_string()),
        ("GZIP_FROM_BYTES", GZIP_FROM_BYTES.to_string()),
        ("BODY_BYTES_MAX", BODY_BYTES_MAX.to_string()),
        ("HEAD_BYTES_MAX", HEAD_BYTES_MAX.to_string()),
        ("HEADERS_MAX", HEADERS_MAX.to_string()),
        ("TARGET_BYTES_MAX", TARGET_BYTES_MAX.to_string()),
        ("HEAD_TIME_MAX", seconds(HEAD_TIME_MAX)),
        ("BODY_TIME_MAX", seconds(BODY_TIME_MAX)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use tiny_http::Method;

    use super::*;
    use crate::domain::{Allowance, Right, Role, Scope};
    use crate::web::api::route;

    const METHODS: [(Method, &str); 4] =
        [(Method::Get, "get"), (Method::Post, "post"), (Method::Put, "put"), (Method::Delete, "delete")];

    fn description() -> Value {
        serde_json::from_str(&describe(Currency::INR)).unwrap()
    }

    /// Every object in a document, with the key under which it stands.
    fn visit(key: &str, value: &Value, act: &mut impl FnMut(&str, &Value)) {
        act(key, value);
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| visit(key, value, act)),
            Value::Array(elements) => elements.iter().for_each(|value| visit(key, value, act)),
            _ => {}
        }
    }

    /// A path with a name in place of each parameter, so that `/a/{id}` and `/a/{estimate_id}` are the same.
    fn shape(path: &str) -> String {
        let part = |part: &str| if part.starts_with('{') { "{}".to_string() } else { part.to_string() };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    fn described() -> BTreeSet<(String, String)> {
        let description = description();
        let mut found = BTreeSet::new();
        for (path, operations) in description["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys().filter(|key| *key != "parameters") {
                found.insert((method.clone(), shape(path)));
            }
        }
        found
    }

    fn routed() -> BTreeSet<(String, String)> {
        arms().into_iter().map(|(method, path, _)| (method, path)).collect()
    }

    /// The arms of the route table with what each needs, read as text: no compiler counts what a `match` takes.
    fn arms() -> Vec<(String, String, String)> {
        let source = include_str!("route.rs");
        let table = source.split("fn find<").nth(1).unwrap().split("_ => return None").next().unwrap();
        let lines: Vec<&str> = table.lines().map(str::trim).collect();
        // What stands behind a cargo feature is in no build for a shop.
        let arms = lines.iter().zip(lines.iter().skip(1)).filter(|(before, _)| !before.starts_with("#[cfg("));
        let arms = arms.map(|(_, arm)| *arm).filter(|line| line.starts_with('(') && !line.starts_with("(_, "));
        let mut found = Vec::new();
        for arm in arms {
            let (method, paths) = arm[1..].split_once(", ").unwrap();
            let (paths, need) = paths.split_once(") => (").unwrap();
            for path in paths.split(" | ") {
                let parts = path.trim_matches(['[', ']']).split(", ").map(|part| match part.strip_prefix('"') {
                    Some(name) => format!("/{}", name.trim_end_matches('"')),
                    None => "/{}".to_string(),
                });
                found.push((method.to_lowercase(), parts.collect(), need.to_string()));
            }
        }
        found
    }

    /// The rows of a table of the manual that stands between two marks, without those that head it.
    fn rows_of_manual(mark: &str) -> Vec<Vec<String>> {
        let page = include_str!("../../manual/people.md");
        let table = page.split(&format!("<!-- {mark} -->\n")).nth(1).unwrap();
        let table = table.split(&format!("<!-- /{mark} -->")).next().unwrap();
        let rows = table.lines().filter(|line| line.starts_with('|'));
        rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_string()).collect()).collect()
    }

    /// What a route needs, as the manual says it.
    fn who(need: &str) -> String {
        let is = |name: &str| need.starts_with(name);
        if is("Nothing,") {
            return "everybody".to_string();
        }
        if is("Device,") || is("Member,") {
            return "any person or device".to_string();
        }
        assert!(is("Right(R::") || is("AnyOf(&[R::"), "{need}");
        // Those of the need, and not of what answers.
        let rights = need.split(')').next().unwrap().split("R::").skip(1).map(|name| {
            let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
            let right = Right::ALL.into_iter().find(|right| format!("{right:?}") == name).unwrap();
            format!("`{}`", right.name())
        });
        rights.collect::<Vec<_>>().join(" or ")
    }

    #[test]
    fn the_table_of_routes_in_the_manual_is_the_code() {
        let rows = rows_of_manual("routes");
        assert_eq!(rows[0], ["Method", "Path", "Who"]);
        let told: Vec<_> = rows[2..]
            .iter()
            .map(|row| (row[0].to_lowercase(), shape(row[1].trim_matches('`')), row[2].clone()))
            .collect();
        // The same address with a slash at its end is none of its own.
        let is_told = |path: &str| path == "/" || !path.ends_with('/');
        let arms: Vec<_> = arms().into_iter().filter(|(_, path, _)| is_told(path)).collect();
        let coded: BTreeSet<_> =
            arms.iter().map(|(method, path, need)| (method.clone(), path.clone(), who(need))).collect();
        assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), coded);
        assert_eq!(told.len(), coded.len(), "a route is told twice");
    }

    /// What the roles show and how much they give, in the words of the manual.
    #[test]
    fn the_table_of_what_roles_show_in_the_manual_is_the_code() {
        fn row(what: &str, says: impl Fn(&Allowance) -> String) -> Vec<String> {
            let roles = Role::built_in();
            std::iter::once(what.to_string()).chain(roles.iter().map(|role| says(&role.allows))).collect()
        }
        let names: Vec<String> = Role::built_in().into_iter().map(|role| role.name).collect();
        let scope = |allows: &Allowance| match (allows.estimates, allows.orders) {
            (Scope::All, Scope::All) => "all".to_string(),
            (Scope::Own, Scope::Own) => "own".to_string(),
            mixed => format!("{mixed:?}"),
        };
        let discount = |allows: &Allowance| match allows.discount_max {
            _ if allows.may(Right::Discount) => "any".to_string(),
            0 => "none".to_string(),
            hundredths if hundredths % 100 == 0 => format!("up to {} %", hundredths / 100),
            hundredths => format!("up to {hundredths} hundredths of a percent"),
        };
        let masks = |allows: &Allowance| {
            let words = allows.masks.names().into_iter().map(|mask| match mask {
                "contact" => "phone and address of customers",
                other => other,
            });
            words.collect::<Vec<_>>().join(", ")
        };
        let coded = [
            row("sees the records of", scope),
            row("days back", |allows| allows.days_back.map_or("all".to_string(), |days| days.to_string())),
            row("discount without asking", discount),
            row("does not see", masks),
        ];
        let rows = rows_of_manual("role-limits");
        assert_eq!(rows[0][1..], names);
        assert_eq!(rows[2..], coded);
    }

    #[test]
    fn the_table_of_roles_in_the_manual_is_the_code() {
        let roles = Role::built_in();
        let rows = rows_of_manual("roles");
        let names = roles.iter().map(|role| role.name.clone());
        assert_eq!(rows[0], std::iter::once(String::new()).chain(names).collect::<Vec<_>>());
        let coded: Vec<Vec<String>> = Right::ALL
            .into_iter()
            .map(|right| {
                let marks = roles.iter().map(|role| if role.allows.may(right) { "✓" } else { "–" }.to_string());
                std::iter::once(format!("`{}`", right.name())).chain(marks).collect()
            })
            .collect();
        assert_eq!(rows[2..], coded);
    }

    /// Messages of `/sync`, whose schemas only its description names.
    const IN_WORDS: [&str; 10] = [
        "SyncHello",
        "SyncLive",
        "SyncAt",
        "SyncView",
        "SyncSettings",
        "SyncPresence",
        "SyncTaken",
        "SyncPresenceAnew",
        "SyncYou",
        "PresenceMessage",
    ];

    #[test]
    fn what_is_routed_is_described_and_what_is_described_is_routed() {
        assert!(routed().len() > 30, "the route table was not found");
        assert_eq!(described(), routed());
    }

    /// The same in the other way, through the table itself instead of its text: so neither reading can be wrong.
    #[test]
    fn the_table_takes_every_described_method_and_no_other() {
        for (_, path) in described() {
            let parts: Vec<&str> = path[1..].split('/').map(|part| if part == "{}" { "some" } else { part }).collect();
            for (method, name) in &METHODS {
                let is_described = described().contains(&((*name).to_string(), path.clone()));
                assert_eq!(route::find(method, &parts).is_some(), is_described, "{name} {path}");
            }
        }
    }

    #[test]
    fn everything_is_filled_in_and_every_reference_leads_somewhere() {
        let description = description();
        let mut used = BTreeSet::new();
        visit("", &description, &mut |key, value| {
            assert!(key != "errors" || !value.is_string(), "a fragment was not put in: {value}");
            if let Value::String(text) = value {
                assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
                if key == "$ref" {
                    let pointer = text.strip_prefix('#').unwrap();
                    assert!(description.pointer(pointer).is_some(), "{text}");
                    used.insert(pointer.to_string());
                }
            }
        });
        for kind in ["parameters", "headers", "requestBodies", "responses", "schemas", "examples"] {
            for name in description["components"][kind].as_object().unwrap().keys() {
                let is_told_in_words = IN_WORDS.contains(&name.as_str());
                assert!(is_told_in_words || used.contains(&format!("/components/{kind}/{name}")), "{kind}/{name}");
            }
        }
        for (name, _) in numbers(Currency::INR) {
            assert!(TEMPLATE.contains(&format!("{{{{{name}}}}}")), "nothing names {name}");
        }
    }

    /// Else a status would stand there twice, and readers would lose one of the two.
    #[test]
    fn no_address_describes_itself_what_is_put_in() {
        let template: Value = serde_json::from_str(TEMPLATE).unwrap();
        visit("", &template, &mut |key, answers| {
            let Some(fragment) = answers["errors"].as_str().filter(|_| key == "responses") else { return };
            let (_, common) = COMMON_STATUSES.iter().find(|(name, _)| *name == fragment).unwrap();
            for status in *common {
                assert!(answers.get(status.to_string()).is_none(), "{status} beside {fragment}: {answers}");
            }
        });
    }

    /// A limit that is written down here would stay when the code's changes.
    #[test]
    fn no_limit_is_written_down_twice() {
        let template: Value = serde_json::from_str(TEMPLATE).unwrap();
        visit("", &template, &mut |key, value| {
            if let ("maxLength" | "maxItems" | "maxProperties" | "maximum" | "default", Value::Number(number)) =
                (key, value)
            {
                // None, one, and a whole in per cent are no choices of ours.
                assert!([0, 1, 100].map(Some).contains(&number.as_u64()), "{key}: {number}");
            }
        });
    }

    #[test]
    fn amounts_are_those_of_the_currency() {
        let max = |code: &str| {
            let text = describe(Currency::from_code(code).unwrap());
            let description: Value = serde_json::from_str(&text).unwrap();
            description["components"]["schemas"]["Money"]["maximum"].to_string()
        };
        assert_eq!(max("INR"), "9999999999999.99");
        assert_eq!(max("JPY"), "999999999999999.0");
    }

    /// Examples are of the sample data, which the tests store in a shop.
    #[test]
    fn the_examples_are_sample_data() {
        let samples: Vec<Value> = include_str!("../../../data/sample.jsonl")
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["data"].take())
            .collect();
        for example in description()["components"]["examples"].as_object().unwrap().values() {
            assert!(samples.contains(&example["value"]), "{example}");
        }
    }
}
