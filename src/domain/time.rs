//! Points in time as people read them. Order never comes from here: it comes from the sequence.

use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::Offset;

/// Written always with six decimals, so that text order is time order within one offset.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// Wall time with the shop's offset from UTC at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub unix_micros: i64,
    /// Seconds east of UTC.
    pub offset_seconds: i32,
}

impl Timestamp {
    /// RFC 3339 with microseconds and offset: `2025-01-13T10:30:00.000000+05:30`.
    pub fn to_rfc3339(self) -> String {
        let at = jiff::Timestamp::from_microsecond(self.unix_micros).unwrap_or(jiff::Timestamp::MAX);
        PRINTER.timestamp_with_offset_to_string(&at, Offset::from_seconds(self.offset_seconds).unwrap_or(Offset::UTC))
    }

    /// The shop's day: `2025-01-13`.
    pub fn to_day(self) -> String {
        let mut text = self.to_rfc3339();
        text.truncate(10);
        text
    }

    /// For sentences: `2025-01-13 10:30`.
    pub fn to_minute(self) -> String {
        let mut text = self.to_rfc3339().replace('T', " ");
        text.truncate(16);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_microseconds_and_offset() {
        let at = Timestamp { unix_micros: 1_736_744_400_000_000, offset_seconds: 19_800 };
        assert_eq!(at.to_rfc3339(), "2025-01-13T10:30:00.000000+05:30");
        assert_eq!(at.to_day(), "2025-01-13");
        assert_eq!(at.to_minute(), "2025-01-13 10:30");
        let utc = Timestamp { unix_micros: 1, offset_seconds: 0 };
        assert_eq!(utc.to_rfc3339(), "1970-01-01T00:00:00.000001+00:00");
    }
}
