//! PINs and passwords: which may be chosen, and whether one is right.

use std::thread;
use std::time::{Duration, Instant};

use super::errand::{Requester, errand, note_stranger};
use super::refusal::AccessRefusal;
use crate::app::access::{Credential, LoginFrom, LoginPlace, Standing};
use crate::app::application::App;
use crate::domain::{AuditKind, Person, Role};
use crate::platform::Network;
use crate::store::AccessNote;

/// Digits of a PIN.
pub const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;
/// Digits of the PIN of somebody who can change what others may, at least.
pub const TRUSTED_PIN_DIGITS_MIN: usize = 6;
/// Characters of a password.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=256;
/// Every refused login is answered after this time at the earliest, so that the answer's time tells nothing.
const REFUSAL_TIME: Duration = Duration::from_millis(300);

/// Somebody by his number or his name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// As the list of names has it.
    Id(u32),
    /// As he is called: a device that nobody has let in sees no list.
    Name(String),
}

/// A PIN or a password that somebody is to have.
#[derive(Clone, Default)]
pub struct NewCredential {
    /// Digits.
    pub pin: Option<String>,
    /// Any text.
    pub password: Option<String>,
}

impl std::fmt::Debug for NewCredential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("NewCredential")
    }
}

/// The hashes of new credentials.
#[derive(Clone, Default)]
pub(super) struct Hashed {
    pub pin: Option<String>,
    pub password: Option<String>,
}

impl NewCredential {
    /// Whether nothing is chosen.
    pub fn is_empty(&self) -> bool {
        self.pin.is_none() && self.password.is_none()
    }

    /// Whether somebody with this role may have them.
    pub(super) fn check(&self, role: u32) -> Result<(), AccessRefusal> {
        if let Some(pin) = &self.pin {
            if !PIN_DIGITS.contains(&pin.len()) || !pin.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(AccessRefusal::Invalid("pin", "must be 4 to 8 digits".to_string()));
            }
            if Role::is_trusted(role) && pin.len() < TRUSTED_PIN_DIGITS_MIN {
                let why = format!("must be at least {TRUSTED_PIN_DIGITS_MIN} digits for an Owner or a Manager");
                return Err(AccessRefusal::Invalid("pin", why));
            }
        }
        match &self.password {
            Some(password) if !PASSWORD_CHARS.contains(&password.chars().count()) => {
                Err(AccessRefusal::Invalid("password", "must be 8 to 256 characters".to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Computes the hashes. It takes its time, one after the other.
    pub(super) fn hash(self, app: &App, is_stranger: bool) -> Result<Hashed, AccessRefusal> {
        let hasher = &app.access().hasher;
        let hash = |credential: Credential| hasher.hash(&credential, is_stranger);
        Ok(Hashed {
            pin: self.pin.map(|pin| hash(Credential::Pin(pin))).transpose()?,
            password: self.password.map(|password| hash(Credential::Password(password))).transpose()?,
        })
    }
}

/// PIN or password: exactly one.
pub(super) fn credential_of(pin: Option<String>, password: Option<String>) -> Result<Credential, AccessRefusal> {
    match (pin, password) {
        (Some(pin), None) => Ok(Credential::Pin(pin)),
        (None, Some(password)) => Ok(Credential::Password(password)),
        _ => Err(AccessRefusal::Invalid("pin", "or password must be given, one of them".to_string())),
    }
}

/// Whether what somebody has typed is his. Wrong ones are counted, for the person at the place and for the place, and noted; each
/// refusal looks the same and takes as long.
pub(super) fn check(
    app: &App,
    caller: Requester,
    person: Option<&Person>,
    credential: &Credential,
) -> Result<(), AccessRefusal> {
    let started = Instant::now();
    let refused = try_check(app, caller, person, credential);
    if refused == Err(AccessRefusal::WrongCredential) {
        thread::sleep(REFUSAL_TIME.saturating_sub(started.elapsed()));
    }
    refused
}

fn try_check(
    app: &App,
    caller: Requester,
    person: Option<&Person>,
    credential: &Credential,
) -> Result<(), AccessRefusal> {
    let access = app.access();
    let directory = access.directory();
    let is_pin = matches!(credential, Credential::Pin(_));
    let is_stranger = caller.device() == 0;
    let from =
        if is_stranger { LoginFrom::Network(Network::of(caller.from)) } else { LoginFrom::Device(caller.device()) };
    let _turn = access.enter_login(from).ok_or(AccessRefusal::Busy)?;
    let place = if is_stranger {
        LoginPlace::Network(Network::of(caller.from))
    } else {
        let device = caller.device();
        LoginPlace::Device { device, maker: directory.device(device).and_then(|device| device.maker) }
    };
    let id = person.map_or(NOBODY_KNOWN, |person| person.id);
    match access.attempts().check(place, id, app.uptime_seconds()) {
        Standing::Locked { seconds } => return Err(AccessRefusal::Locked { seconds }),
        Standing::PinRefused if is_pin => return Err(AccessRefusal::PinRefused),
        Standing::Open | Standing::PinRefused => {}
    }
    // A PIN is looked at on a device that was let in, and nowhere else: it is short enough to be guessed.
    let is_looked_at = !(is_pin && is_stranger);
    let stored = person
        .filter(|person| person.is_active)
        .and_then(|person| if is_pin { person.pin_hash.as_deref() } else { person.password_hash.as_deref() });
    if is_looked_at {
        let turn = access.hasher.turn(is_stranger)?;
        // Whoever waited with him may have locked him out in the meantime.
        if let Standing::Locked { seconds } = access.attempts().check(place, id, app.uptime_seconds()) {
            return Err(AccessRefusal::Locked { seconds });
        }
        let is_right = turn.verify(credential, stored)?;
        let mut attempts = access.attempts();
        if is_right {
            attempts.note_right(place, id);
            if !is_pin && !is_stranger {
                attempts.clear_device(caller.device());
            }
            return Ok(());
        }
        attempts.note_wrong(place, id, app.uptime_seconds());
    } else {
        access.attempts().note_wrong(place, id, app.uptime_seconds());
    }
    note_wrong(app, caller, person)?;
    Err(AccessRefusal::WrongCredential)
}

/// In place of a person's number on a device where somebody is named whom nobody knows.
const NOBODY_KNOWN: u32 = u32::MAX;

/// Notes it in the audit, and keeps the count over a restart. What strangers try is summed, and written when nobody waits.
fn note_wrong(app: &App, caller: Requester, person: Option<&Person>) -> Result<(), AccessRefusal> {
    if caller.device() == 0 {
        note_stranger(app, caller);
        return Ok(());
    }
    let kept = app.access().attempts().encode(app.uptime_seconds());
    let name = person.map(|person| person.name.clone()).unwrap_or_default();
    errand(app, move |transaction| {
        transaction.put_access_note(AccessNote::Attempts, &kept)?;
        caller.audit(transaction, AuditKind::LoginRefused, name, None)
    })
}
