//! What was measured, as `--json` prints it. Whole numbers with the unit last; null is "not known here".

use serde::Serialize;

use super::percentile::Latency;

/// One run.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Of this program; the server's own may differ when it was given by address.
    pub(crate) version: &'static str,
    pub(crate) seconds: u64,
    pub(crate) machine: Machine,
    pub(crate) server: ServerFacts,
    pub(crate) memory: Memory,
    pub(crate) creates: Vec<Requests>,
    pub(crate) reads: Requests,
    pub(crate) fan_out: FeedReport,
    /// What the fan-out costs without any server; only if the server is on this machine.
    pub(crate) bare_sends: Option<Sends>,
    pub(crate) burst: FeedReport,
}

/// What the load generator ran on, and the server too if it is not elsewhere.
#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) processor: Option<String>,
    pub(crate) cores: usize,
    pub(crate) system: String,
    /// Part of all cores that neither the load nor the server had during the run. Much of it makes the rest worthless.
    pub(crate) taken_by_others_percent: Option<u64>,
}

/// Which server was measured.
#[derive(Serialize)]
pub(crate) struct ServerFacts {
    pub(crate) url: String,
    pub(crate) is_started_here: bool,
    /// Of the folder of a server that was started here, such as `ext4`.
    pub(crate) file_system: Option<String>,
    /// What its disk does without any server: a block of 4 KiB written and made durable, again and again.
    pub(crate) bare_syncs_per_second: Option<u64>,
}

/// Resident memory of the server.
#[derive(Serialize)]
pub(crate) struct Memory {
    pub(crate) at_start_bytes: Option<u64>,
    pub(crate) listeners: usize,
    pub(crate) with_idle_listeners_bytes: Option<u64>,
    pub(crate) per_idle_listener_bytes: Option<u64>,
}

/// Requests and their answers.
#[derive(Serialize)]
pub(crate) struct Requests {
    pub(crate) clients: usize,
    /// Answered with success.
    pub(crate) answered: u64,
    /// Answered with anything else, such as 503 when the server is busy.
    pub(crate) refused: u64,
    pub(crate) per_second: u64,
    #[serde(flatten)]
    pub(crate) latency: Latency,
}

/// Changes on their way to the listeners.
#[derive(Serialize)]
pub(crate) struct FeedReport {
    pub(crate) listeners: usize,
    pub(crate) writers: usize,
    /// Null means as fast as they could.
    pub(crate) asked_changes_per_second: Option<u32>,
    pub(crate) elapsed_ms: u64,
    /// Creates that the server has acknowledged.
    pub(crate) changes: u64,
    pub(crate) refused: u64,
    pub(crate) changes_per_second: u64,
    pub(crate) deliveries: u64,
    pub(crate) deliveries_per_second: u64,
    #[serde(flatten)]
    pub(crate) faults: FaultCounts,
    /// From the moment before a POST was written to the moment when a listener had its change.
    pub(crate) post_to_first_listener: Latency,
    pub(crate) post_to_median_listener: Latency,
    pub(crate) post_to_last_listener: Latency,
    pub(crate) server_cpu_ns_per_delivery: Option<u64>,
}

/// Frames sent by a loop that does nothing else.
#[derive(Serialize)]
pub(crate) struct Sends {
    pub(crate) cpu_ns_per_send: Option<u64>,
    pub(crate) send_to_last_listener: Latency,
}

/// What must not happen, whatever the load.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct FaultCounts {
    /// Deliveries that did not come.
    pub(crate) lost: u64,
    /// Deliveries whose `seq` was below that of an earlier one.
    pub(crate) out_of_order: u64,
    /// Deliveries that came twice in a row.
    pub(crate) doubled: u64,
    /// Listeners that the server closed.
    pub(crate) closed_listeners: u64,
    /// Messages without a `seq`, and bytes that are no frame.
    pub(crate) unreadable: u64,
}

impl FaultCounts {
    /// Whether all was as promised.
    pub(crate) fn is_clean(self) -> bool {
        let Self { lost, out_of_order, doubled, closed_listeners, unreadable } = self;
        lost + out_of_order + doubled + closed_listeners + unreadable == 0
    }
}

impl Report {
    /// An error if a listener did not get exactly what it should.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        if self.fan_out.faults.is_clean() && self.burst.faults.is_clean() {
            Ok(())
        } else {
            Err("Listeners did not get every change once and in order; see the report.".into())
        }
    }
}

/// Events per second over a time.
pub(crate) fn per_second(count: u64, elapsed_us: u64) -> u64 {
    count.saturating_mul(1_000_000) / elapsed_us.max(1)
}
