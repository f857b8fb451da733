//! `GET /api/summary`: the figures of the first screen. The days are read from their orders alone, however many there are
//! besides; open estimates are counted over the short headers of all. What is cancelled is in no figure.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::request::Request;
use crate::app::{Reading, ShopClock};
use crate::domain::{Currency, Kind, Right, folded_mode};
use crate::json;
use crate::store::{Filter, Record, StoreError};
use crate::web::http::{Problem, Response};

/// Days of one answer.
pub(crate) const SUMMARY_DAYS_MAX: usize = 92;
/// Days unless the client asks for others.
pub(crate) const SUMMARY_DAYS_DEFAULT: usize = 14;

/// What was sold on one day.
#[derive(Default)]
struct Day {
    name: String,
    /// First microsecond of the day.
    start_micros: i64,
    sales: Sums,
    /// By what the spellings of a mode have in common.
    modes: BTreeMap<String, Mode>,
}

/// What was paid in one mode.
#[derive(Default)]
struct Mode {
    /// As the settings spell it, else as it was spelt last.
    name: String,
    sums: Sums,
}

/// Sums in minor units.
#[derive(Default)]
struct Sums {
    count: u64,
    total: i128,
    paid: i128,
}

impl Sums {
    fn add(&mut self, total: i64, paid: i64) {
        self.count += 1;
        self.total += i128::from(total);
        self.paid += i128::from(paid);
    }

    /// `currency` is `None` for whoever does not see amounts.
    fn json(&self, currency: Option<Currency>) -> SumsJson {
        let Self { count, total, paid } = *self;
        let amount = |minor_units| currency.map(|currency| currency.to_number(minor_units));
        SumsJson { count, total: amount(total), paid: amount(paid) }
    }
}

impl Day {
    fn json(&self, currency: Option<Currency>) -> DayJson<'_> {
        let modes = self.modes.values().map(|Mode { name, sums }| ModeJson { mode: name, sums: sums.json(currency) });
        DayJson { day: &self.name, sums: self.sales.json(currency), modes: modes.collect() }
    }
}

#[derive(Serialize)]
struct SummaryJson<'a> {
    /// Whose figures these are.
    scope: &'static str,
    today: &'a str,
    open_estimates: SumsJson,
    days: Vec<DayJson<'a>>,
    /// What is left out everywhere.
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    redacted: &'static [&'static str],
}

#[derive(Serialize)]
struct DayJson<'a> {
    day: &'a str,
    #[serde(flatten)]
    sums: SumsJson,
    modes: Vec<ModeJson<'a>>,
}

#[derive(Serialize)]
struct ModeJson<'a> {
    mode: &'a str,
    #[serde(flatten)]
    sums: SumsJson,
}

#[derive(Serialize)]
struct SumsJson {
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paid: Option<f64>,
}

pub(crate) fn summary(request: &Request<'_>) -> Result<Response, Problem> {
    let clock = request.app.clock();
    let today = clock.now().to_day();
    let reading = request.read()?;
    let is_whole = reading.permission().may(Right::Figures);
    // Without the right to the shop's figures one has those of one's own day.
    let asked = days(clock, request.query("from")?, request.query("to")?.as_deref().unwrap_or(&today))?;
    let mut days = if is_whole { asked } else { days(clock, Some(today.clone()), &today)? };
    // A day that is not seen is not told of: its sales would be nought.
    days.retain(|day| day.start_micros >= reading.since_micros());
    add_sales(&reading, clock, &mut days)?;
    let open = open_estimates(&reading)?;

    let currency = (!reading.masks().amounts).then(|| request.app.currency());
    let summary = SummaryJson {
        scope: if is_whole { "shop" } else { "own" },
        today: &today,
        open_estimates: SumsJson { paid: None, ..open.json(currency) },
        days: days.iter().map(|day| day.json(currency)).collect(),
        redacted: if currency.is_some() { &[] } else { &["total", "paid"] },
    };
    let mut response = Response::json(200, json::to_vec(&summary));
    response.add_header("Sync-Seq", &reading.seq()?.to_string());
    response.add_header("Sync-Epoch", &request.app.epoch(&reading));
    Ok(response)
}

/// The days from `from` to `to`, both included, the oldest first.
fn days(clock: &ShopClock, from: Option<String>, to: &str) -> Result<Vec<Day>, Problem> {
    let not_a_day = || Problem::new(422, "from and to must be days written like 2025-01-13");
    clock.day(to).ok_or_else(not_a_day)?;
    let from = match from {
        Some(from) => from,
        None => clock.day_before(to, SUMMARY_DAYS_DEFAULT - 1).ok_or_else(not_a_day)?,
    };
    clock.day(&from).ok_or_else(not_a_day)?;
    let mut days = Vec::new();
    for back in 0.. {
        let name = clock.day_before(to, back).ok_or_else(not_a_day)?;
        if name < from {
            break;
        }
        if back == SUMMARY_DAYS_MAX {
            return Err(Problem::new(422, format!("from and to must be at most {SUMMARY_DAYS_MAX} days apart")));
        }
        let (start_micros, _) = clock.day(&name).ok_or_else(not_a_day)?;
        days.push(Day { name, start_micros, ..Day::default() });
    }
    days.reverse();
    Ok(days)
}

/// The one field of an order that its header does not have.
#[derive(Deserialize)]
struct PaymentSum<'a> {
    #[serde(borrow)]
    payment_mode: Cow<'a, str>,
}

fn add_sales(reading: &Reading, clock: &ShopClock, days: &mut [Day]) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(()) };
    let end = clock.day(&last.name).map_or(i64::MAX, |(_, end)| end);
    let filter = Filter { times: Some(first.start_micros..end), ..Filter::default() };
    let mut orders = reading.newest_first(Kind::Order, &filter)?;
    let known = reading.payment_modes()?;
    let mut add = |record: &Record<'_>| {
        let index = days.partition_point(|day| day.start_micros <= record.counted_at().unix_micros);
        if record.is_cancelled || !reading.is_own(record) {
            return Ok(());
        }
        let Some(day) = index.checked_sub(1).and_then(|index| days.get_mut(index)) else { return Ok(()) };
        let payment: PaymentSum<'_> =
            serde_json::from_slice(record.json).map_err(|_| StoreError::Malformed("order"))?;
        let (total, paid) = (record.total.minor_units(), record.amount_paid.minor_units());
        day.sales.add(total, paid);
        let mode = day.modes.entry(folded_mode(&payment.payment_mode)).or_insert_with_key(|folded| {
            let known = known.iter().find(|known| folded_mode(known) == *folded);
            let name = known.map_or_else(|| payment.payment_mode.trim(), String::as_str);
            Mode { name: name.to_string(), sums: Sums::default() }
        });
        mode.sums.add(total, paid);
        Ok::<(), StoreError>(())
    };
    while let Some(added) = orders.next_with(|_, record| add(record))? {
        added?;
    }
    Ok(())
}

fn open_estimates(reading: &Reading) -> Result<Sums, StoreError> {
    let mut estimates = reading.newest_first(Kind::Estimate, &Filter::default())?;
    let mut open = Sums::default();
    let is_open = |record: &Record<'_>| record.linked.is_none() && reading.is_own(record);
    while let Some((is_open, total)) = estimates.next_with(|_, record| (is_open(record), record.total.minor_units()))? {
        if is_open {
            open.add(total, 0);
        }
    }
    Ok(open)
}
