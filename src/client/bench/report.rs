//! What was measured, as `--json` prints it. Whole numbers with the unit last; null is "not known here".

use serde::Serialize;

use super::percentile::Latency;

/// One run.
#[derive(Serialize)]
pub(super) struct Report {
    /// Of this program; the server's own may differ when it was given by address.
    pub(super) version: &'static str,
    pub(super) seconds: u64,
    pub(super) machine: Machine,
    pub(super) server: ServerFacts,
    pub(super) memory: Memory,
    pub(super) creates: Vec<Requests>,
    pub(super) reads: Requests,
    pub(super) fan_out: Feed,
    /// What the fan-out costs without any server; only if the server is on this machine.
    pub(super) bare_sends: Option<Sends>,
    pub(super) burst: Feed,
}

/// What the load generator ran on, and the server too if it is not elsewhere.
#[derive(Serialize)]
pub(super) struct Machine {
    pub(super) processor: Option<String>,
    pub(super) cores: usize,
    pub(super) system: String,
    /// Part of all cores that neither the load nor the server had during the run. Much of it makes the rest worthless.
    pub(super) taken_by_others_percent: Option<u64>,
}

/// Which server was measured.
#[derive(Serialize)]
pub(super) struct ServerFacts {
    pub(super) url: String,
    pub(super) is_started_here: bool,
    /// Of the folder of a server that was started here, such as `ext4`.
    pub(super) file_system: Option<String>,
    /// What its disk does without any server: a block of 4 KiB written and made durable, again and again.
    pub(super) bare_syncs_per_second: Option<u64>,
}

/// Resident memory of the server.
#[derive(Serialize)]
pub(super) struct Memory {
    pub(super) at_start_bytes: Option<u64>,
    pub(super) listeners: usize,
    pub(super) with_idle_listeners_bytes: Option<u64>,
    pub(super) per_idle_listener_bytes: Option<u64>,
}

/// Requests and their answers.
#[derive(Serialize)]
pub(super) struct Requests {
    pub(super) clients: usize,
    /// Answered with success.
    pub(super) answered: u64,
    /// Answered with anything else, such as 503 when the server is busy.
    pub(super) refused: u64,
    pub(super) per_second: u64,
    #[serde(flatten)]
    pub(super) latency: Latency,
}

/// Changes on their way to the listeners.
#[derive(Serialize)]
pub(super) struct Feed {
    pub(super) listeners: usize,
    pub(super) writers: usize,
    /// Null means as fast as they could.
    pub(super) asked_changes_per_second: Option<u32>,
    pub(super) elapsed_ms: u64,
    /// Creates that the server has acknowledged.
    pub(super) changes: u64,
    pub(super) refused: u64,
    pub(super) changes_per_second: u64,
    pub(super) deliveries: u64,
    pub(super) deliveries_per_second: u64,
    #[serde(flatten)]
    pub(super) faults: Faults,
    /// From the moment before a POST was written to the moment when a listener had its change.
    pub(super) post_to_first_listener: Latency,
    pub(super) post_to_median_listener: Latency,
    pub(super) post_to_last_listener: Latency,
    pub(super) server_cpu_ns_per_delivery: Option<u64>,
}

/// Frames sent by a loop that does nothing else.
#[derive(Serialize)]
pub(super) struct Sends {
    pub(super) cpu_ns_per_send: Option<u64>,
    pub(super) send_to_last_listener: Latency,
}

/// What must not happen, whatever the load.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct Faults {
    /// Deliveries that did not come.
    pub(super) lost: u64,
    /// Deliveries whose `seq` was below that of an earlier one.
    pub(super) out_of_order: u64,
    /// Deliveries that came twice in a row.
    pub(super) doubled: u64,
    /// Listeners that the server closed.
    pub(super) closed_listeners: u64,
    /// Messages without a `seq`, and bytes that are no frame.
    pub(super) unreadable: u64,
}

impl Faults {
    /// Whether all was as promised.
    pub(super) fn is_clean(self) -> bool {
        let Self { lost, out_of_order, doubled, closed_listeners, unreadable } = self;
        lost + out_of_order + doubled + closed_listeners + unreadable == 0
    }
}

impl Report {
    /// An error if a listener did not get exactly what it should.
    pub(super) fn verdict(&self) -> Result<(), String> {
        if self.fan_out.faults.is_clean() && self.burst.faults.is_clean() {
            Ok(())
        } else {
            Err("Listeners did not get every change once and in order; see the report.".into())
        }
    }
}

/// Events per second over a time.
pub(super) fn per_second(count: u64, elapsed_us: u64) -> u64 {
    count.saturating_mul(1_000_000) / elapsed_us.max(1)
}
