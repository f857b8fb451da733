//! The stored form of records and log entries.
//!
//! A record is a fixed header for what the server itself needs, then the JSON that the API returns, so that lists are
//! joined from stored bytes. serde meets the records here and nowhere else in the store.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::StoreError;
use crate::domain::{
    Action, Currency, Discount, Estimate, Items, Kind, Money, Order, RecordKey, Sale, Source, Timestamp,
};

/// Version of the header's layout.
const LAYOUT: u8 = 1;
const FLAG_DELETED: u8 = 1;
/// Fields of the header in bytes: layout, flags, rev, seq, total, paid, linked, created, offset, items.
const HEADER_BYTES: usize = 1 + 1 + 4 + 8 + 8 + 8 + 4 + 8 + 4 + 4;

/// A record as it is stored: what the server needs of it, and its JSON.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// True for a tombstone; it has no JSON.
    pub is_deleted: bool,
    /// Revision, from 1.
    pub rev: u32,
    /// Sequence of its last change.
    pub seq: u64,
    /// Its total, in minor units.
    pub total: Money,
    /// What was paid of it, in minor units; zero for an estimate.
    pub amount_paid: Money,
    /// The order of a converted estimate, the estimate of an order that came from one.
    pub linked: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Lines.
    pub items_count: u32,
    /// The JSON object that the API returns.
    pub json: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the stored bytes.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut fields = Fields { rest: bytes, what: "record" };
        let [layout] = fields.take()?;
        if layout != LAYOUT {
            return Err(StoreError::Malformed("record"));
        }
        let [flags] = fields.take()?;
        Ok(Self {
            is_deleted: flags & FLAG_DELETED != 0,
            rev: u32::from_le_bytes(fields.take()?),
            seq: u64::from_le_bytes(fields.take()?),
            total: Money::from_minor_units(i64::from_le_bytes(fields.take()?)),
            amount_paid: Money::from_minor_units(i64::from_le_bytes(fields.take()?)),
            linked: Some(u32::from_le_bytes(fields.take()?)).filter(|&number| number != 0),
            created_at: Timestamp {
                unix_micros: i64::from_le_bytes(fields.take()?),
                offset_seconds: i32::from_le_bytes(fields.take()?),
            },
            items_count: u32::from_le_bytes(fields.take()?),
            json: fields.rest,
        })
    }

    /// Header and JSON in one piece, and where the JSON starts.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.json.len());
        bytes.push(LAYOUT);
        bytes.push(if self.is_deleted { FLAG_DELETED } else { 0 });
        bytes.extend_from_slice(&self.rev.to_le_bytes());
        bytes.extend_from_slice(&self.seq.to_le_bytes());
        bytes.extend_from_slice(&self.total.minor_units().to_le_bytes());
        bytes.extend_from_slice(&self.amount_paid.minor_units().to_le_bytes());
        bytes.extend_from_slice(&self.linked.unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&self.created_at.unix_micros.to_le_bytes());
        bytes.extend_from_slice(&self.created_at.offset_seconds.to_le_bytes());
        bytes.extend_from_slice(&self.items_count.to_le_bytes());
        bytes.extend_from_slice(self.json);
        bytes
    }
}

/// Reads fixed-size fields from the front of stored bytes.
struct Fields<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (field, rest) = self.rest.split_first_chunk().ok_or(StoreError::Malformed(self.what))?;
        self.rest = rest;
        Ok(*field)
    }

    fn take_text(&mut self) -> Result<Option<&'a str>, StoreError> {
        let length = usize::from(u16::from_le_bytes(self.take()?));
        let (text, rest) = self.rest.split_at_checked(length).ok_or(StoreError::Malformed(self.what))?;
        self.rest = rest;
        let text = std::str::from_utf8(text).map_err(|_| StoreError::Malformed(self.what))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

/// One entry of the log. The record's own state is in its table; the entry stays small.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogEntry<'a> {
    pub key: RecordKey,
    pub action: Action,
    pub at: Timestamp,
    pub by: Option<&'a str>,
    pub origin: Option<&'a str>,
}

impl<'a> LogEntry<'a> {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(LAYOUT);
        bytes.push(match self.key.kind {
            Kind::Estimate => 0,
            Kind::Order => 1,
        });
        bytes.push(match self.action {
            Action::Create => 0,
            Action::Update => 1,
            Action::Delete => 2,
            Action::ConvertToOrder => 3,
        });
        bytes.extend_from_slice(&self.key.number.to_le_bytes());
        bytes.extend_from_slice(&self.at.unix_micros.to_le_bytes());
        bytes.extend_from_slice(&self.at.offset_seconds.to_le_bytes());
        for text in [self.by, self.origin] {
            let text = text.unwrap_or_default();
            // Names and keys are at most 1,000 characters of four bytes: far below 64 KiB.
            let length = u16::try_from(text.len()).unwrap_or(0);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes().get(..usize::from(length)).unwrap_or_default());
        }
        bytes
    }

    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let mut fields = Fields { rest: bytes, what: "log entry" };
        let malformed = StoreError::Malformed("log entry");
        let [layout, kind, action] = fields.take()?;
        let kind = match (layout, kind) {
            (LAYOUT, 0) => Kind::Estimate,
            (LAYOUT, 1) => Kind::Order,
            _ => return Err(malformed),
        };
        let action = match action {
            0 => Action::Create,
            1 => Action::Update,
            2 => Action::Delete,
            3 => Action::ConvertToOrder,
            _ => return Err(malformed),
        };
        Ok(Self {
            key: RecordKey::new(kind, u32::from_le_bytes(fields.take()?)),
            action,
            at: Timestamp {
                unix_micros: i64::from_le_bytes(fields.take()?),
                offset_seconds: i32::from_le_bytes(fields.take()?),
            },
            by: fields.take_text()?,
            origin: fields.take_text()?,
        })
    }
}

/// The fields that both records share, in the order of the wire.
#[derive(Serialize, Deserialize)]
struct EstimateForm<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "_id")]
    id_too: Cow<'a, str>,
    estimate_id: Cow<'a, str>,
    estimate_number: Cow<'a, str>,
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
    total: f64,
    created_at: Cow<'a, str>,
    is_converted_to_order: bool,
    linked_order_id: Option<Cow<'a, str>>,
    linked_order_number: Option<Cow<'a, str>>,
    rev: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amounts_flagged: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct OrderForm<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "_id")]
    id_too: Cow<'a, str>,
    order_id: Cow<'a, str>,
    sale_number: Cow<'a, str>,
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
    total: f64,
    amount_paid: f64,
    payment_mode: Cow<'a, str>,
    status: Cow<'a, str>,
    created_at: Cow<'a, str>,
    source_estimate_id: Option<Cow<'a, str>>,
    source_estimate_number: Option<Cow<'a, str>>,
    is_from_estimate: bool,
    rev: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amounts_flagged: Option<Cow<'a, str>>,
}

/// `discount_amount` and `is_percentage_discount` as they stand on the wire.
fn discount_form(discount: Discount, currency: Currency) -> (f64, bool) {
    match discount {
        Discount::Percent(percent) => (percent, true),
        Discount::Amount(money) => (to_number(money, currency), false),
    }
}

fn discount_of(amount: f64, is_percentage: bool, currency: Currency) -> Discount {
    if is_percentage { Discount::Percent(amount) } else { Discount::Amount(currency.from_number(amount)) }
}

fn to_number(money: Money, currency: Currency) -> f64 {
    currency.to_number(i128::from(money.minor_units()))
}

fn items_form(items: &Items) -> Result<&RawValue, StoreError> {
    serde_json::from_str(items.json()).map_err(|_| StoreError::Malformed("list of items"))
}

fn print(form: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(form).map_err(|_| StoreError::Malformed("record"))
}

/// The JSON of an estimate.
pub(super) fn estimate_json(estimate: &Estimate, currency: Currency) -> Result<Vec<u8>, StoreError> {
    let sale = &estimate.sale;
    let id = estimate.key.id();
    let (discount_amount, is_percentage_discount) = discount_form(sale.discount, currency);
    print(&EstimateForm {
        id: id.as_str().into(),
        id_too: id.as_str().into(),
        estimate_id: id.as_str().into(),
        estimate_number: estimate.key.label().into(),
        customer_name: sale.customer_name.as_str().into(),
        customer_phone: sale.customer_phone.as_str().into(),
        customer_address: sale.customer_address.as_str().into(),
        sale_by: sale.sale_by.as_str().into(),
        items: items_form(&sale.items)?,
        subtotal: to_number(sale.subtotal, currency),
        discount_amount,
        is_percentage_discount,
        discount_percentage: sale.discount_percentage,
        total: to_number(sale.total, currency),
        created_at: estimate.created_at.to_rfc3339().into(),
        is_converted_to_order: estimate.converted_to.is_some(),
        linked_order_id: estimate.converted_to.map(|order| order.id().into()),
        linked_order_number: estimate.converted_to.map(|order| order.label().into()),
        rev: estimate.rev,
        amounts_flagged: sale.amounts_flagged.as_deref().map(Cow::from),
    })
}

/// The JSON of an order.
pub(super) fn order_json(order: &Order, currency: Currency) -> Result<Vec<u8>, StoreError> {
    let sale = &order.sale;
    let id = order.key.id();
    let (discount_amount, is_percentage_discount) = discount_form(sale.discount, currency);
    let (source_estimate_id, source_estimate_number) = match &order.source {
        Source::Direct => (None, None),
        Source::Estimate(key) => (Some(key.id()), Some(key.label())),
        Source::Unknown { id, number } => (id.clone(), number.clone()),
    };
    print(&OrderForm {
        id: id.as_str().into(),
        id_too: id.as_str().into(),
        order_id: id.as_str().into(),
        sale_number: order.key.label().into(),
        customer_name: sale.customer_name.as_str().into(),
        customer_phone: sale.customer_phone.as_str().into(),
        customer_address: sale.customer_address.as_str().into(),
        sale_by: sale.sale_by.as_str().into(),
        items: items_form(&sale.items)?,
        subtotal: to_number(sale.subtotal, currency),
        discount_amount,
        is_percentage_discount,
        discount_percentage: sale.discount_percentage,
        total: to_number(sale.total, currency),
        amount_paid: to_number(order.amount_paid, currency),
        payment_mode: order.payment_mode.as_str().into(),
        status: order.status.as_str().into(),
        created_at: order.created_at.to_rfc3339().into(),
        source_estimate_id: source_estimate_id.map(Cow::from),
        source_estimate_number: source_estimate_number.map(Cow::from),
        is_from_estimate: order.source != Source::Direct,
        rev: order.rev,
        amounts_flagged: sale.amounts_flagged.as_deref().map(Cow::from),
    })
}

/// Takes an estimate back from its stored record.
pub(super) fn estimate_from(key: RecordKey, record: &Record<'_>, currency: Currency) -> Result<Estimate, StoreError> {
    let form: EstimateForm<'_> = serde_json::from_slice(record.json).map_err(|_| StoreError::Malformed("estimate"))?;
    Ok(Estimate {
        key,
        rev: record.rev,
        created_at: record.created_at,
        converted_to: record.linked.map(|number| RecordKey::new(Kind::Order, number)),
        sale: Sale {
            customer_name: form.customer_name.into_owned(),
            customer_phone: form.customer_phone.into_owned(),
            customer_address: form.customer_address.into_owned(),
            sale_by: form.sale_by.into_owned(),
            items: Items::new(form.items.get(), record.items_count),
            subtotal: currency.from_number(form.subtotal),
            discount: discount_of(form.discount_amount, form.is_percentage_discount, currency),
            discount_percentage: form.discount_percentage,
            total: record.total,
            amounts_flagged: form.amounts_flagged.map(Cow::into_owned),
        },
    })
}

/// Takes an order back from its stored record.
pub(super) fn order_from(key: RecordKey, record: &Record<'_>, currency: Currency) -> Result<Order, StoreError> {
    let form: OrderForm<'_> = serde_json::from_slice(record.json).map_err(|_| StoreError::Malformed("order"))?;
    let source = match record.linked {
        Some(number) => Source::Estimate(RecordKey::new(Kind::Estimate, number)),
        None if form.is_from_estimate => Source::Unknown {
            id: form.source_estimate_id.map(Cow::into_owned),
            number: form.source_estimate_number.map(Cow::into_owned),
        },
        None => Source::Direct,
    };
    Ok(Order {
        key,
        rev: record.rev,
        created_at: record.created_at,
        amount_paid: record.amount_paid,
        payment_mode: form.payment_mode.into_owned(),
        status: form.status.into_owned(),
        source,
        sale: Sale {
            customer_name: form.customer_name.into_owned(),
            customer_phone: form.customer_phone.into_owned(),
            customer_address: form.customer_address.into_owned(),
            sale_by: form.sale_by.into_owned(),
            items: Items::new(form.items.get(), record.items_count),
            subtotal: currency.from_number(form.subtotal),
            discount: discount_of(form.discount_amount, form.is_percentage_discount, currency),
            discount_percentage: form.discount_percentage,
            total: record.total,
            amounts_flagged: form.amounts_flagged.map(Cow::into_owned),
        },
    })
}
