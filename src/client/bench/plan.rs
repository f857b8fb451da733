//! What is measured, in which order, and what is said meanwhile.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::feed::{self, Load};
use super::meter::Ticks;
use super::report::{self, Report};
use super::target::Target;
use super::{bare, idle, machine, requests, table};
use crate::client::credentials::Credentials;

/// Writers of the measurements of durable creates, one measurement each.
const CREATE_WRITERS: [usize; 3] = [1, 16, 64];
/// Listeners and writers of the fan-out.
const FAN_OUT_LISTENERS: usize = 1_000;
const FAN_OUT_WRITERS: usize = 4;
/// Listeners and writers of the burst.
const BURST_LISTENERS: usize = 200;
const BURST_WRITERS: usize = 32;
/// How long each measurement lasts.
const CREATES_TIME: Duration = Duration::from_secs(5);
const READS_TIME: Duration = Duration::from_secs(5);
const FAN_OUT_TIME: Duration = Duration::from_secs(15);
const BURST_TIME: Duration = Duration::from_secs(5);

/// What to measure; what is left away has the defaults of `--help`.
#[derive(Debug, Clone)]
pub struct BenchPlan {
    /// The server; without it one is started for the time of the measurement.
    pub url: Option<String>,
    /// The token for it.
    pub credentials: Credentials,
    /// Listeners of the fan-out and of the burst.
    pub listeners: Option<usize>,
    /// Writers of every measurement.
    pub writers: Option<usize>,
    /// Readers of one record.
    pub readers: usize,
    /// Changes per second of the fan-out.
    pub rate_per_second: u32,
    /// Of each measurement.
    pub duration: Option<Duration>,
    /// One JSON object instead of the table.
    pub is_json: bool,
}

/// Measures and prints. An error when measuring is impossible, or when a listener missed, doubled or misordered a change;
/// never because something was slow.
pub fn bench(plan: &BenchPlan) -> Result<(), String> {
    let begun = Instant::now();
    let report = measure(plan, begun)?;
    print(&report, plan.is_json)?;
    report.verdict()
}

fn measure(plan: &BenchPlan, begun: Instant) -> Result<Report, String> {
    let target = match &plan.url {
        Some(url) => Target::at(url, &plan.credentials)?,
        None => Target::start(plan.listeners.unwrap_or(FAN_OUT_LISTENERS))?,
    };
    let ticks_before = Ticks::now(target.meter());
    let note = Note::new();
    note.show("memory with idle listeners");
    let memory = idle::measure(&target, plan.listeners.unwrap_or(FAN_OUT_LISTENERS))?;
    let creates = creates(plan, &target, &note)?;
    note.show(&format!("reads with {} readers", plan.readers));
    let reads = requests::reads(&target, plan.readers, plan.duration.unwrap_or(READS_TIME))?;
    note.show("fan-out");
    let fan_out = feed::measure(&target, &fan_out_load(plan))?;
    let is_here = target.address.ip().is_loopback();
    let bare_sends = is_here.then(|| bare::sends(fan_out.listeners, plan.rate_per_second)).transpose()?;
    note.show("burst");
    let burst = feed::measure(&target, &burst_load(plan))?;
    let ticks = ticks_before.zip(Ticks::now(target.meter()));
    let others_percent = ticks.and_then(|(before, after)| after.others_percent(before));
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        seconds: begun.elapsed().as_secs(),
        machine: machine::describe(others_percent),
        server: target.facts(),
        memory,
        creates,
        reads,
        fan_out,
        bare_sends,
        burst,
    })
}

fn creates(plan: &BenchPlan, target: &Target, note: &Note) -> Result<Vec<report::Requests>, String> {
    let chosen = plan.writers.map(|writers| vec![writers]);
    let time = plan.duration.unwrap_or(CREATES_TIME);
    chosen
        .unwrap_or_else(|| CREATE_WRITERS.to_vec())
        .into_iter()
        .map(|writers| {
            note.show(&format!("durable creates with {writers} writers"));
            requests::creates(target, writers, time)
        })
        .collect()
}

fn fan_out_load(plan: &BenchPlan) -> Load {
    Load {
        listeners: plan.listeners.unwrap_or(FAN_OUT_LISTENERS),
        writers: plan.writers.unwrap_or(FAN_OUT_WRITERS),
        rate_per_second: Some(plan.rate_per_second),
        time: plan.duration.unwrap_or(FAN_OUT_TIME),
    }
}

fn burst_load(plan: &BenchPlan) -> Load {
    Load {
        listeners: plan.listeners.unwrap_or(BURST_LISTENERS),
        writers: plan.writers.unwrap_or(BURST_WRITERS),
        rate_per_second: None,
        time: plan.duration.unwrap_or(BURST_TIME),
    }
}

fn print(report: &Report, is_json: bool) -> Result<(), String> {
    let text = if is_json {
        serde_json::to_string(report).map_err(|error| format!("The report cannot be written as JSON: {error}."))?
    } else {
        table::render(report)
    };
    writeln!(std::io::stdout().lock(), "{}", text.trim_end())
        .map_err(|error| format!("The report cannot be printed: {error}."))
}

/// Says on a terminal what is being measured.
struct Note {
    is_shown: bool,
}

impl Note {
    fn new() -> Self {
        Self { is_shown: std::io::stderr().is_terminal() }
    }

    fn show(&self, what: &str) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[Kmeasuring {what} …");
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
