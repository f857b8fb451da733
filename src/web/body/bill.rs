//! The body of a bill: what a till sends to have an estimate or a sale stored, read once into a draft that needs no further
//! checks.

use serde_json::value::RawValue;

use super::command::{made_at, not_blank};
use super::compact::compact;
use super::elements::{Unlisted, each_element};
use super::object::{At, FieldErrors, ItemFields, ObjectFields, Read, Reader};
use super::plain_bill::PlainBill;
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
    plain_body(body, clock, |bill| bill.sale(currency))
        .map_or_else(|| read_by_field(body, currency, clock, read_sale), Ok)
}

/// Reads the body of "create sale".
pub(crate) fn read_sale_body(
    body: &str,
    currency: Currency,
    clock: &ShopClock,
) -> Result<BillBody<SaleDraft>, Problem> {
    plain_body(body, clock, |bill| bill.sale_draft(currency))
        .map_or_else(|| read_by_field(body, currency, clock, read_sale_draft), Ok)
}

/// A draft, and whether the client marked it with a time of its own: two such bodies that are equal are one command.
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) struct BillBody<T> {
    pub draft: T,
    pub made_at: MadeAt,
    pub has_client_time: bool,
}

/// The fast path: what almost every body is. `None` leaves it to [`read_by_field`] whether something is wrong.
fn plain_body<T>(
    body: &str,
    clock: &ShopClock,
    draft: impl FnOnce(&PlainBill<'_>) -> Option<T>,
) -> Option<BillBody<T>> {
    let bill = PlainBill::read(body)?;
    let made_at = bill.made_at(clock)?;
    Some(BillBody { draft: draft(&bill)?, made_at, has_client_time: bill.has_client_time() })
}

/// The long way: any body, and every fault of one that is refused.
fn read_by_field<T>(
    body: &str,
    currency: Currency,
    clock: &ShopClock,
    read: impl FnOnce(&mut Reader<'_, '_>) -> Read<T>,
) -> Result<BillBody<T>, Problem> {
    let fields = ObjectFields::parse(body)?;
    let mut faults = FieldErrors::new();
    let draft = read(&mut Reader::new(&fields, At::Body, &mut faults, currency));
    let draft = faults.finish(draft)?;
    Ok(BillBody { draft, made_at: made_at(&fields, clock), has_client_time: fields.get("created_at").is_some() })
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
mod instructions;
#[cfg(test)]
mod tests;
