//! The shop's wall clock: for people only, never for order.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::TimeZone;

use crate::domain::{Permission, SeenDays, Sight, Timestamp};

const PRINTER: DateTimePrinter = DateTimePrinter::new();

/// Tells the time in the shop's zone.
#[derive(Clone)]
pub struct ShopClock {
    zone: TimeZone,
    started: Instant,
    wall: Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>,
}

impl ShopClock {
    /// The machine's clock, in this zone.
    pub fn new(zone: TimeZone) -> Self {
        Self::showing(zone, jiff::Timestamp::now)
    }

    /// Another clock: tests put one here that is wrong, or that jumps.
    pub fn showing(zone: TimeZone, wall: impl Fn() -> jiff::Timestamp + Send + Sync + 'static) -> Self {
        Self { zone, started: Instant::now(), wall: Arc::new(wall) }
    }

    /// Now, with the offset that the zone has now.
    pub fn now(&self) -> Timestamp {
        self.local((self.wall)())
    }

    /// A stored time as the shop's people read it: `2025-01-13 10:30`.
    pub(crate) fn minute(&self, unix_micros: i64) -> String {
        let at = jiff::Timestamp::from_microsecond(unix_micros).unwrap_or(jiff::Timestamp::MAX);
        self.local(at).to_minute()
    }

    fn local(&self, at: jiff::Timestamp) -> Timestamp {
        Timestamp { unix_micros: at.as_microsecond(), offset_seconds: self.zone.to_offset(at).seconds() }
    }

    /// A time as in RFC 3339, with the offset that the zone has then; `None` if it is written otherwise.
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        // The longest form has nine decimals. The parser knows more than RFC 3339, which does no harm.
        const TIME_BYTES_MAX: usize = 40;
        let at: jiff::Timestamp = text.trim().parse().ok().filter(|_| text.len() <= TIME_BYTES_MAX)?;
        Some(self.local(at))
    }

    /// Time since the start, whatever is done to the wall clock.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// The same in whole seconds.
    pub fn uptime_seconds(&self) -> u64 {
        self.uptime().as_secs()
    }

    /// Gives out now as HTTP writes it (RFC 9110 §5.6.7). It changes once a second, so each thread keeps the last one.
    pub fn with_http_date(&self, give: impl FnOnce(&str)) {
        thread_local! {
            static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
        }
        let now = (self.wall)();
        LAST.with_borrow_mut(|(second, text)| {
            if *second != now.as_second() {
                *second = now.as_second();
                *text = PRINTER.timestamp_to_rfc9110_string(&now).unwrap_or_default();
            }
            give(text);
        });
    }

    /// The name of the shop's zone, such as `Asia/Kolkata`, if it has one.
    pub fn zone_name(&self) -> Option<&str> {
        self.zone.iana_name()
    }

    /// A shop day so many days before another one, written `2025-01-13`.
    pub fn day_before(&self, day: &str, days: usize) -> Option<String> {
        let date: jiff::civil::Date = day.parse().ok()?;
        let span = jiff::Span::new().try_days(i64::try_from(days).ok()?).ok()?;
        Some(date.checked_sub(span).ok()?.to_string())
    }

    /// The shop day, as a number that grows with the days.
    pub(crate) fn day_number(&self) -> i64 {
        const DAY_SECONDS: i64 = 24 * 60 * 60;
        let now = self.now();
        (now.unix_micros.div_euclid(1_000_000) + i64::from(now.offset_seconds)).div_euclid(DAY_SECONDS)
    }

    /// What this permission shows at this moment.
    pub(crate) fn sight(&self, permission: Permission) -> Sight {
        let days = permission.allows.days_back.map(|days| {
            let today = self.now().to_day();
            let first = self.day_before(&today, days.into()).and_then(|day| self.day(&day));
            // Where the calendar ends, nothing is old.
            SeenDays { since_micros: first.map_or(i64::MIN, |(start, _)| start), today }
        });
        Sight::new(permission, days)
    }

    /// The first microsecond since 1970 of a shop day written `2025-01-13`, and of the day after it.
    pub fn day(&self, text: &str) -> Option<(i64, i64)> {
        // The parser of dates knows more forms than ours.
        let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date: jiff::civil::Date = text.parse().ok().filter(|_| is_plain)?;
        let start = |date: jiff::civil::Date| Some(date.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond());
        // The end of time has no day after it, and perhaps no beginning in this zone.
        let end = date.tomorrow().ok().and_then(start).unwrap_or(i64::MAX);
        Some((start(date).unwrap_or(i64::MAX), end))
    }
}

impl fmt::Debug for ShopClock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ShopClock").field("zone", &self.zone).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_zone_and_written_in_one_form() {
        let clock = ShopClock::new(TimeZone::get("Asia/Kolkata").unwrap());
        let (start, end) = clock.day("2025-01-13").unwrap();
        assert_eq!(start, 1_736_706_600_000_000);
        assert_eq!(end - start, 24 * 3600 * 1_000_000);
        for odd in ["2025-01-13T10:30:00", "20250113", "2025-1-13", "2025-02-30", "2025-01-1é", "", "-00001-01-01"] {
            assert_eq!(clock.day(odd), None, "{odd}");
        }
        assert!(clock.day("9999-12-31").is_some_and(|(_, end)| end == i64::MAX));
    }
}
