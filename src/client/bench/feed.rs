//! From a writer's POST to every listener: the fan-out at a fixed rate, and the burst.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use super::caller::{Caller, Calls, Schedule};
use super::calling::run_all;
use super::group::Watch;
use super::ledger::{Arrivals, CHANGES_MAX, Ledger};
use super::listener::Tally;
use super::percentile::Latency;
use super::report::{FaultCounts, per_second};
use super::requests::{connect_all, some_answered};
use super::scan::RecordId;
use super::swarm::{DRAIN_TIME_MAX, Swarm};
use super::target::Target;
use super::{listener, report};

/// A ledger for a burst has room for so many changes; a server that is faster ends the measurement early, or its last
/// changes are not timed.
const CHANGES_PER_SECOND_MAX: u64 = 200_000;
/// On top of the measurement's own time, after which the listeners give up: for the answers under way, and the rest.
const EXTRA_TIME: Duration = Duration::from_secs(60);

const _: () = assert!(EXTRA_TIME.as_secs() > DRAIN_TIME_MAX.as_secs());

/// What is done to the server.
pub(crate) struct Load {
    pub(crate) listeners: usize,
    pub(crate) writers: usize,
    /// Changes of all writers together; without it they are as fast as they can be.
    pub(crate) rate_per_second: Option<u32>,
    pub(crate) time: Duration,
}

impl Load {
    fn changes_max(&self) -> u64 {
        let per_second = self.rate_per_second.map_or(CHANGES_PER_SECOND_MAX, u64::from);
        // One second more than asked for: other people's changes take places too.
        per_second.saturating_mul(self.time.as_secs() + 1).min(CHANGES_MAX)
    }
}

/// Measures one load.
pub(crate) fn measure(target: &Target, load: &Load) -> Result<report::FeedReport, String> {
    let failed = |error: io::Error| target.silent(&error);
    let listeners = listener::connect_all(target, load.listeners)?;
    let mut writers = connect_all(target, load.writers, Caller::writer)?;
    // Everything behind this must reach every listener.
    let ledger = Ledger::new(target.seq()?, load.changes_max(), load.listeners);
    let watch = Watch::new(ledger, load.time + EXTRA_TIME);
    let swarm = Swarm::start(listeners, &watch).map_err(failed)?;
    let cpu_before_ns = target.meter().processor_ns();
    let begun_us = watch.now_us();
    let schedule = Schedule::paced(watch.clock, load.time, load.rate_per_second);
    let calls = run_all(&mut writers, &schedule).map_err(failed)?;
    let changes = some_answered(&calls)?;
    let end_seq = target.seq()?;
    swarm.drain(changes.saturating_mul(load.listeners as u64));
    let cpu_after_ns = target.meter().processor_ns();
    let tally = swarm.finish().map_err(failed)?;
    let cpu_ns = cpu_before_ns.zip(cpu_after_ns).map(|(before, after)| after.saturating_sub(before));
    Ok(summary(load, &watch.ledger, &FeedRun { calls, tally, end_seq, begun_us, cpu_ns }))
}

/// What a measurement has brought.
struct FeedRun {
    calls: Calls,
    tally: Tally,
    end_seq: u64,
    begun_us: u32,
    cpu_ns: Option<u64>,
}

fn summary(load: &Load, ledger: &Ledger, run: &FeedRun) -> report::FeedReport {
    let FeedRun { calls, tally, .. } = run;
    let changes = calls.answered.len() as u64;
    let elapsed_us = u64::from(tally.last_us.saturating_sub(run.begun_us));
    let journeys = journeys(ledger, calls, &tally.log);
    let times = |end: fn(&Arrivals) -> u32| {
        Latency::of(journeys.iter().map(|(sent_us, arrivals)| end(arrivals).saturating_sub(*sent_us)).collect())
    };
    report::FeedReport {
        listeners: load.listeners,
        writers: load.writers,
        asked_changes_per_second: load.rate_per_second,
        elapsed_ms: elapsed_us / 1_000,
        changes,
        refused: calls.refused,
        changes_per_second: per_second(changes, elapsed_us),
        deliveries: tally.deliveries,
        deliveries_per_second: per_second(tally.deliveries, elapsed_us),
        faults: faults(ledger, run),
        post_to_first_listener: times(|arrivals| arrivals.first_us),
        post_to_median_listener: times(|arrivals| arrivals.median_us),
        post_to_last_listener: times(|arrivals| arrivals.last_us),
        server_cpu_ns_per_delivery: run.cpu_ns.and_then(|cpu_ns| cpu_ns.checked_div(tally.deliveries)),
    }
}

fn faults(ledger: &Ledger, run: &FeedRun) -> FaultCounts {
    let Tally { out_of_order, doubled, closed_listeners, unreadable, .. } = run.tally;
    let lost = ledger.lost(run.end_seq, run.calls.answered.len() as u64);
    FaultCounts { lost, out_of_order, doubled, closed_listeners, unreadable }
}

/// When each of our changes was sent and when it arrived. The answer to a create does not say its `seq`, so one listener
/// has written down which record came under which `seq`; other people's changes have no sender here and drop out.
fn journeys(ledger: &Ledger, calls: &Calls, log: &[(u64, RecordId)]) -> Vec<(u32, Arrivals)> {
    let sent: HashMap<RecordId, u32> =
        calls.answered.iter().filter_map(|call| Some((call.id?, call.sent_us))).collect();
    log.iter().filter_map(|(seq, id)| Some((*sent.get(id)?, ledger.arrivals(*seq)?))).collect()
}
