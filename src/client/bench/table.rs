//! The report as a table for people.

use std::fmt::Write;

use super::percentile::Latency;
use super::report::{FeedReport, Machine, Memory, Report, Requests, Sends, ServerFacts};

const UNKNOWN: &str = "not known here";

/// The whole report. Writing to a text does not fail.
pub(crate) fn render(report: &Report) -> String {
    let mut text = format!("tillsync {} bench, {} s\n\n", report.version, report.seconds);
    about(&mut text, &report.machine, &report.server);
    memory(&mut text, &report.memory);
    let _ = writeln!(text, "\n{:<34}{:>10}{:>11}{:>11}{:>11}{:>11}", "", "per second", "p50", "p90", "p99", "max");
    for creates in &report.creates {
        requests(&mut text, "durable creates", "writer", creates);
    }
    requests(&mut text, "reads of one record", "reader", &report.reads);
    feed(&mut text, "fan-out", &report.fan_out);
    if let Some(sends) = &report.bare_sends {
        bare_sends(&mut text, sends);
    }
    feed(&mut text, "burst", &report.burst);
    text
}

fn about(text: &mut String, machine: &Machine, server: &ServerFacts) {
    let processor = machine.processor.as_deref().unwrap_or("processor not known here");
    let _ = writeln!(text, "machine  {processor}, {}, {}", counted(machine.cores, "core"), machine.system);
    if let Some(percent) = machine.taken_by_others_percent {
        let _ = writeln!(text, "         {percent} % of its cores were taken by other programs during the run");
    }
    if !server.is_started_here {
        let _ = writeln!(text, "server   {}", server.url);
        return;
    }
    let file_system = server.file_system.as_deref().unwrap_or(UNKNOWN);
    let syncs = server.bare_syncs_per_second.map_or_else(|| UNKNOWN.into(), grouped);
    let _ = writeln!(text, "server   started here; file system {file_system}, bare disk syncs per second {syncs}");
}

fn memory(text: &mut String, memory: &Memory) {
    let _ = writeln!(
        text,
        "memory   {} at start, {} with {} idle, {} for each",
        memory.at_start_bytes.map_or_else(|| UNKNOWN.into(), mebibytes),
        memory.with_idle_listeners_bytes.map_or_else(|| UNKNOWN.into(), mebibytes),
        counted(memory.listeners, "listener"),
        memory.per_idle_listener_bytes.map_or_else(|| UNKNOWN.into(), kibibytes),
    );
}

fn requests(text: &mut String, what: &str, client: &str, requests: &Requests) {
    let label = format!("{what}, {}", counted(requests.clients, client));
    let _ = write!(text, "{label:<34}{:>10}", grouped(requests.per_second));
    latency(text, requests.latency);
    if requests.refused > 0 {
        let _ = writeln!(text, "  refused {}", grouped(requests.refused));
    }
}

fn latency(text: &mut String, latency: Latency) {
    for time_us in [latency.p50_us, latency.p90_us, latency.p99_us, latency.max_us] {
        let _ = write!(text, "{:>11}", milliseconds(time_us));
    }
    text.push('\n');
}

fn feed(text: &mut String, what: &str, feed: &FeedReport) {
    let listeners = counted(feed.listeners, "listener");
    let writers = counted(feed.writers, "writer");
    let pace = feed.asked_changes_per_second.map_or_else(
        || "as fast as they can".into(),
        |rate| format!("together {} changes per second", grouped(u64::from(rate))),
    );
    let seconds = tenths(feed.elapsed_ms, 1_000);
    let _ = writeln!(text, "\n{what}: {listeners}; {writers}, {pace}; {seconds} s");
    row(text, "changes", feed.changes_per_second, &format!("{} in all", grouped(feed.changes)));
    row(text, "deliveries", feed.deliveries_per_second, &format!("{} in all", grouped(feed.deliveries)));
    for (end, times) in [
        ("first", feed.post_to_first_listener),
        ("median", feed.post_to_median_listener),
        ("last", feed.post_to_last_listener),
    ] {
        journey(text, "POST", end, times);
    }
    cpu(text, "server CPU for each delivery", feed.server_cpu_ns_per_delivery);
    faults(text, feed);
}

/// The limit that the machine itself sets to the fan-out.
fn bare_sends(text: &mut String, sends: &Sends) {
    let _ = writeln!(text, "  the same frames from a bare loop without any server:");
    journey(text, "send", "last", sends.send_to_last_listener);
    cpu(text, "CPU for each delivery", sends.cpu_ns_per_send);
}

fn journey(text: &mut String, start: &str, end: &str, times: Latency) {
    let _ = write!(text, "  {:<42}", format!("from {start} to the {end} listener"));
    latency(text, times);
}

fn cpu(text: &mut String, what: &str, time_ns: Option<u64>) {
    let _ = writeln!(text, "  {what:<31} {:>10}", time_ns.map_or_else(|| UNKNOWN.into(), microseconds));
}

fn row(text: &mut String, what: &str, per_second: u64, more: &str) {
    let _ = writeln!(text, "  {what:<32}{:>10}   {more}", grouped(per_second));
}

fn faults(text: &mut String, feed: &FeedReport) {
    let faults = &feed.faults;
    let _ = write!(
        text,
        "  lost {}, out of order {}, doubled {}",
        grouped(faults.lost),
        grouped(faults.out_of_order),
        grouped(faults.doubled)
    );
    for (what, count) in [
        ("listeners closed by the server", faults.closed_listeners),
        ("unreadable", faults.unreadable),
        ("requests refused", feed.refused),
    ] {
        if count > 0 {
            let _ = write!(text, ", {what} {}", grouped(count));
        }
    }
    text.push('\n');
}

/// `1 writer`, `16 writers`.
fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(count as u64))
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", grouped(number / 1_000), number % 1_000) }
}

fn milliseconds(time_us: u32) -> String {
    format!("{}.{:02} ms", grouped(u64::from(time_us / 1_000)), time_us % 1_000 / 10)
}

fn microseconds(time_ns: u64) -> String {
    format!("{}.{:02} µs", grouped(time_ns / 1_000), time_ns % 1_000 / 10)
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", tenths(bytes, 1 << 20))
}

fn kibibytes(bytes: u64) -> String {
    format!("{} KiB", tenths(bytes, 1 << 10))
}

/// `amount` in units, with one decimal.
fn tenths(amount: u64, unit: u64) -> String {
    format!("{}.{}", grouped(amount / unit), amount % unit * 10 / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_have_their_units() {
        assert_eq!([grouped(7), grouped(1_000), grouped(1_234_567)], ["7", "1,000", "1,234,567"]);
        assert_eq!([milliseconds(230), milliseconds(12_345)], ["0.23 ms", "12.34 ms"]);
        assert_eq!([mebibytes(6_500_000), kibibytes(10_240)], ["6.1 MiB", "10.0 KiB"]);
        assert_eq!(microseconds(2_480), "2.48 µs");
        assert_eq!([counted(1, "writer"), counted(1_000, "listener")], ["1 writer", "1,000 listeners"]);
    }
}
