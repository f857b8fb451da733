//! What this machine can do at best, without any server: blocks made durable, and one frame sent to many sockets. The
//! server's figures mean little without it, since machines differ, and the same one differs from hour to hour.

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use super::caller::Schedule;
use super::group::Watch;
use super::ledger::{CHANGES_MAX, Ledger};
use super::listener::Listener;
use super::percentile::Latency;
use super::report::Sends;
use super::swarm::{DRAIN_TIME_MAX, Swarm};
use super::{listener, meter};

/// How long frames are sent.
const SENDS_TIME: Duration = Duration::from_secs(3);
/// A frame of the size that a create of the load makes.
const MESSAGE_BYTES: usize = 1_000;

/// Sends a frame to every listener at the rate of the fan-out, from one thread that does nothing else; the listeners are
/// the same as those of the server.
pub(crate) fn sends(listeners: usize, rate_per_second: u32) -> Result<Sends, String> {
    try_sends(listeners, rate_per_second)
        .map_err(|error| format!("Frames cannot be sent within this machine: {error}."))
}

fn try_sends(count: usize, rate_per_second: u32) -> io::Result<Sends> {
    let (listeners, mut sockets) = pairs(count)?;
    let watch =
        Watch::new(Ledger::new(0, CHANGES_MAX.min(frames_max(rate_per_second)), count), SENDS_TIME + DRAIN_TIME_MAX);
    let swarm = Swarm::start(listeners, &watch)?;
    let schedule = Schedule::paced(watch.clock, SENDS_TIME, Some(rate_per_second));
    let cpu_before_ns = meter::own_thread_ns();
    let mut sent_us = Vec::new();
    while schedule.wait_for_next() {
        sent_us.push(watch.now_us());
        let frame = frame(sent_us.len());
        sockets.iter_mut().try_for_each(|socket| socket.write_all(&frame))?;
    }
    let cpu_after_ns = meter::own_thread_ns();
    let sends = (sent_us.len() * count) as u64;
    swarm.drain(sends);
    swarm.finish()?;
    let cpu_ns = cpu_before_ns.zip(cpu_after_ns).map(|(before, after)| after.saturating_sub(before));
    let last = |(sent_us, seq)| Some(watch.ledger.arrivals(seq)?.last_us.saturating_sub(sent_us));
    Ok(Sends {
        cpu_ns_per_send: cpu_ns.and_then(|cpu_ns| cpu_ns.checked_div(sends)),
        send_to_last_listener: Latency::of(sent_us.into_iter().zip(1..).filter_map(last).collect()),
    })
}

fn frames_max(rate_per_second: u32) -> u64 {
    u64::from(rate_per_second) * (SENDS_TIME.as_secs() + 1)
}

/// Listeners, and the other ends of their sockets.
fn pairs(count: usize) -> io::Result<(Vec<Listener>, Vec<TcpStream>)> {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = door.local_addr()?;
    let mut listeners = Vec::with_capacity(count);
    let mut sockets = Vec::with_capacity(count);
    for _ in 0..count {
        listeners.push(Listener::over(TcpStream::connect(address)?));
        let (socket, _) = door.accept()?;
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(DRAIN_TIME_MAX))?;
        sockets.push(socket);
    }
    listener::appoint_logger(&mut listeners);
    Ok((listeners, sockets))
}

/// A text frame with a `seq` where a change has it (RFC 6455 §5.2: 16 bits of length behind 126).
fn frame(seq: usize) -> Vec<u8> {
    let text = format!(r#"{{"type":"estimate","action":"create","id":"EST-00000000","seq":{seq},"data":{{}}}}"#);
    let text = format!("{text:<MESSAGE_BYTES$}");
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
    [[0x81, 126].as_slice(), &length, text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_a_seq_and_the_length_that_it_says() {
        let frame = frame(17);
        assert_eq!(frame.len(), 4 + MESSAGE_BYTES);
        assert_eq!(crate::client::bench::scan::seq(&frame[4..]), Some(17));
    }

    #[test]
    fn bare_sends_reach_every_listener() {
        let (listeners, mut sockets) = pairs(3).unwrap();
        let watch = Watch::new(Ledger::new(0, 10, 3), DRAIN_TIME_MAX);
        let swarm = Swarm::start(listeners, &watch).unwrap();
        for seq in 1..=10 {
            sockets.iter_mut().try_for_each(|socket| socket.write_all(&frame(seq))).unwrap();
        }
        swarm.drain(30);
        let tally = swarm.finish().unwrap();
        assert_eq!((tally.deliveries, tally.out_of_order, tally.doubled, tally.unreadable), (30, 0, 0, 0));
        assert_eq!(watch.ledger.lost(10, 10), 0);
        assert_eq!(tally.log.len(), 10);
    }

    #[test]
    fn a_double_a_step_back_and_a_loss_are_seen() {
        let (listeners, mut sockets) = pairs(2).unwrap();
        let watch = Watch::new(Ledger::new(0, 10, 2), DRAIN_TIME_MAX);
        let swarm = Swarm::start(listeners, &watch).unwrap();
        for (socket, frames) in sockets.iter_mut().zip([[1, 2, 2, 3], [1, 3, 2, 4]]) {
            frames.into_iter().try_for_each(|seq| socket.write_all(&frame(seq))).unwrap();
        }
        swarm.drain(8);
        let tally = swarm.finish().unwrap();
        assert_eq!((tally.deliveries, tally.doubled, tally.out_of_order), (8, 1, 1));
        // The second listener lacks 2 in its place, the first one 4.
        assert_eq!(watch.ledger.lost(4, 4), 2);
    }
}
