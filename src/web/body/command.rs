//! What a command about a record that is there may say, in its body or its query.

use std::collections::BTreeMap;

use super::object::{At, FieldErrors, ObjectFields, Reader};
use crate::app::ShopClock;
use crate::domain::{Conversion, Currency, MadeAt, STATUS_CHARS_MAX};
use crate::web::http::{Problem, Query};

/// Reads what a conversion may say, from the body or from query parameters of the same names.
pub(crate) fn read_conversion(
    body: Option<&str>,
    query: Query<'_>,
    currency: Currency,
    clock: &ShopClock,
) -> Result<(Conversion, MadeAt), Problem> {
    let fields = ObjectFields::parse(body.unwrap_or("{}"))?;
    let mut faults = FieldErrors::new();
    let mut reader = Reader::new(&fields, At::Body, &mut faults, currency);
    let payment_mode = reader.optional("payment_mode", Reader::text);
    let sale_by = reader.optional("sale_by", Reader::text);
    let amount_paid = reader.optional("amount_paid", Reader::amount);

    // The same rules hold for the query: it becomes an object of texts.
    let mut parameters = BTreeMap::new();
    for name in ["payment_mode", "sale_by", "amount_paid"] {
        if let Some(value) = query.get(name)? {
            parameters.insert(name, value);
        }
    }
    let parameters = serde_json::to_string(&parameters).unwrap_or_default();
    let query_fields = ObjectFields::parse(&parameters)?;
    let mut reader = Reader::new(&query_fields, At::Query, &mut faults, currency);
    let conversion = (|| {
        Ok(Conversion {
            payment_mode: not_blank(payment_mode?.or(reader.optional("payment_mode", Reader::text)?)),
            sale_by: not_blank(sale_by?.or(reader.optional("sale_by", Reader::text)?)),
            amount_paid: amount_paid?.or(reader.optional("amount_paid", Reader::amount)?),
        })
    })();
    Ok((faults.finish(conversion)?, made_at(&fields, clock)))
}

/// Reads `rev` from a body that has one: the revision that the caller expects the record to have.
pub(crate) fn read_expected_rev(body: Option<&str>, currency: Currency) -> Result<Option<u32>, Problem> {
    let Some(body) = body else { return Ok(None) };
    let fields = ObjectFields::parse(body)?;
    let mut faults = FieldErrors::new();
    let rev = Reader::new(&fields, At::Body, &mut faults, currency).optional("rev", |reader, name, rev| {
        // 3.0 is the same whole number (JSON Schema, core §4.2.3).
        let text = rev.trim_matches('"');
        let whole = text.strip_suffix(".0").unwrap_or(text);
        whole.parse().map_err(|_| reader.fault(name, "int_parsing", "must be a whole number"))
    });
    faults.finish(rev)
}

/// Reads the new status of an order from either spelling of its parameter.
pub(crate) fn read_status(query: Query<'_>) -> Result<String, Problem> {
    let mut faults = FieldErrors::new();
    let status = match query.get("new_status")?.filter(|status| !status.is_empty()) {
        Some(status) => Some(status),
        None => query.get("status")?,
    };
    let status = match status {
        None => Err(faults.add(&At::Query, "new_status", "missing", "is missing")),
        Some(status) if (1..=STATUS_CHARS_MAX).contains(&status.chars().count()) => Ok(status),
        Some(_) => Err(faults.add(&At::Query, "new_status", "string_length", "must be 1 to 64 characters")),
    };
    faults.finish(status)
}

/// Reads `made_at` from a body that need not be there.
pub(crate) fn read_made_at(body: Option<&str>, clock: &ShopClock) -> Result<MadeAt, Problem> {
    Ok(made_at(&ObjectFields::parse(body.unwrap_or("{}"))?, clock))
}

/// When a command was given on a device that could not send it at once. Whatever stands there is no reason to refuse it.
pub(crate) fn made_at(fields: &ObjectFields<'_>, clock: &ShopClock) -> MadeAt {
    let Some(value) = fields.get("made_at") else { return MadeAt::Unsaid };
    let time = serde_json::from_str::<String>(value).ok().and_then(|text| clock.read(&text));
    time.map_or(MadeAt::Unreadable, MadeAt::At)
}

/// A text that says something.
pub(crate) fn not_blank(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
