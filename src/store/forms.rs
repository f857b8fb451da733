//! The JSON of records. serde meets them here and nowhere else in the store.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::StoreError;
use super::record::Record;
use crate::domain::{Currency, Discount, Estimate, Items, Kind, Money, Order, RecordKey, Sale, Source};

/// A record as the API shows it, in the order of the wire: its own first fields, those of every [`Sale`], its own last ones.
macro_rules! record_form {
    ($form:ident { $($first:ident),* } { $($(#[$meta:meta])* $last:ident: $type:ty),* $(,)? }) => {
        #[derive(Serialize, Deserialize)]
        struct $form<'a> {
            id: Cow<'a, str>,
            #[serde(rename = "_id")]
            id_too: Cow<'a, str>,
            $($first: Cow<'a, str>,)*
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
            total: f64,
            $($(#[$meta])* $last: $type,)*
            rev: u32,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            amounts_flagged: Option<Cow<'a, str>>,
        }

        impl $form<'_> {
            fn into_sale(self, record: &Record<'_>, currency: Currency) -> Sale {
                Sale {
                    customer_name: self.customer_name.into_owned(),
                    customer_phone: self.customer_phone.into_owned(),
                    customer_address: self.customer_address.into_owned(),
                    sale_by: self.sale_by.into_owned(),
                    items: Items::new(self.items.get(), record.items_count),
                    subtotal: currency.from_number(self.subtotal),
                    discount: if self.is_percentage_discount {
                        Discount::Percent(self.discount_amount)
                    } else {
                        Discount::Amount(currency.from_number(self.discount_amount))
                    },
                    discount_percentage: self.discount_percentage,
                    total: record.total,
                    amounts_flagged: self.amounts_flagged.map(Cow::into_owned),
                }
            }
        }
    };
}

record_form!(EstimateForm { estimate_id, estimate_number } {
    created_at: Cow<'a, str>,
    is_converted_to_order: bool,
    linked_order_id: Option<Cow<'a, str>>,
    linked_order_number: Option<Cow<'a, str>>,
});

record_form!(OrderForm { order_id, sale_number } {
    amount_paid: f64,
    payment_mode: Cow<'a, str>,
    status: Cow<'a, str>,
    created_at: Cow<'a, str>,
    source_estimate_id: Option<Cow<'a, str>>,
    source_estimate_number: Option<Cow<'a, str>>,
    is_from_estimate: bool,
});

/// Fills a form from a record: the fields of its [`Sale`] are the same for both.
macro_rules! fill_form {
    ($form:ident, $record:expr, $currency:expr, $id:ident, $label:ident; $($last:ident: $value:expr),* $(,)?) => {{
        let (record, currency): (_, Currency) = ($record, $currency);
        let (sale, id) = (&record.sale, record.key.id());
        let (discount_amount, is_percentage_discount) = match sale.discount {
            Discount::Percent(percent) => (percent, true),
            Discount::Amount(money) => (to_number(money, currency), false),
        };
        print(&$form {
            id: id.as_str().into(),
            id_too: id.as_str().into(),
            $id: id.as_str().into(),
            $label: record.key.label().into(),
            customer_name: sale.customer_name.as_str().into(),
            customer_phone: sale.customer_phone.as_str().into(),
            customer_address: sale.customer_address.as_str().into(),
            sale_by: sale.sale_by.as_str().into(),
            items: serde_json::from_str(sale.items.json()).map_err(|_| StoreError::Malformed("list of items"))?,
            subtotal: to_number(sale.subtotal, currency),
            discount_amount,
            is_percentage_discount,
            discount_percentage: sale.discount_percentage,
            total: to_number(sale.total, currency),
            $($last: $value,)*
            rev: record.rev,
            amounts_flagged: sale.amounts_flagged.as_deref().map(Cow::from),
        })
    }};
}

/// The JSON of an estimate.
pub(super) fn estimate_json(estimate: &Estimate, currency: Currency) -> Result<Vec<u8>, StoreError> {
    fill_form!(EstimateForm, estimate, currency, estimate_id, estimate_number;
        created_at: estimate.created_at.to_rfc3339().into(),
        is_converted_to_order: estimate.converted_to.is_some(),
        linked_order_id: estimate.converted_to.map(|order| order.id().into()),
        linked_order_number: estimate.converted_to.map(|order| order.label().into()),
    )
}

/// The JSON of an order.
pub(super) fn order_json(order: &Order, currency: Currency) -> Result<Vec<u8>, StoreError> {
    let (source_id, source_number) = match &order.source {
        Source::Direct => (None, None),
        Source::Estimate(key) => (Some(key.id()), Some(key.label())),
        Source::Unknown { id, number } => (id.clone(), number.clone()),
    };
    fill_form!(OrderForm, order, currency, order_id, sale_number;
        amount_paid: to_number(order.amount_paid, currency),
        payment_mode: order.payment_mode.as_str().into(),
        status: order.status.as_str().into(),
        created_at: order.created_at.to_rfc3339().into(),
        source_estimate_id: source_id.map(Cow::from),
        source_estimate_number: source_number.map(Cow::from),
        is_from_estimate: order.source != Source::Direct,
    )
}

/// Takes an estimate back from its stored record.
pub(super) fn estimate_from(key: RecordKey, record: &Record<'_>, currency: Currency) -> Result<Estimate, StoreError> {
    let form: EstimateForm<'_> = parse(record, "estimate")?;
    Ok(Estimate {
        key,
        rev: record.rev,
        created_at: record.created_at,
        converted_to: record.linked.map(|number| RecordKey::new(Kind::Order, number)),
        sale: form.into_sale(record, currency),
    })
}

/// Takes an order back from its stored record.
pub(super) fn order_from(key: RecordKey, record: &Record<'_>, currency: Currency) -> Result<Order, StoreError> {
    let form: OrderForm<'_> = parse(record, "order")?;
    let source = match record.linked {
        Some(number) => Source::Estimate(RecordKey::new(Kind::Estimate, number)),
        None if form.is_from_estimate => Source::Unknown {
            id: form.source_estimate_id.as_deref().map(str::to_string),
            number: form.source_estimate_number.as_deref().map(str::to_string),
        },
        None => Source::Direct,
    };
    Ok(Order {
        key,
        rev: record.rev,
        created_at: record.created_at,
        amount_paid: record.amount_paid,
        payment_mode: form.payment_mode.to_string(),
        status: form.status.to_string(),
        source,
        sale: form.into_sale(record, currency),
    })
}

fn parse<'a, T: Deserialize<'a>>(record: &Record<'a>, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_slice(record.json).map_err(|_| StoreError::Malformed(what))
}

fn print(form: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(form).map_err(|_| StoreError::Malformed("record"))
}

fn to_number(money: Money, currency: Currency) -> f64 {
    currency.to_number(i128::from(money.minor_units()))
}
