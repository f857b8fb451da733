//! Masking: the JSON of a record, or of an answer, without what a role does not show. The values that stay are copied as they
//! stand, so that every digit is kept.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::masks::Masks;

/// The field that names what was left out.
const REDACTED: &str = "redacted";
/// The lines of a bill.
const ITEMS: &str = "items";
/// The fields of an answer that hold a record, or what is left of one.
const NESTED: [&str; 3] = ["data", "record", "current"];

/// The fields of a record that name another one.
const LINKS: [&str; 4] = ["linked_order_id", "linked_order_number", "source_estimate_id", "source_estimate_number"];
const CONTACT: [&str; 2] = ["customer_phone", "customer_address"];
/// Of a record, an answer, a list or a line.
const AMOUNTS: [&str; 19] = [
    "subtotal",
    "discount",
    "discounts",
    DISCOUNT_AMOUNT,
    IS_PERCENTAGE,
    "discount_percentage",
    "discount_type",
    "tax",
    "round_off",
    "total",
    "total_amount",
    "amount",
    "amount_paid",
    "change",
    "refunded",
    "due",
    "payments",
    "amounts_flagged",
    PRICE,
];
/// A discount's number, and whether it is a percentage: neither says anything without the other.
const DISCOUNT_AMOUNT: &str = "discount_amount";
const IS_PERCENTAGE: &str = "is_percentage_discount";
/// Of a line.
const PRICE: &str = "price";

/// A record's JSON without what is masked: the other fields in their order, and then `redacted` with the names of what was
/// left out, if anything was. `None` if the bytes are no JSON object.
pub fn masked(json: &[u8], masks: Masks) -> Option<Vec<u8>> {
    let object: RawObject<'_> = serde_json::from_slice(json).ok()?;
    serde_json::to_vec(&object.masked(masks)).ok()
}

/// The answer to a command without what is masked, on its top level and in the records that it holds. What is no JSON object
/// becomes an empty one, so that nothing is shown by mistake.
pub fn masked_answer(json: &[u8], masks: Masks, is_link_seen: bool) -> Vec<u8> {
    let Ok(mut answer) = serde_json::from_slice::<RawObject<'_>>(json) else { return b"{}".to_vec() };
    for (name, value) in &mut answer.fields {
        if NESTED.contains(&name.as_ref())
            && let RawField::Stored(raw) = *value
        {
            *value = masked_inside(raw, masks, is_link_seen);
        }
    }
    serde_json::to_vec(&answer.masked(masks)).unwrap_or_else(|_| b"{}".to_vec())
}

/// A record's JSON without the names of the record that it is linked to. `None` if the bytes are no JSON object.
pub fn unlinked(json: &[u8]) -> Option<Vec<u8>> {
    let object: RawObject<'_> = serde_json::from_slice(json).ok()?;
    serde_json::to_vec(&object.without(false, |name| LINKS.contains(&name))).ok()
}

/// The body of an edit as it is carried out for somebody who does not see everything. Amounts that he does not see he does not set
/// either: what is refused would tell him what they are.
pub fn whole_edit(body: &str, stored: &[u8], masks: Masks) -> Option<String> {
    if !masks.amounts {
        return unmasked_body(body, stored, masks);
    }
    let object: RawObject<'_> = serde_json::from_str(body).ok()?;
    let without = object.without(false, |name| AMOUNTS.contains(&name));
    unmasked_body(&serde_json::to_string(&without).ok()?, stored, masks)
}

/// The body of an edit by somebody who does not see everything: what is masked and absent comes from the stored record, and
/// what is present stays. A line takes its price and discount from the stored line of the same name, or else from the one that
/// stood at its place. `None` if either is no JSON object.
fn unmasked_body(body: &str, stored: &[u8], masks: Masks) -> Option<String> {
    let mut body: RawObject<'_> = serde_json::from_str(body).ok()?;
    let mut stored: RawObject<'_> = serde_json::from_slice(stored).ok()?;
    let is_discount_kept = masks.amounts && !body.has(DISCOUNT_AMOUNT) && stored.has(DISCOUNT_AMOUNT);
    body.fields.retain(|(name, _)| name != REDACTED && !(is_discount_kept && name == IS_PERCENTAGE));
    if masks.amounts
        && let Some(lines) = body.lines()
        && let Some(stored_lines) = stored.lines()
    {
        let lines = RawField::Objects(with_amounts(lines, &stored_lines));
        body.fields.iter_mut().filter(|(name, _)| name == ITEMS).for_each(|(_, value)| *value = lines.clone());
    }
    stored.fields.retain(|(name, _)| is_masked(name, masks) && !body.has(name));
    body.fields.append(&mut stored.fields);
    serde_json::to_string(&body).ok()
}

fn is_masked(name: &str, masks: Masks) -> bool {
    (masks.contact && CONTACT.contains(&name)) || (masks.amounts && AMOUNTS.contains(&name))
}

/// What stands under one of the [`NESTED`] names.
fn masked_inside(raw: &RawValue, masks: Masks, is_link_seen: bool) -> RawField<'_> {
    if let Ok(object) = serde_json::from_str::<RawObject<'_>>(raw.get()) {
        let object = object.masked(masks);
        RawField::Object(if is_link_seen { object } else { object.without(false, |name| LINKS.contains(&name)) })
    } else if let Ok(objects) = serde_json::from_str::<Vec<RawObject<'_>>>(raw.get()) {
        RawField::Objects(objects.into_iter().map(|object| object.masked(masks)).collect())
    } else {
        RawField::Stored(raw)
    }
}

/// The lines of a body, each with the masked fields of the stored one that it is.
fn with_amounts<'a>(mut lines: Vec<RawObject<'a>>, stored: &[RawObject<'a>]) -> Vec<RawObject<'a>> {
    let counterparts = counterparts(&lines, stored);
    let masks = Masks { amounts: true, ..Masks::default() };
    for (line, counterpart) in lines.iter_mut().zip(counterparts) {
        let Some(counterpart) = counterpart.and_then(|at| stored.get(at)) else { continue };
        line.fields.retain(|(name, _)| !is_masked(name, masks));
        let amounts = counterpart.fields.iter().filter(|(name, _)| is_masked(name, masks));
        line.fields.extend(amounts.map(|(name, value)| (name.clone(), value.clone())));
    }
    lines
}

/// Which stored line each line of a body is: the one of this name at the same place, else another of this name, else the one
/// at the same place if no other line is it. So a line that was removed or moved leaves its price with no other.
fn counterparts(lines: &[RawObject<'_>], stored: &[RawObject<'_>]) -> Vec<Option<usize>> {
    let names: Vec<_> = lines.iter().map(RawObject::line_name).collect();
    let stored_names: Vec<_> = stored.iter().map(RawObject::line_name).collect();
    let mut found: Vec<Option<usize>> =
        names.iter().enumerate().map(|(at, name)| (stored_names.get(at) == Some(name)).then_some(at)).collect();
    let mut is_free: Vec<bool> = (0..stored.len()).map(|at| found.get(at).is_none_or(Option::is_none)).collect();

    // The first of a name is taken first.
    let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
    for (at, name) in stored_names.iter().enumerate().rev().filter(|(at, _)| is_free.get(*at) == Some(&true)) {
        by_name.entry(name).or_default().push(at);
    }
    for (place, name) in found.iter_mut().zip(&names).filter(|(place, _)| place.is_none()) {
        *place = by_name.get_mut(name).and_then(Vec::pop);
        if let Some(is_free) = place.and_then(|at| is_free.get_mut(at)) {
            *is_free = false;
        }
    }
    for (at, place) in found.iter_mut().enumerate().filter(|(_, place)| place.is_none()) {
        *place = (is_free.get(at) == Some(&true)).then_some(at);
    }
    found
}

/// A JSON object taken apart on its top level.
#[derive(Clone, Default)]
struct RawObject<'a> {
    fields: Vec<(Cow<'a, str>, RawField<'a>)>,
}

/// The value of a field.
#[derive(Clone)]
enum RawField<'a> {
    /// JSON as it stands.
    Stored(&'a RawValue),
    Object(RawObject<'a>),
    Objects(Vec<RawObject<'a>>),
    Names(Vec<Cow<'a, str>>),
}

impl<'a> RawObject<'a> {
    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(own, _)| own == name)
    }

    /// The lines of a bill, if they are objects.
    fn lines(&self) -> Option<Vec<RawObject<'a>>> {
        let (_, value) = self.fields.iter().find(|(name, _)| name == ITEMS)?;
        value.objects()
    }

    /// The name of a line.
    fn line_name(&self) -> Option<String> {
        self.fields.iter().find(|(name, _)| name == "name").and_then(|(_, value)| match value {
            RawField::Stored(raw) => serde_json::from_str(raw.get()).ok(),
            RawField::Object(_) | RawField::Objects(_) | RawField::Names(_) => None,
        })
    }

    fn masked(self, masks: Masks) -> Self {
        if masks.is_none() { self } else { self.without(masks.amounts, |name| is_masked(name, masks)) }
    }

    /// Without the fields that are meant, and perhaps without the amounts of its lines.
    fn without(self, masks_lines: bool, is_left_out: impl Fn(&str) -> bool) -> Self {
        let mut redacted = Vec::new();
        let mut kept = Vec::with_capacity(self.fields.len() + 1);
        for (name, value) in self.fields {
            if name == REDACTED {
                // By an earlier mask.
                value.names().into_iter().for_each(|name| note(&mut redacted, name));
            } else if is_left_out(&name) {
                note(&mut redacted, name);
            } else if masks_lines && name == ITEMS {
                match value.objects() {
                    Some(lines) => kept.push((name, RawField::Objects(masked_lines(lines, &mut redacted)))),
                    // Of what is no line, nobody knows what it shows.
                    None => note(&mut redacted, name),
                }
            } else {
                kept.push((name, value));
            }
        }
        if !redacted.is_empty() {
            kept.push((Cow::from(REDACTED), RawField::Names(redacted)));
        }
        Self { fields: kept }
    }
}

impl<'a> RawField<'a> {
    fn objects(&self) -> Option<Vec<RawObject<'a>>> {
        match self {
            Self::Stored(raw) => serde_json::from_str(raw.get()).ok(),
            Self::Objects(objects) => Some(objects.clone()),
            Self::Object(_) | Self::Names(_) => None,
        }
    }

    fn names(self) -> Vec<Cow<'a, str>> {
        match self {
            Self::Stored(raw) => {
                let names: Vec<FieldName<'a>> = serde_json::from_str(raw.get()).unwrap_or_default();
                names.into_iter().map(|FieldName(name)| name).collect()
            }
            Self::Names(names) => names,
            Self::Object(_) | Self::Objects(_) => Vec::new(),
        }
    }
}

/// Lines without their amounts; what was left out is noted as `items.price`.
fn masked_lines<'a>(mut lines: Vec<RawObject<'a>>, redacted: &mut Vec<Cow<'a, str>>) -> Vec<RawObject<'a>> {
    // A bill has a thousand lines with the same few names.
    let mut seen: Vec<&'static str> = Vec::new();
    for line in &mut lines {
        line.fields.retain(|(name, _)| {
            let masked = AMOUNTS.into_iter().find(|amount| amount == name);
            seen.extend(masked.filter(|name| !seen.contains(name)));
            masked.is_none()
        });
    }
    for name in seen {
        note(redacted, Cow::from(format!("{ITEMS}.{name}")));
    }
    lines
}

fn note<'a>(redacted: &mut Vec<Cow<'a, str>>, name: Cow<'a, str>) {
    if !redacted.contains(&name) {
        redacted.push(name);
    }
}

/// A text that is borrowed where it has no escape.
#[derive(Deserialize)]
struct FieldName<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawObjectVisitor)
    }
}

struct RawObjectVisitor;

impl<'de> Visitor<'de> for RawObjectVisitor {
    type Value = RawObject<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(32);
        while let Some(FieldName(name)) = map.next_key()? {
            fields.push((name, RawField::Stored(map.next_value()?)));
        }
        Ok(RawObject { fields })
    }
}

impl Serialize for RawObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for RawField<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Stored(raw) => raw.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
            Self::Objects(objects) => objects.serialize(serializer),
            Self::Names(names) => names.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    use serde_json::Value;

    use super::*;

    const CONTACT_ONLY: Masks = Masks { contact: true, amounts: false };
    const AMOUNTS_ONLY: Masks = Masks { contact: false, amounts: true };
    const BOTH: Masks = Masks { contact: true, amounts: true };

    const ORDER: &str = concat!(
        r#"{"id":"ORD-1","customer_name":"Asha","customer_phone":"98 450","customer_address":"12 Main Rd","#,
        r#""items":[{"name":"Rice","price":10.500,"quantity":2,"discount":0.0},{"name":"Oil","quantity":1,"price":777.0}],"#,
        r#""subtotal":31337.00,"discount_amount":10.0,"is_percentage_discount":true,"discount_percentage":10.0,"total":42.0,"#,
        r#""amount_paid":42.0,"change":8.0,"rev":3,"amounts_flagged":"the total says 42"}"#
    );

    fn text(json: Option<Vec<u8>>) -> String {
        String::from_utf8(json.unwrap()).unwrap()
    }

    #[test]
    fn what_is_masked_is_left_out_and_named_and_the_rest_stays_as_it_stands() {
        assert_eq!(text(masked(ORDER.as_bytes(), Masks::default())), ORDER);
        let contact = text(masked(ORDER.as_bytes(), CONTACT_ONLY));
        assert!(contact.starts_with(r#"{"id":"ORD-1","customer_name":"Asha","items":[{"name":"Rice","price":10.500,"#));
        assert!(contact.ends_with(r#""the total says 42","redacted":["customer_phone","customer_address"]}"#));
        assert_eq!(
            text(masked(ORDER.as_bytes(), BOTH)),
            concat!(
                r#"{"id":"ORD-1","customer_name":"Asha","items":[{"name":"Rice","quantity":2},{"name":"Oil","quantity":1}],"rev":3,"#,
                r#""redacted":["customer_phone","customer_address","items.price","items.discount","subtotal","discount_amount","#,
                r#""is_percentage_discount","discount_percentage","total","amount_paid","change","amounts_flagged"]}"#
            )
        );
    }

    #[test]
    fn what_is_no_object_shows_nothing() {
        for json in ["", "[]", "7", r#""text""#, r#"{"a":1"#, r#"{"a":1}x"#, "\u{0}"] {
            assert_eq!(masked(json.as_bytes(), BOTH), None);
            assert_eq!(masked_answer(json.as_bytes(), BOTH, true), b"{}");
        }
        assert_eq!(masked(b"{\"a\":\"\xff\"}", BOTH), None);
        assert_eq!(text(masked(br#"{"items":[7],"a":1}"#, AMOUNTS_ONLY)), r#"{"a":1,"redacted":["items"]}"#);
    }

    #[test]
    fn names_are_found_however_they_are_written() {
        let json = br#"{"tot\u0061l":7,"items":[{"\u0070rice":7,"name":"a"}],"a\"b":1,"total":7}"#;
        assert_eq!(
            text(masked(json, AMOUNTS_ONLY)),
            r#"{"items":[{"name":"a"}],"a\"b":1,"redacted":["total","items.price"]}"#
        );
    }

    #[test]
    fn a_second_mask_keeps_what_the_first_one_named() {
        let once = masked(ORDER.as_bytes(), CONTACT_ONLY).unwrap();
        let twice = masked(&once, AMOUNTS_ONLY).unwrap();
        let names = |json: &[u8]| -> std::collections::BTreeSet<String> {
            let value: Value = serde_json::from_slice(json).unwrap();
            value["redacted"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_string()).collect()
        };
        assert_eq!(names(&twice), names(&masked(ORDER.as_bytes(), BOTH).unwrap()));
        assert_eq!(masked(&twice, BOTH).unwrap(), twice);
    }

    #[test]
    fn answers_are_masked_in_the_records_that_they_hold() {
        let receipt =
            br#"{"success":true,"data":{"order_id":"ORD-1","customer_name":"A","total":31337.0},"order_id":"ORD-1"}"#;
        assert_eq!(
            String::from_utf8(masked_answer(receipt, AMOUNTS_ONLY, true)).unwrap(),
            r#"{"success":true,"data":{"order_id":"ORD-1","customer_name":"A","redacted":["total"]},"order_id":"ORD-1"}"#
        );
        for nested in ["data", "record", "current"] {
            for (before, after) in [("", ""), ("[", "]")] {
                let answer = format!(r#"{{"detail":"x","{nested}":{before}{ORDER}{after},"total":31337}}"#);
                let shown = String::from_utf8(masked_answer(answer.as_bytes(), BOTH, true)).unwrap();
                assert!(["31337", "777", "98 450", "Main"].iter().all(|secret| !shown.contains(secret)), "{shown}");
                assert!(shown.contains("Rice") && shown.ends_with(r#""redacted":["total"]}"#), "{shown}");
            }
        }
        let plain = br#"{"success":true,"message":"Settings saved","data":{"shop_name":"X"},"record":7}"#;
        assert_eq!(masked_answer(plain, BOTH, true), plain);
    }

    #[test]
    fn an_edit_keeps_what_its_person_does_not_see() {
        let body = r#"{"customer_name":"Asha","items":[{"name":"Rice","quantity":5},{"name":"Oil","quantity":1,"price":1}],"total":50,"redacted":["subtotal"]}"#;
        assert_eq!(
            unmasked_body(body, ORDER.as_bytes(), BOTH).unwrap(),
            concat!(
                r#"{"customer_name":"Asha","items":[{"name":"Rice","quantity":5,"price":10.500,"discount":0.0},{"name":"Oil","quantity":1,"price":777.0}],"#,
                r#""total":50,"customer_phone":"98 450","customer_address":"12 Main Rd","subtotal":31337.00,"discount_amount":10.0,"#,
                r#""is_percentage_discount":true,"discount_percentage":10.0,"amount_paid":42.0,"change":8.0,"amounts_flagged":"the total says 42"}"#
            )
        );
        assert_eq!(unmasked_body(r#"{"a":1}"#, ORDER.as_bytes(), Masks::default()).unwrap(), r#"{"a":1}"#);
        assert_eq!(unmasked_body("[]", ORDER.as_bytes(), BOTH), None);
        assert_eq!(unmasked_body("{}", b"", BOTH), None);
        // Who sees no amounts may send contacts, and the other way round.
        let body = unmasked_body(r#"{"customer_phone":"1"}"#, ORDER.as_bytes(), CONTACT_ONLY).unwrap();
        assert_eq!(body, r#"{"customer_phone":"1","customer_address":"12 Main Rd"}"#);
        // A percentage does not become an amount of money.
        let body = unmasked_body(r#"{"is_percentage_discount":false}"#, ORDER.as_bytes(), AMOUNTS_ONLY).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["is_percentage_discount"], true);
        assert_eq!(body.matches("is_percentage").count(), 1);
    }

    /// The prices that lines of these names get; -1 for none.
    fn prices(stored: &[&str], edited: &[&str]) -> Vec<i64> {
        let lines: Vec<_> =
            (0..).zip(stored).map(|(price, name)| format!(r#"{{"name":"{name}","price":{price}}}"#)).collect();
        let edited: Vec<_> = edited.iter().map(|name| format!(r#"{{"name":"{name}"}}"#)).collect();
        let [stored, body] = [lines, edited].map(|lines| format!(r#"{{"items":[{}]}}"#, lines.join(",")));
        let body: Value =
            serde_json::from_str(&unmasked_body(&body, stored.as_bytes(), AMOUNTS_ONLY).unwrap()).unwrap();
        body["items"].as_array().unwrap().iter().map(|line| line["price"].as_i64().unwrap_or(-1)).collect()
    }

    #[test]
    fn a_line_keeps_its_own_price_when_others_are_removed_moved_or_renamed() {
        assert_eq!(prices(&["a", "b", "c"], &["a", "b", "c"]), [0, 1, 2]);
        assert_eq!(prices(&["a", "b", "c"], &["b", "c"]), [1, 2]);
        assert_eq!(prices(&["a", "b", "c"], &["c", "a", "b"]), [2, 0, 1]);
        assert_eq!(prices(&["a", "b", "c"], &["a", "new name", "c"]), [0, 1, 2]);
        assert_eq!(prices(&["a", "a", "b"], &["a", "b"]), [0, 2]);
        assert_eq!(prices(&["a"], &["a", "a"]), [0, -1]);
        assert_eq!(prices(&["a", "b"], &["new", "a", "b"]), [-1, 0, 1]);
    }

    /// Goal: nothing masked is shown, whatever a till has stored. Method: random records, in which all that is masked is a
    /// needle and nothing else is; and what was left out comes back by an edit that changes nothing.
    #[test]
    fn no_needle_is_shown_and_an_edit_restores_it() {
        let any_name = proptest::sample::select(vec![
            "name",
            "note",
            "customer_phone",
            "total",
            "price",
            "tax",
            "rev",
            "discount",
        ]);
        let any_line = vec((any_name.clone(), 0..10_u32), 0..6);
        let any_record = (vec((any_name, 0..10_u32), 0..10), vec(any_line, 0..5));
        let value_of = |name: &str, number: u32| {
            let kind = if is_masked(name, BOTH) { "needle" } else { "shown" };
            format!(r#""{kind}{number}""#)
        };
        let object_of = |fields: &[(&str, u32)], more: Option<String>| {
            let mut seen = std::collections::BTreeSet::new();
            let fields = fields.iter().filter(|(name, _)| seen.insert(*name));
            let fields = fields.map(|(name, number)| format!(r#""{name}":{}"#, value_of(name, *number)));
            format!("{{{}}}", fields.chain(more).collect::<Vec<_>>().join(","))
        };
        let config = Config { cases: 2_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&any_record, |(fields, lines)| {
                // No contact in a line.
                let lines: Vec<_> = lines
                    .iter()
                    .map(|line| line.iter().copied().filter(|(name, _)| *name != "customer_phone").collect::<Vec<_>>())
                    .map(|line| object_of(&line, None))
                    .collect();
                let record = object_of(&fields, Some(format!(r#""items":[{}]"#, lines.join(","))));
                let shown = text(masked(record.as_bytes(), BOTH));
                prop_assert!(!shown.contains("needle"), "{}", shown);
                prop_assert_eq!(shown.contains("redacted"), record.contains("needle"));
                let again = unmasked_body(&shown, record.as_bytes(), BOTH).unwrap();
                let [again, record]: [Value; 2] = [&again, &record].map(|json| serde_json::from_str(json).unwrap());
                prop_assert_eq!(again.as_object().unwrap().len(), record.as_object().unwrap().len());
                for (name, value) in record.as_object().unwrap().iter().filter(|(name, _)| *name != "items") {
                    prop_assert_eq!(&again[name], value);
                }
                for (again, line) in again["items"].as_array().unwrap().iter().zip(record["items"].as_array().unwrap())
                {
                    // Two lines may have one name and different other fields; each has a name's amounts.
                    prop_assert_eq!(&again["name"], &line["name"]);
                }
                Ok(())
            })
            .unwrap();
    }
}
