//! Counters that every layer may keep, and the text in which they are read (Prometheus text format 0.0.4).

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// Its value since the start.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often values fell below each of some bounds.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    bounds: [u64; N],
    /// One more than there are bounds: the last counts what is above all of them.
    counts: [Counter; N],
    above: Counter,
    sum: Counter,
}

impl<const N: usize> Histogram<N> {
    /// A histogram with these upper bounds, in growing order.
    pub fn new(bounds: [u64; N]) -> Self {
        Self {
            bounds,
            counts: std::array::from_fn(|_| Counter::default()),
            above: Counter::default(),
            sum: Counter::default(),
        }
    }

    /// Notes a value.
    pub fn note(&self, value: u64) {
        let place = self.bounds.iter().position(|&bound| value <= bound);
        place.and_then(|place| self.counts.get(place)).unwrap_or(&self.above).add(1);
        self.sum.add(value);
    }

    /// Their sum.
    pub fn sum(&self) -> u64 {
        self.sum.get()
    }

    /// How many values were noted.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(Counter::get).sum::<u64>() + self.above.get()
    }
}

/// Builds the text.
#[derive(Default)]
pub struct MetricsText {
    text: String,
}

impl MetricsText {
    /// Adds a number that only grows.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.sample(name, "counter", help, value);
    }

    /// Adds a number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.sample(name, "gauge", help, value);
    }

    /// Adds a histogram whose values are divided by `unit` (such as a million for microseconds shown as seconds).
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    pub fn histogram<const N: usize>(&mut self, name: &str, help: &str, histogram: &Histogram<N>, unit: f64) {
        self.head(name, "histogram", help);
        let mut below = 0;
        for (bound, count) in histogram.bounds.iter().zip(&histogram.counts) {
            below += count.get();
            let _ = writeln!(self.text, "{name}_bucket{{le=\"{}\"}} {below}", *bound as f64 / unit);
        }
        below += histogram.above.get();
        let _ = writeln!(self.text, "{name}_bucket{{le=\"+Inf\"}} {below}");
        let _ = writeln!(self.text, "{name}_sum {}", histogram.sum.get() as f64 / unit);
        let _ = writeln!(self.text, "{name}_count {below}");
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        self.text
    }

    fn sample(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        let _ = writeln!(self.text, "{name} {value}");
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_the_sum_has_its_unit() {
        let histogram = Histogram::new([10, 100]);
        for value in [5, 10, 50, 1_000] {
            histogram.note(value);
        }
        let mut page = MetricsText::default();
        page.histogram("t", "times", &histogram, 10.0);
        assert_eq!(
            page.into_text(),
            "# HELP t times\n# TYPE t histogram\nt_bucket{le=\"1\"} 2\nt_bucket{le=\"10\"} 3\nt_bucket{le=\"+Inf\"} 4\n\
             t_sum 106.5\nt_count 4\n"
        );
        assert_eq!(histogram.count(), 4);
    }
}
