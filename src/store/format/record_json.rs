//! The JSON of records: how they are written, and how they are read back.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::record::Record;
use crate::domain::{
    Actor, Currency, Discount, Estimate, Items, Kind, Money, Order, Ownership, RecordKey, Sale, Source, Timestamp,
};
use crate::json::Object;
use crate::store::error::StoreError;

/// Room for the fixed part of a record's JSON.
const JSON_BYTES: usize = 1_024;

/// Puts the JSON of an estimate behind what is there already.
pub(crate) fn push_estimate(bytes: &mut Vec<u8>, estimate: &Estimate, currency: Currency) {
    let order = estimate.converted_to;
    bytes.reserve(JSON_BYTES + estimate.sale.items.json().len());
    let mut object = Object::open(bytes);
    put_names(&mut object, estimate.key, "estimate_id", "estimate_number");
    put_sale(&mut object, &estimate.sale, currency);
    object
        .plain("created_at", &estimate.created_at.to_rfc3339())
        .plain_if("made_at", made_at(estimate.made_at).as_deref())
        .boolean("is_converted_to_order", order.is_some())
        .text_or_null("linked_order_id", order.map(RecordKey::id).as_deref())
        .text_or_null("linked_order_number", order.map(RecordKey::label).as_deref());
    put_end(&mut object, estimate.rev, &estimate.sale, estimate.owner.as_ref());
    object.close();
}

/// Puts the JSON of an order behind what is there already.
pub(crate) fn push_order(bytes: &mut Vec<u8>, order: &Order, currency: Currency) {
    let (source_id, source_number) = match &order.source {
        Source::Direct => (None, None),
        Source::Estimate(key) => (Some(Cow::from(key.id().to_string())), Some(Cow::from(key.label().to_string()))),
        Source::Unknown { id, number } => (id.as_deref().map(Cow::from), number.as_deref().map(Cow::from)),
    };
    let change = Some(order.change).filter(|change| *change != Money::default());
    let change = change.map(|change| to_number(change, currency));
    bytes.reserve(JSON_BYTES + order.sale.items.json().len());
    let mut object = Object::open(bytes);
    put_names(&mut object, order.key, "order_id", "sale_number");
    put_sale(&mut object, &order.sale, currency);
    object
        .number("amount_paid", to_number(order.amount_paid, currency))
        .number_if("change", change)
        .text("payment_mode", &order.payment_mode)
        .text("status", &order.status)
        .plain("created_at", &order.created_at.to_rfc3339())
        .plain_if("made_at", made_at(order.made_at).as_deref())
        .text_or_null("source_estimate_id", source_id.as_deref())
        .text_or_null("source_estimate_number", source_number.as_deref())
        .boolean("is_from_estimate", order.source != Source::Direct);
    put_end(&mut object, order.rev, &order.sale, order.owner.as_ref());
    object.close();
}

fn made_at(made_at: Option<Timestamp>) -> Option<String> {
    made_at.map(Timestamp::to_rfc3339)
}

fn put_names(object: &mut Object<'_>, key: RecordKey, id_name: &str, label_name: &str) {
    let id = key.id();
    object.plain("id", &id).plain("_id", &id).plain(id_name, &id).plain(label_name, &key.label());
}

fn put_sale(object: &mut Object<'_>, sale: &Sale, currency: Currency) {
    let (discount_amount, is_percentage) = match sale.discount {
        Discount::Percent(percent) => (percent, true),
        Discount::Amount(money) => (to_number(money, currency), false),
    };
    object
        .text("customer_name", &sale.customer_name)
        .text("customer_phone", &sale.customer_phone)
        .text("customer_address", &sale.customer_address)
        .text("sale_by", &sale.sale_by)
        .raw("items", sale.items.json().as_bytes())
        .number("subtotal", to_number(sale.subtotal, currency))
        .number("discount_amount", discount_amount)
        .boolean("is_percentage_discount", is_percentage)
        .number("discount_percentage", sale.discount_percentage)
        .number("total", to_number(sale.total, currency));
}

fn put_end(object: &mut Object<'_>, rev: u32, sale: &Sale, owner: Option<&Ownership>) {
    object.integer("rev", u64::from(rev)).text_if("amounts_flagged", sale.amounts_flagged.as_deref());
    if let Some(Ownership { actor, name: Some(name) }) = owner {
        object.object("owner", |owner| {
            owner.integer("id", u64::from(actor.person)).text("name", name);
        });
    }
}

/// What is read back of either record; all else is in the header or follows from it.
#[derive(Deserialize)]
struct SaleForm<'a> {
    #[serde(borrow)]
    customer_name: Cow<'a, str>,
    customer_phone: Cow<'a, str>,
    customer_address: Cow<'a, str>,
    sale_by: Cow<'a, str>,
    #[serde(borrow)]
    items: &'a RawValue,
    subtotal: f64,
    discount_amount: f64,
    is_percentage_discount: bool,
    discount_percentage: f64,
    amounts_flagged: Option<String>,
    owner: Option<OwnerForm>,
}

/// The person whose it is.
#[derive(Deserialize)]
struct OwnerForm {
    name: String,
}

/// What is read back of an order besides.
#[derive(Deserialize)]
struct OrderForm {
    change: Option<f64>,
    payment_mode: String,
    status: String,
    source_estimate_id: Option<String>,
    source_estimate_number: Option<String>,
    is_from_estimate: bool,
}

/// Takes an estimate back from its stored record.
pub(crate) fn estimate_from(key: RecordKey, record: &Record<'_>, currency: Currency) -> Result<Estimate, StoreError> {
    let (sale, owner) = sale_from(record, currency)?;
    Ok(Estimate {
        key,
        rev: record.rev,
        created_at: record.created_at,
        made_at: record.made_at,
        converted_to: record.linked.map(|number| RecordKey::new(Kind::Order, number)),
        owner,
        sale,
    })
}

/// Takes an order back from its stored record.
pub(crate) fn order_from(key: RecordKey, record: &Record<'_>, currency: Currency) -> Result<Order, StoreError> {
    let form: OrderForm = serde_json::from_slice(record.json).map_err(|_| StoreError::Malformed("order"))?;
    let source = match record.linked {
        Some(number) => Source::Estimate(RecordKey::new(Kind::Estimate, number)),
        None if form.is_from_estimate => {
            Source::Unknown { id: form.source_estimate_id, number: form.source_estimate_number }
        }
        None => Source::Direct,
    };
    let (sale, owner) = sale_from(record, currency)?;
    Ok(Order {
        key,
        rev: record.rev,
        created_at: record.created_at,
        made_at: record.made_at,
        amount_paid: record.amount_paid,
        change: form.change.map_or_else(Money::default, |change| currency.from_number(change)),
        payment_mode: form.payment_mode,
        status: form.status,
        source,
        owner,
        sale,
    })
}

/// The bill, and whose it is.
fn sale_from(record: &Record<'_>, currency: Currency) -> Result<(Sale, Option<Ownership>), StoreError> {
    let form: SaleForm<'_> = serde_json::from_slice(record.json).map_err(|_| StoreError::Malformed("record"))?;
    let name = form.owner.map(|owner| owner.name);
    let owner = record.owner.map(|actor: Actor| Ownership { actor, name });
    let sale = Sale {
        customer_name: form.customer_name.into_owned(),
        customer_phone: form.customer_phone.into_owned(),
        customer_address: form.customer_address.into_owned(),
        sale_by: form.sale_by.into_owned(),
        items: Items::new(form.items.get(), record.items_count),
        subtotal: currency.from_number(form.subtotal),
        discount: if form.is_percentage_discount {
            Discount::Percent(form.discount_amount)
        } else {
            Discount::Amount(currency.from_number(form.discount_amount))
        },
        discount_percentage: form.discount_percentage,
        total: record.total,
        amounts_flagged: form.amounts_flagged,
    };
    Ok((sale, owner))
}

fn to_number(money: Money, currency: Currency) -> f64 {
    currency.to_number(i128::from(money.minor_units()))
}
