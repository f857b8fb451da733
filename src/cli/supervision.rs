//! What systemd hears of the server, and when: patience while the file is checked, signs of life while it serves. Nothing of
//! it runs where systemd does not ask.

use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::platform;
use crate::platform::systemd::{self, Notice};

/// How often a start shows that it gets on.
const START_PULSE: Duration = Duration::from_secs(5);
/// The time that it asks for with each pulse.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Checking pages takes processor time; a start that used less between two pulses hangs on its disk.
const START_WORK: Duration = Duration::from_millis(2);
/// Signs of life in the time in which systemd wants one: one may be late without a restart.
const PROOFS_PER_WATCHDOG_TIME: u32 = 3;

/// A thread that ends when this is dropped, or a little later; it is not waited for, since it may hang.
#[must_use]
pub struct Supervision {
    _running: Option<Sender<()>>,
}

/// Asks systemd for patience until the result is dropped, as long as the process gets on: a large file takes its time to be
/// checked, a hanging disk gets no more than the unit's `TimeoutStartSec`.
pub fn start() -> Supervision {
    if !systemd::is_listening() {
        return Supervision { _running: None };
    }
    systemd::tell(&[Notice::Patience(START_PATIENCE), Notice::Status("Checking the database")]);
    let mut worked = platform::processor_time();
    every(START_PULSE, "start pulse", move || {
        let before = std::mem::replace(&mut worked, platform::processor_time());
        if worked.saturating_sub(before) >= START_WORK {
            systemd::tell(&[Notice::Patience(START_PATIENCE)]);
        }
    })
}

/// Gives systemd signs of life, if it wants them, until the result is dropped; each only after `prove` has come back with a
/// line for `systemctl status`. A proof that fails or never ends is no sign of life.
pub fn watch(prove: impl Fn() -> Result<String, String> + Send + 'static) -> Supervision {
    let Some(time) = systemd::watchdog_time() else { return Supervision { _running: None } };
    every(time / PROOFS_PER_WATCHDOG_TIME, "watchdog", move || match prove() {
        Ok(line) => systemd::tell(&[Notice::Alive, Notice::Status(&line)]),
        Err(line) => {
            log::warn!("⚠️ No sign of life for systemd: {line}");
            systemd::tell(&[Notice::Status(&line)]);
        }
    })
}

fn every(time: Duration, name: &str, mut run: impl FnMut() + Send + 'static) -> Supervision {
    let (running, ended): (Sender<()>, Receiver<()>) = bounded(0);
    let spawned = thread::Builder::new().name(name.into()).spawn(move || {
        while ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
            run();
        }
    });
    if let Err(error) = spawned {
        log::error!("⚠️ The system gives no thread for the {name}: {error}");
    }
    Supervision { _running: Some(running) }
}
