//! Percentiles of measured times.

use std::time::Duration;

use serde::Serialize;

/// How long something took: half of the times were at most `p50_us`, and so on. All zero if nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub(crate) struct Latency {
    pub(crate) p50_us: u32,
    pub(crate) p90_us: u32,
    pub(crate) p99_us: u32,
    pub(crate) max_us: u32,
}

impl Latency {
    /// Sorts the times and picks.
    pub(crate) fn of(mut times_us: Vec<u32>) -> Self {
        times_us.sort_unstable();
        let at = |percent| percentile(&times_us, percent).unwrap_or(0);
        Self { p50_us: at(50), p90_us: at(90), p99_us: at(99), max_us: at(100) }
    }
}

/// The smallest value that at least `percent` of all values do not exceed (nearest rank).
fn percentile(sorted: &[u32], percent: usize) -> Option<u32> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

/// A time in microseconds; an hour fits.
pub(crate) fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!(percentile(&hundred, 50), Some(50));
        assert_eq!(percentile(&hundred, 90), Some(90));
        assert_eq!(percentile(&hundred, 99), Some(99));
        assert_eq!(percentile(&hundred, 100), Some(100));
        assert_eq!(percentile(&hundred, 0), Some(1));
    }

    #[test]
    fn few_values_have_percentiles_too() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[7], 1), Some(7));
        assert_eq!(percentile(&[7], 99), Some(7));
        assert_eq!(percentile(&[1, 2], 50), Some(1));
        assert_eq!(percentile(&[1, 2], 51), Some(2));
        assert_eq!(percentile(&[1, 2, 3], 50), Some(2));
    }

    #[test]
    fn the_order_of_measuring_does_not_matter() {
        let latency = Latency::of(vec![30, 10, 20, 40]);
        assert_eq!(latency, Latency { p50_us: 20, p90_us: 40, p99_us: 40, max_us: 40 });
        assert_eq!(Latency::of(Vec::new()), Latency::default());
    }
}
