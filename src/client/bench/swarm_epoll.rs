//! Linux: a thread waits for all its listeners at once with epoll, so a thousand of them cost no thousand threads.

use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::thread::{self, available_parallelism};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

use super::swarm::{Group, IDLE_LOOK_EVERY};

/// Read at once from one socket; the server joins up to 128 KiB in one write.
const READ_BYTES: usize = 256 << 10;
/// Sockets told of at once.
const EVENTS_MAX: usize = 1_024;
/// More threads would take the cores from the server.
const THREADS_MAX: usize = 4;
/// A thread that has read does not listen again at once, but after so long for each of its listeners, about a tenth of
/// the time in which a server serves them all. If it slept in epoll between two deliveries, the server's next send would
/// have to wake it: a cost of several microseconds for each delivery that the server does not have when its listeners are
/// other machines, whose network cards gather packets likewise. So arrivals are seen up to this time late, plus what the
/// system adds to any sleep (50 µs on Linux).
const GATHER_TIME_PER_LISTENER: Duration = Duration::from_nanos(200);
const GATHER_TIME_MAX: Duration = Duration::from_micros(500);

/// One thread for every two cores.
pub(super) fn threads_for(listeners: usize) -> usize {
    let cores = available_parallelism().map_or(1, usize::from);
    (cores / 2).clamp(1, THREADS_MAX).min(listeners.max(1))
}

/// Reads whatever comes until the measurement is over.
pub(super) fn follow(group: &mut Group) -> io::Result<()> {
    let waiting = register(group)?;
    let timeout = Timespec::try_from(IDLE_LOOK_EVERY).map_err(io::Error::other)?;
    let gather_time = gather_time(group.listeners.len());
    let mut events = Vec::with_capacity(EVENTS_MAX);
    let mut buffer = vec![0; READ_BYTES];
    while !group.watch.is_over() {
        events.clear();
        match epoll::wait(&waiting, spare_capacity(&mut events), Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in events.drain(..) {
            let index = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            read(group, index, &mut buffer);
        }
        thread::sleep(gather_time);
    }
    Ok(())
}

fn gather_time(listeners: usize) -> Duration {
    let listeners = u32::try_from(listeners).unwrap_or(u32::MAX);
    GATHER_TIME_PER_LISTENER.saturating_mul(listeners).min(GATHER_TIME_MAX)
}

/// Edge-triggered: the system tells of a socket once for all that has come, and does not look at it again.
fn register(group: &Group) -> io::Result<OwnedFd> {
    let waiting = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (index, listener) in group.listeners.iter().enumerate() {
        listener.stream().set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(index as u64);
        epoll::add(&waiting, listener.stream(), data, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
    }
    Ok(waiting)
}

/// Reads until a read does not fill the buffer: then the socket is empty, and the next byte makes a new event.
fn read(group: &mut Group, index: usize, buffer: &mut [u8]) {
    while !group.watch.is_over() {
        let Some(listener) = group.listeners.get(index).filter(|listener| listener.is_open()) else { return };
        match listener.stream().read(buffer) {
            Ok(0) => return group.end(index),
            Ok(length) => {
                group.take(index, buffer.get(..length).unwrap_or_default());
                if length < buffer.len() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return group.end(index),
        }
    }
}
