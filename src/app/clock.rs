//! The shop's wall clock: for people only, never for order.

use std::cell::RefCell;

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;

use crate::domain::Timestamp;

const PRINTER: DateTimePrinter = DateTimePrinter::new();

/// Tells the time in the shop's zone.
#[derive(Debug, Clone)]
pub struct ShopClock {
    zone: TimeZone,
}

impl ShopClock {
    /// A clock for this zone.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// Now, with the offset that the zone has now.
    pub fn now(&self) -> Timestamp {
        let now = jiff::Timestamp::now();
        Timestamp { unix_micros: now.as_microsecond(), offset_seconds: self.zone.to_offset(now).seconds() }
    }

    /// Now as HTTP writes it (RFC 9110 §5.6.7). It changes once a second, so each thread keeps the last one.
    pub fn http_date(&self) -> String {
        thread_local! {
            static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
        }
        let now = jiff::Timestamp::now();
        LAST.with_borrow_mut(|(second, text)| {
            if *second != now.as_second() {
                *second = now.as_second();
                *text = PRINTER.timestamp_to_rfc9110_string(&now).unwrap_or_default();
            }
            text.clone()
        })
    }

    /// The first microsecond since 1970 of a shop day written `2025-01-13`, and of the day after it.
    pub fn day(&self, text: &str) -> Option<(i64, i64)> {
        let date: jiff::civil::Date = text.parse().ok()?;
        let start = |date: jiff::civil::Date| Some(date.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond());
        Some((start(date)?, start(date.tomorrow().ok()?)?))
    }
}
