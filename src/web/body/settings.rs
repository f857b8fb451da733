//! The body that changes the shop's settings.

use super::object::{At, FieldErrors, ObjectFields, Read, Reader};
use crate::domain::{Currency, LOCK_MINUTES_RANGE, PaperSize, SettingsPatch};
use crate::web::http::Problem;

/// Reads what of the settings is to be changed. Flat keys, all optional; lists of names may be one text with commas.
pub(crate) fn read_settings_body(body: &str, currency: Currency) -> Result<SettingsPatch, Problem> {
    let fields = ObjectFields::parse(body)?;
    let mut faults = FieldErrors::new();
    let patch = read_settings(&mut Reader::new(&fields, At::Body, &mut faults, currency));
    faults.finish(patch)
}

fn read_settings(reader: &mut Reader<'_, '_>) -> Read<SettingsPatch> {
    let shop_name = reader.optional("shop_name", Reader::text);
    let shop_address = reader.optional("shop_address", Reader::text);
    let shop_phone = reader.optional("shop_phone", Reader::text);
    let tax_number = reader.optional("tax_number", Reader::text);
    let currency = reader.optional("currency", Reader::currency);
    let staff_names = reader.optional("staff_names", Reader::names);
    let payment_modes = reader.optional("payment_modes", Reader::names);
    if payment_modes.as_ref().is_ok_and(|modes| modes.as_ref().is_some_and(Vec::is_empty)) {
        reader.fault("payment_modes", "too_short", "must have at least one");
    }
    let cash_modes = reader.optional("cash_modes", Reader::names);
    let paper_size = reader.optional("paper_size", |reader, name, value| {
        let text = reader.text(name, value)?;
        PaperSize::from_name(&text).ok_or_else(|| reader.fault(name, "enum", "must be A4, 80mm or 58mm"))
    });
    let footer_line = reader.optional("footer_line", Reader::text);
    let lock_minutes = reader.optional("lock_minutes", |reader, name, value| {
        let (low, high) = (LOCK_MINUTES_RANGE.start(), LOCK_MINUTES_RANGE.end());
        let minutes = value.parse().ok().filter(|minutes| LOCK_MINUTES_RANGE.contains(minutes));
        minutes.ok_or_else(|| reader.fault(name, "int_range", format!("must be a whole number from {low} to {high}")))
    });
    Ok(SettingsPatch {
        shop_name: shop_name?,
        shop_address: shop_address?,
        shop_phone: shop_phone?,
        tax_number: tax_number?,
        currency: currency?,
        staff_names: staff_names?,
        payment_modes: payment_modes?,
        cash_modes: cash_modes?,
        paper_size: paper_size?,
        footer_line: footer_line?,
        lock_minutes: lock_minutes?,
    })
}
