//! Points in time as people read them. Order never comes from here: it comes from the sequence.

use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::Offset;

/// Written always with six decimals, so that text order is time order within one offset.
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

/// Where the sign of the offset stands in a time that is written so.
const SIGN_AT: usize = 26;

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
        self.usual_rfc3339().unwrap_or_else(|| self.any_rfc3339())
    }

    /// The same for a time that can be shown in the usual width: a year of four digits, an offset of whole minutes. Each new record
    /// is shown with three times, and this is a quarter of the work of a printer that knows more forms.
    fn usual_rfc3339(self) -> Option<String> {
        let offset = Offset::from_seconds(self.offset_seconds).ok().filter(|offset| offset.seconds() % 60 == 0)?;
        let at = offset.to_datetime(jiff::Timestamp::from_microsecond(self.unix_micros).ok()?);
        let year = u32::try_from(at.year()).ok()?;
        let micros = at.subsec_nanosecond().unsigned_abs() / 1_000;
        let offset_minutes = offset.seconds().unsigned_abs() / 60;
        let mut text = *b"0000-00-00T00:00:00.000000+00:00";
        if offset.is_negative() {
            text[SIGN_AT] = b'-';
        }
        for (place, value) in [
            (0, year / 100),
            (2, year % 100),
            (5, at.month().unsigned_abs().into()),
            (8, at.day().unsigned_abs().into()),
            (11, at.hour().unsigned_abs().into()),
            (14, at.minute().unsigned_abs().into()),
            (17, at.second().unsigned_abs().into()),
            (20, micros / 10_000),
            (22, micros / 100 % 100),
            (24, micros % 100),
            (27, offset_minutes / 60),
            (30, offset_minutes % 60),
        ] {
            let [tens, ones] = text.get_mut(place..)?.first_chunk_mut()?;
            (*tens, *ones) = (ascii_digit(value / 10), ascii_digit(value % 10));
        }
        std::str::from_utf8(&text).ok().map(str::to_string)
    }

    /// The same for any time.
    fn any_rfc3339(self) -> String {
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

fn ascii_digit(value: u32) -> u8 {
    b'0' + (value % 10) as u8
}

/// Days that a command may have waited on its device for its own time to count.
pub const MADE_AGE_DAYS_MAX: i64 = 31;
/// Seconds that a device's clock may be ahead of the server's for the same.
pub const MADE_AHEAD_SECONDS_MAX: i64 = 120;

/// When a command was given, as the device says that kept it until it could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MadeAt {
    /// It was sent at once.
    #[default]
    Unsaid,
    /// At this time, with the offset that the shop's zone has then.
    At(Timestamp),
    /// The device says something that is no time.
    Unreadable,
}

impl MadeAt {
    /// The time to count, as seen at the commit; an error is the sentence that says why it does not count.
    pub fn accept(self, now: Timestamp) -> Result<Option<Timestamp>, String> {
        const SECOND: i64 = 1_000_000;
        let sentence = match self {
            Self::Unsaid => return Ok(None),
            Self::Unreadable => "made_at is not a time as in RFC 3339".to_string(),
            Self::At(at) if at.unix_micros > now.unix_micros.saturating_add(MADE_AHEAD_SECONDS_MAX * SECOND) => {
                format!("made_at is {}, later than the server's clock", at.to_minute())
            }
            Self::At(at) if at.unix_micros < now.unix_micros.saturating_sub(MADE_AGE_DAYS_MAX * 86_400 * SECOND) => {
                format!("made_at is {}, more than {MADE_AGE_DAYS_MAX} days ago", at.to_minute())
            }
            Self::At(at) => return Ok(Some(at)),
        };
        Err(format!("{sentence}; the record counts on {}, when it arrived.", now.to_day()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any};
    use proptest::prop_oneof;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    #[test]
    fn a_device_is_believed_about_the_last_month() {
        const MINUTE: i64 = 60_000_000;
        let now = Timestamp { unix_micros: 1_736_744_400_000_000, offset_seconds: 19_800 };
        let at = |minutes: i64| Timestamp { unix_micros: now.unix_micros + minutes * MINUTE, ..now };
        assert_eq!(MadeAt::Unsaid.accept(now), Ok(None));
        for minutes in [0, -1, 2, -31 * 24 * 60] {
            assert_eq!(MadeAt::At(at(minutes)).accept(now), Ok(Some(at(minutes))), "{minutes}");
        }
        for (made_at, said) in [
            (MadeAt::Unreadable, "RFC 3339"),
            (MadeAt::At(at(3)), "2025-01-13 10:33, later"),
            (MadeAt::At(at(-31 * 24 * 60 - 1)), "2024-12-13 10:29, more than 31 days"),
        ] {
            let note = made_at.accept(now).unwrap_err();
            assert!(note.contains(said) && note.contains("counts on 2025-01-13"), "{note}");
        }
    }

    #[test]
    fn times_are_written_with_microseconds_and_offset() {
        let at = Timestamp { unix_micros: 1_736_744_400_000_000, offset_seconds: 19_800 };
        assert_eq!(at.to_rfc3339(), "2025-01-13T10:30:00.000000+05:30");
        assert_eq!(at.to_day(), "2025-01-13");
        assert_eq!(at.to_minute(), "2025-01-13 10:30");
        let utc = Timestamp { unix_micros: 1, offset_seconds: 0 };
        assert_eq!(utc.to_rfc3339(), "1970-01-01T00:00:00.000001+00:00");
    }

    /// Goal: a time looks the same whichever way it is written. Method: any times and offsets, most of them of our days, against
    /// jiff's own printer.
    #[test]
    fn the_usual_form_is_the_one_of_the_printer() {
        const YEAR_10_000: i64 = 253_402_300_800_000_000;
        let micros = prop_oneof![0..2 * 1_736_744_400_000_000_i64, -YEAR_10_000..YEAR_10_000, any::<i64>()];
        let offsets = prop_oneof![(-56..=56).prop_map(|quarters| quarters * 900), -100_000..100_000, any::<i32>()];
        let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&(micros, offsets), |(unix_micros, offset_seconds)| {
                let at = Timestamp { unix_micros, offset_seconds };
                if let Some(text) = at.usual_rfc3339() {
                    assert_eq!(text, at.any_rfc3339());
                }
                Ok(())
            })
            .unwrap();
        let today = Timestamp { unix_micros: 1_736_744_400_000_000, offset_seconds: -12_600 };
        assert_eq!(today.usual_rfc3339().as_deref(), Some("2025-01-13T01:30:00.000000-03:30"));
        for unix_micros in [i64::MIN, -YEAR_10_000, 253_402_207_200_999_999, YEAR_10_000, i64::MAX] {
            let at = Timestamp { unix_micros, offset_seconds: 3_600 };
            assert_eq!(at.to_rfc3339(), at.any_rfc3339());
        }
    }
}
