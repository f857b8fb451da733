//! The shop's wall clock: for people only, never for order.

use jiff::tz::TimeZone;

use crate::domain::Timestamp;

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

    /// The first microsecond since 1970 of a shop day written `2025-01-13`, and of the day after it.
    pub fn day(&self, text: &str) -> Option<(i64, i64)> {
        let date: jiff::civil::Date = text.parse().ok()?;
        let start = |date: jiff::civil::Date| Some(date.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond());
        Some((start(date)?, start(date.tomorrow().ok()?)?))
    }
}
