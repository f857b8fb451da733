//! The answers to commands, as the app expects them (manual, page `api`). Pure: the same verdict gives the same bytes.

use crate::app::{Answer, ConversionReceipt, Outcome, Receipt, Verdict};
use crate::domain::{Currency, Kind, Money, RecordKey, ShortText};
use crate::json::{self, Object};
use crate::web::http::refusal_answer;

/// Turns what became of a command into its answer.
pub(crate) fn answer(verdict: &Verdict, currency: Currency) -> Answer {
    match verdict {
        Ok(outcome) => outcome_answer(outcome, currency),
        Err(refusal) => refusal_answer(refusal),
    }
}

fn outcome_answer(outcome: &Outcome, currency: Currency) -> Answer {
    match outcome {
        Outcome::EstimateCreated(receipt) => created(receipt, "Estimate created successfully!", currency),
        Outcome::SaleCreated(receipt) => created(receipt, "Sale completed successfully!", currency),
        Outcome::EstimateConverted(conversion) => converted(conversion, currency),
        Outcome::EstimateEdited(key, rev, json) => success(200, Some(*rev), "Estimate updated successfully!", |body| {
            body.raw("data", json);
            RecordNames::of(*key).put(body);
        }),
        Outcome::HandedOver(key, rev, json, (person, name)) => {
            success(200, Some(*rev), "Given to its new owner", |body| {
                body.raw("data", json).object("owner", |owner| {
                    owner.integer("id", u64::from(*person)).text("name", name);
                });
                RecordNames::of(*key).put(body);
            })
        }
        Outcome::EstimateDeleted => success(200, None, "Estimate deleted successfully", |_| {}),
        Outcome::OrderDeleted { with_estimate: false } => success(200, None, "Order deleted successfully", |_| {}),
        Outcome::OrderDeleted { with_estimate: true } => {
            success(200, None, "Order deleted successfully (linked estimate also deleted)", |_| {})
        }
        Outcome::SettingsSaved(rev, json) => success(200, Some(*rev), "Settings saved", |body| {
            body.raw("data", json);
        }),
        Outcome::StatusSet(status, rev) => {
            success(200, Some(*rev), &format!("Order status updated to {status}"), |body| {
                body.text("status", status);
            })
        }
    }
}

fn created(receipt: &Receipt, message: &str, currency: Currency) -> Answer {
    success(201, Some(1), message, |body| {
        let names = RecordNames::of(receipt.key);
        body.object("data", |data| {
            names.put(data);
            put_receipt(data, receipt, currency);
        });
        names.put(body);
        put_notes(body, receipt);
    })
}

fn converted(conversion: &ConversionReceipt, currency: Currency) -> Answer {
    let ConversionReceipt { order, estimate, payment_mode, amount_paid, change } = conversion;
    let change = Some(*change).filter(|change| *change != Money::default());
    success(200, Some(1), "Estimate converted to order successfully!", |body| {
        let names = RecordNames::of(order.key);
        body.object("data", |data| {
            names.put(data);
            RecordNames::of(*estimate).put(data);
            put_receipt(data, order, currency);
            data.text("payment_mode", payment_mode).number("amount_paid", to_number(*amount_paid, currency));
            data.number_if("change", change.map(|change| to_number(change, currency)));
        });
        names.put(body);
        put_notes(body, order);
    })
}

fn put_receipt(data: &mut Object<'_>, receipt: &Receipt, currency: Currency) {
    data.text("customer_name", &receipt.customer_name)
        .number("total", to_number(receipt.total, currency))
        .plain("created_at", &receipt.created_at.to_rfc3339());
}

/// What the caller should know besides, if there is anything.
fn put_notes(body: &mut Object<'_>, receipt: &Receipt) {
    if !receipt.notes.is_empty() {
        body.raw("notes", &json::to_vec(&receipt.notes));
    }
}

/// The id and the number of a record.
struct RecordNames {
    kind: Kind,
    id: ShortText,
    number: ShortText,
}

impl RecordNames {
    fn of(key: RecordKey) -> Self {
        Self { kind: key.kind, id: key.id(), number: key.label() }
    }

    /// Under the names that its kind has.
    fn put(&self, object: &mut Object<'_>) {
        let (id, number) = match self.kind {
            Kind::Estimate => ("estimate_id", "estimate_number"),
            Kind::Order => ("order_id", "sale_number"),
        };
        object.plain(id, &self.id).plain(number, &self.number);
    }
}

fn success(status: u16, rev: Option<u32>, message: &str, fill: impl FnOnce(&mut Object<'_>)) -> Answer {
    let mut bytes = Vec::with_capacity(512);
    let mut body = Object::open(&mut bytes);
    body.boolean("success", true).text("message", message);
    fill(&mut body);
    body.close();
    Answer { status, rev, body: bytes }
}

fn to_number(money: Money, currency: Currency) -> f64 {
    currency.to_number(i128::from(money.minor_units()))
}
