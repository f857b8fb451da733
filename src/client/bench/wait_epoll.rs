//! Linux: a thread waits for all its sockets at once with epoll, so a thousand listeners cost no thousand threads, and
//! sixty-four callers no switch between threads for each answer.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::thread::available_parallelism;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::retry_on_intr;

use super::caller::{Caller, Calls, Schedule};
use super::group::{Group, IDLE_LOOK_EVERY};
use super::http::ANSWER_TIME_MAX;

/// Read at once from one socket; the server joins up to 128 KiB in one write.
const READ_BYTES: usize = 256 << 10;
/// Sockets told of at once.
const EVENTS_MAX: usize = 1_024;
/// More threads would take the cores from the server.
const THREADS_MAX: usize = 4;

/// One thread for every two cores.
pub(crate) fn threads_for(sockets: usize) -> usize {
    let cores = available_parallelism().map_or(1, usize::from);
    (cores / 2).clamp(1, THREADS_MAX).min(sockets.max(1))
}

/// Reads whatever comes to a group's listeners until the measurement is over.
pub(crate) fn follow(group: &mut Group) -> io::Result<()> {
    let mut sockets = Sockets::new()?;
    for (index, listener) in group.listeners.iter().enumerate() {
        listener.stream().set_nonblocking(true)?;
        sockets.add(index, listener.stream())?;
    }
    let mut buffer = vec![0; READ_BYTES];
    while !group.watch.is_over() {
        for index in sockets.wait(IDLE_LOOK_EVERY)? {
            read(group, index, &mut buffer);
        }
    }
    Ok(())
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

/// Lets callers call until the schedule ends and all are answered.
pub(crate) fn call(callers: &mut [Caller], schedule: &Schedule) -> io::Result<Calls> {
    let mut sockets = Sockets::new()?;
    let mut calls = Calls::default();
    let mut under_way = 0;
    for (index, caller) in callers.iter_mut().enumerate() {
        caller.connection.set_nonblocking(true)?;
        sockets.add(index, caller.connection.stream())?;
        if schedule.wait_for_next() {
            caller.send(schedule)?;
            under_way += 1;
        }
    }
    while under_way > 0 {
        let ready = sockets.wait(ANSWER_TIME_MAX)?;
        if ready.len() == 0 {
            return Err(ErrorKind::TimedOut.into());
        }
        for index in ready {
            let Some(caller) = callers.get_mut(index) else { continue };
            if is_answered(caller, schedule, &mut calls)? {
                under_way -= 1;
                if schedule.wait_for_next() {
                    caller.send(schedule)?;
                    under_way += 1;
                }
            }
        }
    }
    callers.iter().try_for_each(|caller| caller.connection.set_nonblocking(false))?;
    Ok(calls)
}

fn is_answered(caller: &mut Caller, schedule: &Schedule, calls: &mut Calls) -> io::Result<bool> {
    match caller.receive(schedule, calls) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        result => result,
    }
}

/// Sockets that are waited for together. Edge-triggered: the system tells of a socket once for all that has come, and
/// does not look at it again before more comes.
struct Sockets {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl Sockets {
    fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, events: Vec::with_capacity(EVENTS_MAX) })
    }

    fn add(&mut self, index: usize, socket: &TcpStream) -> io::Result<()> {
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, epoll::EventData::new_u64(index as u64), flags)?)
    }

    /// Waits until something has come, and gives the indices of the sockets to which it did.
    fn wait(&mut self, time_max: Duration) -> io::Result<impl ExactSizeIterator<Item = usize>> {
        let timeout = Timespec::try_from(time_max).map_err(io::Error::other)?;
        self.events.clear();
        retry_on_intr(|| epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&timeout)))?;
        Ok(self.events.drain(..).map(|event| usize::try_from(event.data.u64()).unwrap_or(usize::MAX)))
    }
}
