//! The fast path of a bill's body: the shape that tills send, read in one pass straight into the draft.
//!
//! `None` says nothing of what is wrong, or whether anything is: the body is then read field by field (`bill`), which names
//! every fault. A draft from here is the one that would come of that, and nothing about it is to be said.

use super::command::not_blank;
use super::compact::compact;
use super::scanner::{Scalar, Scanner};
use crate::app::ShopClock;
use crate::domain::{
    Amounts, Currency, Discount, ITEMS_MAX, Items, Line, MadeAt, Micros, Money, Order, Sale, SaleDraft, TEXT_CHARS_MAX,
    discount_percentage, what_does_not_add_up,
};

/// Lines for which memory is taken at once; most bills have no more.
const USUAL_LINES: usize = 8;

/// A bill as it was sent, each field at most once; only its lines are read further.
#[derive(Default)]
pub(crate) struct PlainBill<'a> {
    customer_name: Option<Scalar<'a>>,
    customer_phone: Option<Scalar<'a>>,
    customer_address: Option<Scalar<'a>>,
    sale_by: Option<Scalar<'a>>,
    items: Option<PlainItems<'a>>,
    subtotal: Option<Scalar<'a>>,
    discount_amount: Option<Scalar<'a>>,
    is_percentage_discount: Option<Scalar<'a>>,
    discount_percentage: Option<Scalar<'a>>,
    total: Option<Scalar<'a>>,
    amount_paid: Option<Scalar<'a>>,
    payment_mode: Option<Scalar<'a>>,
    source_estimate_id: Option<Scalar<'a>>,
    source_estimate_number: Option<Scalar<'a>>,
    created_at: Option<Scalar<'a>>,
    made_at: Option<Scalar<'a>>,
}

struct PlainItems<'a> {
    lines: Vec<Line>,
    json: &'a str,
    has_space: bool,
}

/// What of an item is read.
#[derive(Default)]
struct PlainItem<'a> {
    name: Option<Scalar<'a>>,
    price: Option<Scalar<'a>>,
    quantity: Option<Scalar<'a>>,
    discount: Option<Scalar<'a>>,
}

impl<'a> PlainBill<'a> {
    pub fn read(body: &'a str) -> Option<Self> {
        let mut bill = Self::default();
        let mut scanner = Scanner::new(body);
        scanner.each_field(|scanner| {
            if scanner.takes(r#""items":"#) {
                return put(&mut bill.items, read_items(scanner)?);
            }
            let Some(field) = bill.next_field(scanner) else { return pass_over(scanner) };
            put(field, scanner.scalar()?)
        })?;
        scanner.end()?;
        Some(bill)
    }

    /// The draft of an estimate, or of the sale's bill.
    pub fn sale(&self, currency: Currency) -> Option<Sale> {
        let items = self.items.as_ref()?;
        let subtotal = amount(self.subtotal?, currency)?;
        let discount = match self.is_percentage_discount? {
            Scalar::Bool(true) => Discount::Percent(percent(self.discount_amount?)?),
            Scalar::Bool(false) => Discount::Amount(amount(self.discount_amount?, currency)?),
            _ => return None,
        };
        let discount_percentage = match said(self.discount_percentage) {
            Some(value) => percent(value)?,
            None => discount_percentage(subtotal, discount),
        };
        let total = amount(self.total?, currency)?;
        if what_does_not_add_up(&items.lines, Amounts { subtotal, discount, total }, currency).is_some() {
            return None;
        }
        let customer_name = text(self.customer_name?)?;
        if customer_name.trim().is_empty() {
            return None;
        }
        Some(Sale {
            customer_name,
            customer_phone: text(self.customer_phone?)?,
            customer_address: text(self.customer_address?)?,
            sale_by: text(self.sale_by?)?,
            items: items.to_items()?,
            subtotal,
            discount,
            discount_percentage,
            total,
            amounts_flagged: None,
        })
    }

    /// The draft of a sale.
    pub fn sale_draft(&self, currency: Currency) -> Option<SaleDraft> {
        let sale = self.sale(currency)?;
        let amount_paid = match said(self.amount_paid) {
            Some(value) => amount(value, currency)?,
            None => sale.total,
        };
        let payment_mode = text_or_blank(self.payment_mode)?;
        let source_estimate_id = text_or_blank(self.source_estimate_id)?;
        let source_estimate_number = text_or_blank(self.source_estimate_number)?;
        Some(SaleDraft {
            sale,
            amount_paid,
            payment_mode: not_blank(Some(payment_mode)).unwrap_or_else(|| Order::PAYMENT_MODE_DEFAULT.to_string()),
            source_estimate_id: not_blank(Some(source_estimate_id)),
            source_estimate_number: not_blank(Some(source_estimate_number)),
        })
    }

    /// When it was made on its device.
    pub fn made_at(&self, clock: &ShopClock) -> Option<MadeAt> {
        match said(self.made_at) {
            None => Some(MadeAt::Unsaid),
            Some(Scalar::Text(time)) => Some(clock.read(time).map_or(MadeAt::Unreadable, MadeAt::At)),
            Some(_) => None,
        }
    }

    /// Whether the client marked it with a time of its own.
    pub fn has_client_time(&self) -> bool {
        said(self.created_at).is_some()
    }

    /// Takes the name of the next field, unless it is one that nobody reads.
    fn next_field(&mut self, scanner: &mut Scanner<'a>) -> Option<&mut Option<Scalar<'a>>> {
        let field = if scanner.takes(r#""customer_name":"#) {
            &mut self.customer_name
        } else if scanner.takes(r#""customer_phone":"#) {
            &mut self.customer_phone
        } else if scanner.takes(r#""customer_address":"#) {
            &mut self.customer_address
        } else if scanner.takes(r#""sale_by":"#) {
            &mut self.sale_by
        } else if scanner.takes(r#""subtotal":"#) {
            &mut self.subtotal
        } else if scanner.takes(r#""discount_amount":"#) {
            &mut self.discount_amount
        } else if scanner.takes(r#""is_percentage_discount":"#) {
            &mut self.is_percentage_discount
        } else if scanner.takes(r#""discount_percentage":"#) {
            &mut self.discount_percentage
        } else if scanner.takes(r#""total":"#) {
            &mut self.total
        } else if scanner.takes(r#""amount_paid":"#) {
            &mut self.amount_paid
        } else if scanner.takes(r#""payment_mode":"#) {
            &mut self.payment_mode
        } else if scanner.takes(r#""source_estimate_id":"#) {
            &mut self.source_estimate_id
        } else if scanner.takes(r#""source_estimate_number":"#) {
            &mut self.source_estimate_number
        } else if scanner.takes(r#""created_at":"#) {
            &mut self.created_at
        } else if scanner.takes(r#""made_at":"#) {
            &mut self.made_at
        } else {
            return None;
        };
        Some(field)
    }
}

impl PlainItems<'_> {
    fn to_items(&self) -> Option<Items> {
        let count = u32::try_from(self.lines.len()).ok()?;
        Some(if self.has_space { Items::new(compact(self.json), count) } else { Items::new(self.json, count) })
    }
}

fn read_items<'a>(scanner: &mut Scanner<'a>) -> Option<PlainItems<'a>> {
    let mut lines = Vec::with_capacity(USUAL_LINES);
    let read = |scanner: &mut Scanner<'a>| {
        scanner.each_element(ITEMS_MAX, |scanner| {
            lines.push(read_line(scanner)?);
            Some(())
        })
    };
    let ((), json, has_space) = scanner.with_json(read)?;
    Some(PlainItems { lines, json, has_space })
}

fn read_line(scanner: &mut Scanner<'_>) -> Option<Line> {
    let mut item = PlainItem::default();
    scanner.each_field(|scanner| {
        let field = if scanner.takes(r#""name":"#) {
            &mut item.name
        } else if scanner.takes(r#""price":"#) {
            &mut item.price
        } else if scanner.takes(r#""quantity":"#) {
            &mut item.quantity
        } else if scanner.takes(r#""discount":"#) {
            &mut item.discount
        } else {
            return pass_over(scanner);
        };
        put(field, scanner.scalar()?)
    })?;
    let discount = said(item.discount).map_or(Some(Micros::ZERO), micros)?;
    let line = Line { price: micros(item.price?)?, quantity: micros(item.quantity?)?, discount };
    let is_good = is_short_text(item.name?)
        && line.quantity > Micros::ZERO
        && (Micros::ZERO..=Micros::HUNDRED).contains(&line.discount);
    is_good.then_some(line)
}

/// What nobody reads may be there, and more than once.
fn pass_over(scanner: &mut Scanner<'_>) -> Option<()> {
    scanner.other_name()?;
    scanner.scalar().map(drop)
}

/// A field that is there twice is a fault.
fn put<T>(field: &mut Option<T>, value: T) -> Option<()> {
    field.replace(value).is_none().then_some(())
}

/// `null` counts as absent.
fn said(field: Option<Scalar<'_>>) -> Option<Scalar<'_>> {
    field.filter(|value| *value != Scalar::Null)
}

/// A text for which no characters need to be counted.
fn is_short_text(value: Scalar<'_>) -> bool {
    matches!(value, Scalar::Text(text) | Scalar::EscapedText(text) if text.len() <= TEXT_CHARS_MAX)
}

fn text(value: Scalar<'_>) -> Option<String> {
    match value {
        _ if !is_short_text(value) => None,
        Scalar::Text(text) => Some(text.to_string()),
        Scalar::EscapedText(json) => serde_json::from_str(json).ok(),
        _ => None,
    }
}

/// An optional text; an absent one and a blank one are the same.
fn text_or_blank(field: Option<Scalar<'_>>) -> Option<String> {
    said(field).map_or(Some(String::new()), text)
}

fn amount(value: Scalar<'_>, currency: Currency) -> Option<Money> {
    let Scalar::Number(number) = value else { return None };
    currency.parse(number).ok().filter(|money| *money >= Money::default())
}

fn percent(value: Scalar<'_>) -> Option<f64> {
    let Scalar::Number(number) = value else { return None };
    number.parse::<f64>().ok().filter(|percent| (0.0..=100.0).contains(percent)).map(f64::abs)
}

fn micros(value: Scalar<'_>) -> Option<Micros> {
    let Scalar::Number(number) = value else { return None };
    Micros::parse(number).ok()
}
