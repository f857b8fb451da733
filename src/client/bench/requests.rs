//! Requests and their answers: durable creates, and reads of one record.

use std::io;
use std::time::Duration;

use super::caller::{Caller, Calls, Schedule};
use super::calling::run_all;
use super::percentile::{Latency, micros};
use super::report;
use super::report::per_second;
use super::target::Target;

/// Creates by so many writers at once, without listeners.
pub(crate) fn creates(target: &Target, writers: usize, time: Duration) -> Result<report::Requests, String> {
    measure(target, writers, time, Caller::writer)
}

/// Reads of one record by so many readers at once, each its own.
pub(crate) fn reads(target: &Target, readers: usize, time: Duration) -> Result<report::Requests, String> {
    measure(target, readers, time, Caller::reader)
}

fn measure(
    target: &Target,
    clients: usize,
    time: Duration,
    connect: fn(&Target, usize) -> io::Result<Caller>,
) -> Result<report::Requests, String> {
    let mut callers = connect_all(target, clients, connect)?;
    let schedule = Schedule::now(time);
    let calls = run_all(&mut callers, &schedule).map_err(|error| target.silent(&error))?;
    let elapsed_us = u64::from(micros(schedule.clock.elapsed()));
    let answered = some_answered(&calls)?;
    Ok(report::Requests {
        clients,
        answered,
        refused: calls.refused,
        per_second: per_second(answered, elapsed_us),
        latency: Latency::of(calls.answered.iter().map(|call| call.took_us).collect()),
    })
}

/// Connects callers, numbered from 0.
pub(crate) fn connect_all(
    target: &Target,
    count: usize,
    connect: fn(&Target, usize) -> io::Result<Caller>,
) -> Result<Vec<Caller>, String> {
    (0..count).map(|number| connect(target, number).map_err(|error| target.silent(&error))).collect()
}

/// How many calls succeeded; an error if none did, since then there is nothing to measure.
pub(crate) fn some_answered(calls: &Calls) -> Result<u64, String> {
    match (calls.answered.len(), &calls.refusal) {
        (0, Some(refusal)) => Err(format!("The server refuses every request ({refusal}).")),
        (0, None) => Err("The time was too short for a single answer.".into()),
        (answered, _) => Ok(answered as u64),
    }
}
