//! The answers to commands, as the app expects them (CONTRACT §3). Pure: the same verdict gives the same bytes.

use serde::Serialize;
use serde_json::value::RawValue;

use super::problem::refusal_answer;
use crate::app::{Answer, ConversionReceipt, Outcome, Receipt, Verdict};
use crate::domain::{Currency, Kind, Money};

#[derive(Serialize)]
struct Body<'a, D> {
    success: bool,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<D>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
}

#[derive(Serialize)]
struct ReceiptData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sale_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate_number: Option<&'a str>,
    customer_name: &'a str,
    total: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_mode: Option<&'a str>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_paid: Option<f64>,
}

impl<'a, D> Body<'a, D> {
    fn message(message: &'a str) -> Self {
        Self {
            success: true,
            message,
            data: None,
            estimate_id: None,
            estimate_number: None,
            order_id: None,
            sale_number: None,
            status: None,
        }
    }
}

/// Turns what became of a command into its answer.
pub(super) fn answer(verdict: &Verdict, currency: Currency) -> Answer {
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
        Outcome::EstimateEdited(key, rev, json) => {
            let (id, number) = (key.id(), key.label());
            let data = serde_json::from_slice::<&RawValue>(json).ok();
            let body = Body {
                data,
                estimate_id: Some(&id),
                estimate_number: Some(&number),
                ..Body::message("Estimate updated successfully!")
            };
            print(200, Some(*rev), &body)
        }
        Outcome::EstimateDeleted => print(200, None, &Body::<()>::message("Estimate deleted successfully")),
        Outcome::OrderDeleted { with_estimate: false } => {
            print(200, None, &Body::<()>::message("Order deleted successfully"))
        }
        Outcome::OrderDeleted { with_estimate: true } => {
            print(200, None, &Body::<()>::message("Order deleted successfully (linked estimate also deleted)"))
        }
        Outcome::StatusSet(status, rev) => {
            let message = format!("Order status updated to {status}");
            print(200, Some(*rev), &Body::<()> { status: Some(status), ..Body::message(&message) })
        }
    }
}

fn created(receipt: &Receipt, message: &str, currency: Currency) -> Answer {
    let (id, number) = (receipt.key.id(), receipt.key.label());
    let for_kind = |kind| receipt.key.kind == kind;
    let id_of = |kind| for_kind(kind).then_some(id.as_str());
    let number_of = |kind| for_kind(kind).then_some(number.as_str());
    let body = Body {
        data: Some(ReceiptData {
            order_id: id_of(Kind::Order),
            sale_number: number_of(Kind::Order),
            estimate_id: id_of(Kind::Estimate),
            estimate_number: number_of(Kind::Estimate),
            customer_name: &receipt.customer_name,
            total: to_number(receipt.total, currency),
            payment_mode: None,
            created_at: receipt.created_at.to_rfc3339(),
            amount_paid: None,
        }),
        estimate_id: id_of(Kind::Estimate),
        estimate_number: number_of(Kind::Estimate),
        order_id: id_of(Kind::Order),
        sale_number: number_of(Kind::Order),
        ..Body::message(message)
    };
    print(201, Some(1), &body)
}

fn converted(conversion: &ConversionReceipt, currency: Currency) -> Answer {
    let ConversionReceipt { order, estimate, payment_mode, amount_paid } = conversion;
    let (order_id, sale_number) = (order.key.id(), order.key.label());
    let (estimate_id, estimate_number) = (estimate.id(), estimate.label());
    let body = Body {
        data: Some(ReceiptData {
            order_id: Some(&order_id),
            sale_number: Some(&sale_number),
            estimate_id: Some(&estimate_id),
            estimate_number: Some(&estimate_number),
            customer_name: &order.customer_name,
            total: to_number(order.total, currency),
            payment_mode: Some(payment_mode),
            created_at: order.created_at.to_rfc3339(),
            amount_paid: Some(to_number(*amount_paid, currency)),
        }),
        order_id: Some(&order_id),
        sale_number: Some(&sale_number),
        ..Body::message("Estimate converted to order successfully!")
    };
    print(200, Some(1), &body)
}

fn to_number(money: Money, currency: Currency) -> f64 {
    currency.to_number(i128::from(money.minor_units()))
}

fn print(status: u16, rev: Option<u32>, body: &impl Serialize) -> Answer {
    // Texts, numbers and checked JSON always serialise.
    Answer { status, rev, body: serde_json::to_vec(body).unwrap_or_default() }
}
