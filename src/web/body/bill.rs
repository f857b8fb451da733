//! The body of a bill: what a till sends to have an estimate or a sale stored, read once into a draft that needs no further
//! checks.

use serde_json::value::RawValue;

use super::command::{made_at, not_blank};
use super::compact::compact;
use super::elements::{Unlisted, each_element};
use super::object::{At, FieldErrors, ItemFields, ObjectFields, Read, Reader};
use crate::app::ShopClock;
use crate::domain::{
    Amounts, Currency, Discount, ITEMS_MAX, Items, Line, MadeAt, Micros, Order, Sale, SaleDraft, discount_percentage,
    what_does_not_add_up,
};
use crate::web::http::Problem;

/// The field of a bill with its lines.
const ITEMS: &str = "items";

/// Reads the body of "create estimate" and "edit estimate".
pub(crate) fn read_estimate_body(body: &str, currency: Currency, clock: &ShopClock) -> Result<BillBody<Sale>, Problem> {
    let fields = ObjectFields::parse(body)?;
    let mut faults = FieldErrors::new();
    let sale = read_sale(&mut Reader::new(&fields, At::Body, &mut faults, currency));
    let draft = faults.finish(sale)?;
    Ok(BillBody { draft, made_at: made_at(&fields, clock), has_client_time: fields.get("created_at").is_some() })
}

/// Reads the body of "create sale".
pub(crate) fn read_sale_body(
    body: &str,
    currency: Currency,
    clock: &ShopClock,
) -> Result<BillBody<SaleDraft>, Problem> {
    let fields = ObjectFields::parse(body)?;
    let mut faults = FieldErrors::new();
    let draft = read_sale_draft(&mut Reader::new(&fields, At::Body, &mut faults, currency));
    let draft = faults.finish(draft)?;
    Ok(BillBody { draft, made_at: made_at(&fields, clock), has_client_time: fields.get("created_at").is_some() })
}

/// A draft, and whether the client marked it with a time of its own: two such bodies that are equal are one command.
pub(crate) struct BillBody<T> {
    pub draft: T,
    pub made_at: MadeAt,
    pub has_client_time: bool,
}

fn read_sale_draft(reader: &mut Reader<'_, '_>) -> Read<SaleDraft> {
    let sale = read_sale(reader);
    let amount_paid = reader.optional("amount_paid", Reader::amount);
    let payment_mode = reader.optional("payment_mode", Reader::text);
    let source_estimate_id = reader.optional("source_estimate_id", Reader::text);
    let source_estimate_number = reader.optional("source_estimate_number", Reader::text);
    let sale = sale?;
    Ok(SaleDraft {
        amount_paid: amount_paid?.unwrap_or(sale.total),
        payment_mode: not_blank(payment_mode?).unwrap_or_else(|| Order::PAYMENT_MODE_DEFAULT.to_string()),
        source_estimate_id: not_blank(source_estimate_id?),
        source_estimate_number: not_blank(source_estimate_number?),
        sale,
    })
}

/// Every field is read before the first fault ends it, so that all faults are named at once.
fn read_sale(reader: &mut Reader<'_, '_>) -> Read<Sale> {
    let customer_name = reader.required("customer_name", Reader::text);
    if customer_name.as_deref().is_ok_and(|name| name.trim().is_empty()) {
        reader.fault("customer_name", "string_too_short", "must not be blank");
    }
    let customer_phone = reader.required("customer_phone", Reader::text);
    let customer_address = reader.required("customer_address", Reader::text);
    let sale_by = reader.required("sale_by", Reader::text);
    let items = read_items(reader);
    let subtotal = reader.required("subtotal", Reader::amount);
    let is_percentage = reader.required("is_percentage_discount", Reader::boolean);
    let discount = match is_percentage {
        Ok(true) => reader.required("discount_amount", Reader::percent).map(Discount::Percent),
        Ok(false) | Err(_) => reader.required("discount_amount", Reader::amount).map(Discount::Amount),
    };
    let percentage = reader.optional("discount_percentage", Reader::percent);
    let total = reader.required("total", Reader::amount);

    is_percentage?;
    let (items, lines) = items?;
    let (subtotal, discount, total) = (subtotal?, discount?, total?);
    let amounts = Amounts { subtotal, discount, total };
    Ok(Sale {
        customer_name: customer_name?,
        customer_phone: customer_phone?,
        customer_address: customer_address?,
        sale_by: sale_by?,
        items,
        subtotal,
        discount,
        discount_percentage: percentage?.unwrap_or_else(|| discount_percentage(subtotal, discount)),
        total,
        amounts_flagged: what_does_not_add_up(&lines, amounts, reader.currency),
    })
}

fn read_items(reader: &mut Reader<'_, '_>) -> Read<(Items, Vec<Line>)> {
    let json = reader.required(ITEMS, |_, _, json| Ok(json))?;
    let faults_before = reader.faults.count();
    let mut lines = Vec::new();
    // Most often all of them can be read, and one look is enough.
    let mut read = each_element(json, ITEMS_MAX, |index, fields| lines.push(read_item(reader, index, &fields)));
    if read == Err(Unlisted::Unreadable) {
        reader.faults.forget_since(faults_before);
        lines.clear();
        read = each_element(json, ITEMS_MAX, |index, item| lines.push(read_item_alone(reader, index, item)));
    }
    let count = match read {
        Ok(0) => return Err(reader.fault(ITEMS, "too_short", "must have at least one line")),
        Ok(count) => u32::try_from(count).unwrap_or(u32::MAX),
        Err(Unlisted::TooMany) => {
            // What is wrong with single lines is of no use to somebody who must leave most of them away.
            reader.faults.forget_since(faults_before);
            return Err(reader.fault(ITEMS, "too_long", format!("must have at most {ITEMS_MAX} lines")));
        }
        Err(Unlisted::Unreadable) => return Err(reader.fault(ITEMS, "list_type", "must be a list")),
    };
    let lines: Vec<Line> = lines.into_iter().collect::<Read<_>>()?;
    Ok((Items::new(compact(json), count), lines))
}

/// What is passed through untouched must be readable for every client: no endless nesting, no number beyond a double, no
/// half characters. An item that is not gives its own fault.
fn read_item_alone(reader: &mut Reader<'_, '_>, index: usize, item: &RawValue) -> Read<Line> {
    let json = item.get();
    match serde_json::from_str(json) {
        Ok(fields) => read_item(reader, index, &fields),
        Err(error) => {
            let (kind, msg) = if json.starts_with('{') {
                ("json_invalid", format!("cannot be passed on: {error}"))
            } else {
                ("dict_type", "must be an object".to_string())
            };
            Err(reader.faults.add(&At::Element(ITEMS, index), "", kind, msg))
        }
    }
}

fn read_item(reader: &mut Reader<'_, '_>, index: usize, ItemFields(fields): &ItemFields<'_>) -> Read<Line> {
    let mut item = Reader::new(fields, At::Element(ITEMS, index), reader.faults, reader.currency);
    let name = item.required("name", Reader::text);
    let price = item.required("price", Reader::micros);
    let quantity = item.required("quantity", Reader::micros);
    if quantity.is_ok_and(|quantity| quantity <= Micros::ZERO) {
        item.fault("quantity", "greater_than", "must be more than 0");
    }
    let discount = item.optional("discount", Reader::micros).map(Option::unwrap_or_default);
    if discount.is_ok_and(|discount| !(Micros::ZERO..=Micros::HUNDRED).contains(&discount)) {
        item.fault("discount", "percent_range", "must be between 0 and 100");
    }
    name?;
    Ok(Line { price: price?, quantity: quantity?, discount: discount? })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::TEXT_CHARS_MAX;
    use crate::web::http::{fuzz, spoilt};

    const BILL: &str = r#"{"customer_name":"Asha","customer_phone":"","customer_address":"MG Road","sale_by":"Ravi","items":[
        {"id":1,"name":"LED","price":100,"quantity":2,"discount":0,"x":{"y":[1.5,null]}},{"name":"a","price":"5","quantity":1e1}],
        "subtotal":300.0,"discount_amount":"5","is_percentage_discount":true,"discount_percentage":5,"total":285,
        "payment_mode":"UPI","amount_paid":0.5,"source_estimate_id":"EST-1","created_at":"2025","unknown":[]}"#;

    /// Whatever the body, it is a bill within all bounds that other programs can read, or refused as 400 or 422.
    #[test]
    fn any_body_is_a_bill_or_refused() {
        const TOKENS: [&str; 30] = [
            "\"",
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "null",
            "true",
            "-",
            "-1",
            "1e400",
            "1e-400",
            "9223372036854775808",
            "0",
            "NaN",
            "\\ud800",
            "\\u0000",
            "\\u202e",
            "\u{202e}",
            "\0",
            "é",
            "\"total\":1,",
            "\"items\":[]",
            "[[[[[[[[[[[[[[[[",
            "0.1",
            "\n",
            "\"price\":",
            "100000000000000000000000000000000000000000",
        ];
        let clock = ShopClock::new(jiff::tz::TimeZone::UTC);
        fuzz(20_000, &spoilt([BILL.as_bytes().to_vec()].into(), &TOKENS), |bytes| {
            let Ok(body) = std::str::from_utf8(&bytes) else { return };
            match read_sale_body(body, Currency::INR, &clock) {
                Ok(BillBody { draft, .. }) => check(&draft),
                Err(problem) => {
                    assert!([400, 422].contains(&problem.status), "{problem:?}");
                    assert_eq!(problem.faults.is_empty(), problem.status == 400, "{problem:?}");
                }
            }
        });
    }

    fn check(draft: &SaleDraft) {
        let sale = &draft.sale;
        for text in
            [&sale.customer_name, &sale.customer_phone, &sale.customer_address, &sale.sale_by, &draft.payment_mode]
        {
            assert!(text.chars().count() <= TEXT_CHARS_MAX);
        }
        for amount in [sale.subtotal, sale.total, draft.amount_paid] {
            assert!((0..=999_999_999_999_999).contains(&amount.minor_units()), "{amount:?}");
        }
        let items: Vec<Value> = serde_json::from_str(sale.items.json()).unwrap();
        assert!((1..=ITEMS_MAX).contains(&items.len()) && items.iter().all(Value::is_object));
        assert_eq!(compact(sale.items.json()), sale.items.json(), "one line, and the same again");
    }
}
