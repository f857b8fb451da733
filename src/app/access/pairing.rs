//! Pairing: devices that ask to be let in, and wait in memory until somebody who may confirms the six digits that they show, or
//! the name of one that came by an invitation (a QR code on the owner's screen).
//!
//! Times are running seconds. Nothing here outlasts a restart: a device that waits asks again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::random::{NoRandomness, digits6, secret_128, sha256, token};
use crate::platform::Network;

/// For which a pairing or an invitation can be used.
const PAIRING_SECONDS: u64 = 10 * 60;
/// For which one that was confirmed at the last moment can still be fetched.
const PICK_UP_SECONDS: u64 = 60;
/// Pairings that wait to be confirmed or fetched.
const PENDING_PAIRINGS_MAX: usize = 32;
/// Of these from one address other than this machine, of IPv6 from one network of 64 bits.
const PENDING_PER_ADDRESS_MAX: usize = 3;
/// Pairings whose refusal their device has not read yet; of more, the oldest hear that their time is over.
const REFUSED_PAIRINGS_MAX: usize = 32;
/// Invitations that can be used; a further one ends the oldest.
const INVITES_MAX: usize = 8;
/// Confirmations within [`CONFIRMATION_WINDOW_SECONDS`], those with wrong digits included.
const CONFIRMATIONS_MAX: usize = 10;
const CONFIRMATION_WINDOW_SECONDS: u64 = 60;

/// What a device says when it asks to be let in.
#[derive(Clone, Copy)]
pub(crate) struct PairingRequest<'a> {
    pub name: &'a str,
    /// As it is shown to the person who confirms.
    pub address: &'a str,
    /// Under which it is counted.
    pub network: Network,
    /// The device that it was until that was revoked, if it shows that.
    pub before: Option<u32>,
    /// A program gets its token in the answer instead of in a cookie.
    pub is_program: bool,
    /// The invitation that it has read.
    pub invite: Option<&'a str>,
}

/// A pairing that waits. Only its device learns the secret.
pub(crate) struct Asked {
    pub id: u32,
    /// Six digits to be shown; none if it came by an invitation.
    pub code: Option<String>,
    /// 64 hexadecimal digits, for [`Pairings::poll`].
    pub secret: String,
    /// For how long it can be confirmed.
    pub seconds: u64,
}

/// Nothing waits; the reason says when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PairingRefusal {
    /// In all, or from this address: the next place is free after so long (429).
    TooMany { seconds: u64 },
    /// Unknown, used, or too old. Show a new one.
    NoSuchInvite,
    /// The system gives no random numbers (503).
    NoRandomness,
}

impl From<NoRandomness> for PairingRefusal {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// A pairing as it is shown to those who may confirm it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedPairing {
    pub id: u32,
    pub name: String,
    pub address: String,
    pub is_program: bool,
    pub is_invited: bool,
    /// Since it asked.
    pub age_seconds: u64,
}

/// What a confirmation lets in. It is to be stored, and then told to [`Pairings::settle`], or to [`Pairings::refuse`] if it
/// cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Confirmed {
    pub id: u32,
    /// As the device called itself.
    pub name: String,
    pub address: String,
    /// The device that it was before.
    pub before: Option<u32>,
    pub is_program: bool,
}

/// Nobody was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConfirmRefusal {
    /// Look at the device's screen again; after five times it must ask anew.
    WrongCode,
    /// No device that waits shows these digits.
    NoSuchCode,
    /// Unknown, too old, confirmed already, refused, or wrong too often.
    Over,
    /// Too many confirmations within a minute: the next one counts after so long (429).
    TooMany { seconds: u64 },
}

/// What became of a pairing, as its device reads it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PairingPoll {
    /// Nobody has decided yet.
    Waiting,
    /// Let in. Said once.
    Done { token: String, device: u32 },
    /// Somebody said no.
    Refused,
    /// Unknown, too old, or read already.
    Over,
}

/// The pairings and invitations that can be used.
#[derive(Default)]
pub(crate) struct Pairings {
    state: Mutex<PairingState>,
}

#[derive(Default)]
struct PairingState {
    last_id: u32,
    /// Oldest first.
    pending: Vec<PendingPairing>,
    /// Oldest first.
    invites: VecDeque<PairingInvite>,
    /// When each of the newest confirmations stops to count.
    confirmations: VecDeque<u64>,
}

struct PendingPairing {
    id: u32,
    name: String,
    address: String,
    network: Network,
    before: Option<u32>,
    is_program: bool,
    asked_at: u64,
    over_at: u64,
    secret: [u8; 32],
    /// The hash of the digits; none if it came by an invitation.
    code: Option<[u8; 32]>,
    stage: PairingStage,
}

enum PairingStage {
    Asked,
    Confirmed,
    Settled { token: String, device: u32 },
    Refused,
}

struct PairingInvite {
    secret: [u8; 32],
    over_at: u64,
}

impl Pairings {
    /// A device asks to be let in.
    pub fn ask(&self, request: PairingRequest<'_>, now: u64) -> Result<Asked, PairingRefusal> {
        let mut state = self.state(now);
        // Whoever was invited is not kept out by others who wait; of invitations there are few.
        match request.invite {
            Some(invite) => state.use_invite(invite)?,
            None => state.check_room(request.network, now)?,
        }
        let secret = token()?;
        let code = request.invite.is_none().then(|| state.fresh_digits()).transpose()?;
        state.last_id = state.last_id.wrapping_add(1);
        let id = state.last_id;
        state.pending.push(PendingPairing {
            id,
            name: request.name.to_string(),
            address: request.address.to_string(),
            network: request.network,
            before: request.before,
            is_program: request.is_program,
            asked_at: now,
            over_at: now.saturating_add(PAIRING_SECONDS),
            secret: sha256(&secret),
            code: code.as_deref().map(sha256),
            stage: PairingStage::Asked,
        });
        Ok(Asked { id, code, secret, seconds: PAIRING_SECONDS })
    }

    /// Those that wait to be confirmed, oldest first.
    pub fn list(&self, now: u64) -> Vec<ListedPairing> {
        let state = self.state(now);
        let waiting = state.pending.iter().filter(|pairing| matches!(pairing.stage, PairingStage::Asked));
        waiting
            .map(|pairing| ListedPairing {
                id: pairing.id,
                name: pairing.name.clone(),
                address: pairing.address.clone(),
                is_program: pairing.is_program,
                is_invited: pairing.code.is_none(),
                age_seconds: now.saturating_sub(pairing.asked_at),
            })
            .collect()
    }

    /// An invitation for one device: 32 hexadecimal digits, for ten minutes.
    pub fn invite(&self, now: u64) -> Result<String, NoRandomness> {
        let invite = secret_128()?;
        let mut state = self.state(now);
        if state.invites.len() >= INVITES_MAX {
            state.invites.pop_front();
        }
        let over_at = now.saturating_add(PAIRING_SECONDS);
        state.invites.push_back(PairingInvite { secret: sha256(&invite), over_at });
        Ok(invite)
    }

    /// Somebody lets a device in: with the digits that it shows, or without if it came by an invitation. Without an id it is the
    /// one that shows these digits. Blanks and dashes between the digits do not count.
    pub fn confirm(&self, id: Option<u32>, code: Option<&str>, now: u64) -> Result<Confirmed, ConfirmRefusal> {
        let mut state = self.state(now);
        state.count_confirmation(now)?;
        let at = match id {
            Some(id) => state.position(id).ok_or(ConfirmRefusal::Over)?,
            None => code.and_then(|code| state.showing(hash_of_digits(code))).ok_or(ConfirmRefusal::NoSuchCode)?,
        };
        let pairing = state.pending.get_mut(at).ok_or(ConfirmRefusal::Over)?;
        if !matches!(pairing.stage, PairingStage::Asked) {
            return Err(ConfirmRefusal::Over);
        }
        if pairing.code.is_some() && pairing.code != code.map(hash_of_digits) {
            return Err(ConfirmRefusal::WrongCode);
        }
        pairing.stage = PairingStage::Confirmed;
        pairing.over_at = pairing.over_at.max(now.saturating_add(PICK_UP_SECONDS));
        let (name, address) = (pairing.name.clone(), pairing.address.clone());
        Ok(Confirmed { id: pairing.id, name, address, before: pairing.before, is_program: pairing.is_program })
    }

    /// The device of a confirmed pairing is stored: its token waits to be fetched. False if nobody can fetch it any more.
    pub fn settle(&self, id: u32, token: String, device: u32) -> bool {
        let mut state = self.lock();
        let pairing = state.pending.iter_mut().find(|pairing| pairing.id == id);
        let confirmed = pairing.filter(|pairing| matches!(pairing.stage, PairingStage::Confirmed));
        confirmed.map(|pairing| pairing.stage = PairingStage::Settled { token, device }).is_some()
    }

    /// Somebody says no. False if there is nothing to refuse any more.
    pub fn refuse(&self, id: u32) -> bool {
        let mut state = self.lock();
        let pairing = state.pending.iter_mut().find(|pairing| pairing.id == id);
        let open =
            pairing.filter(|pairing| pairing.is_open() && !matches!(pairing.stage, PairingStage::Settled { .. }));
        let is_refused = open.map(|pairing| pairing.stage = PairingStage::Refused).is_some();
        state.forget_old_refusals();
        is_refused
    }

    /// What became of the pairing with this secret.
    pub fn poll(&self, secret: &str, now: u64) -> PairingPoll {
        let secret = sha256(secret);
        let mut state = self.state(now);
        let Some(at) = state.pending.iter().position(|pairing| pairing.secret == secret) else {
            return PairingPoll::Over;
        };
        match state.pending.get(at).map(|pairing| &pairing.stage) {
            Some(PairingStage::Asked | PairingStage::Confirmed) => PairingPoll::Waiting,
            Some(PairingStage::Refused) => PairingPoll::Refused,
            Some(PairingStage::Settled { .. }) => match state.pending.remove(at).stage {
                PairingStage::Settled { token, device } => PairingPoll::Done { token, device },
                PairingStage::Asked | PairingStage::Confirmed | PairingStage::Refused => PairingPoll::Over,
            },
            None => PairingPoll::Over,
        }
    }

    /// The state without what is over by now.
    fn state(&self, now: u64) -> MutexGuard<'_, PairingState> {
        let mut state = self.lock();
        state.pending.retain(|pairing| pairing.over_at > now);
        state.invites.retain(|invite| invite.over_at > now);
        state.confirmations.retain(|until| *until > now);
        state
    }

    fn lock(&self) -> MutexGuard<'_, PairingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PairingState {
    fn check_room(&self, network: Network, now: u64) -> Result<(), PairingRefusal> {
        let open = self.pending.iter().filter(|pairing| pairing.is_open() && pairing.code.is_some());
        let own = open.clone().filter(|pairing| pairing.network == network);
        let too_many = |first_over: Option<u64>| {
            Err(PairingRefusal::TooMany { seconds: first_over.unwrap_or(now).saturating_sub(now).max(1) })
        };
        if open.clone().count() >= PENDING_PAIRINGS_MAX {
            too_many(open.map(|pairing| pairing.over_at).min())
        } else if !network.is_loopback() && own.clone().count() >= PENDING_PER_ADDRESS_MAX {
            too_many(own.map(|pairing| pairing.over_at).min())
        } else {
            Ok(())
        }
    }

    fn use_invite(&mut self, invite: &str) -> Result<(), PairingRefusal> {
        let secret = sha256(invite);
        let at = self.invites.iter().position(|invite| invite.secret == secret);
        at.and_then(|at| self.invites.remove(at)).map(drop).ok_or(PairingRefusal::NoSuchInvite)
    }

    fn count_confirmation(&mut self, now: u64) -> Result<(), ConfirmRefusal> {
        if self.confirmations.len() >= CONFIRMATIONS_MAX {
            let first = self.confirmations.front().copied().unwrap_or(now);
            return Err(ConfirmRefusal::TooMany { seconds: first.saturating_sub(now).max(1) });
        }
        self.confirmations.push_back(now.saturating_add(CONFIRMATION_WINDOW_SECONDS));
        Ok(())
    }

    fn position(&self, id: u32) -> Option<usize> {
        self.pending.iter().position(|pairing| pairing.id == id)
    }

    /// The pairing whose device shows these digits and waits.
    fn showing(&self, code: [u8; 32]) -> Option<usize> {
        let shows =
            |pairing: &PendingPairing| pairing.code == Some(code) && matches!(pairing.stage, PairingStage::Asked);
        self.pending.iter().position(shows)
    }

    /// Digits that no other device shows, so that they alone say which one is meant.
    fn fresh_digits(&self) -> Result<String, NoRandomness> {
        // Of a million at most PENDING_PAIRINGS_MAX are taken.
        loop {
            let digits = digits6()?;
            if self.showing(sha256(&digits)).is_none() {
                return Ok(digits);
            }
        }
    }

    fn forget_old_refusals(&mut self) {
        let refused = self.pending.iter().filter(|pairing| !pairing.is_open()).count();
        let mut surplus = refused.saturating_sub(REFUSED_PAIRINGS_MAX);
        self.pending.retain(|pairing| {
            let is_kept = pairing.is_open() || surplus == 0;
            surplus -= usize::from(!is_kept);
            is_kept
        });
    }
}

impl PendingPairing {
    /// Whether it takes a place of those that are limited.
    fn is_open(&self) -> bool {
        !matches!(self.stage, PairingStage::Refused)
    }
}

fn hash_of_digits(typed: &str) -> [u8; 32] {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    sha256(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    fn request(address: &str) -> PairingRequest<'_> {
        PairingRequest {
            name: "Till 1",
            address,
            network: network(address),
            before: None,
            is_program: false,
            invite: None,
        }
    }

    fn ask(pairings: &Pairings, address: &str, now: u64) -> Asked {
        pairings.ask(request(address), now).ok().unwrap()
    }

    fn refusal(pairings: &Pairings, request: PairingRequest<'_>, now: u64) -> PairingRefusal {
        pairings.ask(request, now).err().unwrap()
    }

    fn wrong_code(asked: &Asked) -> &'static str {
        if asked.code.as_deref() == Some("000000") { "000001" } else { "000000" }
    }

    #[test]
    fn a_device_is_let_in_by_its_digits_and_learns_it_once() {
        let pairings = Pairings::default();
        let asked = ask(&pairings, "192.168.1.7", 0);
        assert!(asked.secret.len() == 64 && asked.code.as_ref().unwrap().len() == 6);
        assert!(pairings.poll(&asked.secret, 1) == PairingPoll::Waiting);
        let listed = pairings.list(5);
        let expected = ListedPairing {
            id: asked.id,
            name: "Till 1".to_string(),
            address: "192.168.1.7".to_string(),
            is_program: false,
            is_invited: false,
            age_seconds: 5,
        };
        assert_eq!(listed, [expected]);

        assert!(!pairings.settle(asked.id, "early".to_string(), 3), "nobody has confirmed it");
        let code = asked.code.clone().unwrap();
        let typed = format!(" {}-{} ", &code[..3], &code[3..]);
        assert_eq!(pairings.confirm(Some(asked.id), Some(&typed), 10).unwrap().name, "Till 1");
        assert_eq!(pairings.confirm(Some(asked.id), Some(&code), 10), Err(ConfirmRefusal::Over));
        assert!(pairings.list(10).is_empty() && pairings.poll(&asked.secret, 10) == PairingPoll::Waiting);
        assert!(pairings.settle(asked.id, "token".to_string(), 3));
        assert!(!pairings.refuse(asked.id), "it is let in");
        assert!(pairings.poll("0123", 11) == PairingPoll::Over);
        assert!(pairings.poll(&asked.secret, 11) == PairingPoll::Done { token: "token".to_string(), device: 3 });
        assert!(pairings.poll(&asked.secret, 11) == PairingPoll::Over);
    }

    #[test]
    fn a_pairing_is_over_in_the_eleventh_minute() {
        let pairings = Pairings::default();
        let asked = ask(&pairings, "192.168.1.7", 0);
        assert!(pairings.poll(&asked.secret, 599) == PairingPoll::Waiting);
        assert!(pairings.poll(&asked.secret, 600) == PairingPoll::Over);
        assert_eq!(pairings.confirm(Some(asked.id), asked.code.as_deref(), 600), Err(ConfirmRefusal::Over));
        // One that is confirmed in the last second can still be fetched.
        let asked = ask(&pairings, "192.168.1.7", 1_000);
        assert!(pairings.confirm(Some(asked.id), asked.code.as_deref(), 1_599).is_ok());
        assert!(pairings.settle(asked.id, "token".to_string(), 3));
        assert!(matches!(pairings.poll(&asked.secret, 1_658), PairingPoll::Done { .. }));
    }

    #[test]
    fn wrong_digits_let_nobody_in_and_the_right_ones_still_do() {
        let pairings = Pairings::default();
        let (asked, other) = (ask(&pairings, "192.168.1.7", 0), ask(&pairings, "192.168.1.8", 0));
        let wrong = wrong_code(&asked);
        assert_eq!(pairings.confirm(Some(asked.id), None, 0), Err(ConfirmRefusal::WrongCode));
        assert_eq!(pairings.confirm(Some(asked.id), Some(""), 0), Err(ConfirmRefusal::WrongCode));
        for _ in 0..3 {
            assert_eq!(pairings.confirm(Some(asked.id), Some(wrong), 0), Err(ConfirmRefusal::WrongCode));
        }
        assert!(pairings.poll(&asked.secret, 0) == PairingPoll::Waiting);
        assert!(pairings.confirm(Some(asked.id), asked.code.as_deref(), 0).is_ok());
        assert!(pairings.confirm(Some(other.id), other.code.as_deref(), 0).is_ok(), "others go on");
    }

    #[test]
    fn ten_confirmations_a_minute_count_wrong_ones_included() {
        let pairings = Pairings::default();
        let asked: Vec<_> = (1..=3).map(|device| ask(&pairings, &format!("192.168.1.{device}"), 0)).collect();
        for now in 0..4 {
            assert!(pairings.confirm(Some(asked[0].id), Some(wrong_code(&asked[0])), now).is_err());
            assert!(pairings.confirm(Some(asked[1].id), Some(wrong_code(&asked[1])), now).is_err());
        }
        assert_eq!(pairings.confirm(Some(9_999), None, 5), Err(ConfirmRefusal::Over));
        assert!(pairings.confirm(Some(asked[2].id), asked[2].code.as_deref(), 6).is_ok());
        assert_eq!(
            pairings.confirm(Some(asked[0].id), asked[0].code.as_deref(), 20),
            Err(ConfirmRefusal::TooMany { seconds: 40 })
        );
        assert!(pairings.confirm(Some(asked[0].id), asked[0].code.as_deref(), 60).is_ok());
    }

    #[test]
    fn the_digits_alone_find_the_device_that_shows_them_while_it_waits() {
        let pairings = Pairings::default();
        let (first, second) = (ask(&pairings, "::1", 0), ask(&pairings, "::1", 0));
        let invite = pairings.invite(0).unwrap();
        let invited = pairings.ask(PairingRequest { invite: Some(&invite), ..request("::1") }, 0).ok().unwrap();
        let by_digits = |code: Option<&str>, now| pairings.confirm(None, code, now);
        assert_eq!(by_digits(second.code.as_deref(), 1).unwrap().id, second.id);
        assert_eq!(by_digits(second.code.as_deref(), 1), Err(ConfirmRefusal::NoSuchCode), "it is confirmed");
        assert_eq!(by_digits(None, 1), Err(ConfirmRefusal::NoSuchCode), "an invitation has no digits");
        assert!(pairings.refuse(first.id));
        assert_eq!(by_digits(first.code.as_deref(), 1), Err(ConfirmRefusal::NoSuchCode), "it was refused");
        (4..CONFIRMATIONS_MAX).for_each(|_| assert_eq!(by_digits(Some("no"), 1), Err(ConfirmRefusal::NoSuchCode)));
        let refused = pairings.confirm(Some(invited.id), None, 1);
        assert_eq!(refused, Err(ConfirmRefusal::TooMany { seconds: 60 }), "wrong digits count");
    }

    #[test]
    fn thirty_two_wait_and_three_of_one_address() {
        let pairings = Pairings::default();
        let tablet = |device: u32| format!("2001:db8:1:2::{device}");
        (1..=3).for_each(|device| drop(ask(&pairings, &tablet(device), 10)));
        assert_eq!(refusal(&pairings, request(&tablet(4)), 20), PairingRefusal::TooMany { seconds: 590 });
        (0..29).for_each(|_| drop(ask(&pairings, "127.0.0.1", 30)));
        for address in ["127.0.0.1", "192.168.1.7"] {
            assert_eq!(refusal(&pairings, request(address), 30), PairingRefusal::TooMany { seconds: 580 });
        }
        assert_eq!(pairings.list(30).len(), PENDING_PAIRINGS_MAX);
        // The first three are over; and one that was refused takes no place.
        assert!(pairings.ask(request("192.168.1.7"), 610).is_ok());
        let refused = ask(&pairings, "::1", 610);
        let _last = ask(&pairings, "::1", 610);
        assert!(pairings.ask(request("::1"), 610).is_err());
        assert!(pairings.refuse(refused.id) && pairings.ask(request("::1"), 610).is_ok());
        assert!(pairings.poll(&refused.secret, 610) == PairingPoll::Refused);
        assert!(!pairings.refuse(refused.id), "it was refused before");
        assert_eq!(pairings.confirm(Some(refused.id), refused.code.as_deref(), 610), Err(ConfirmRefusal::Over));
    }

    #[test]
    fn an_invitation_lets_one_device_ask_without_digits() {
        let pairings = Pairings::default();
        let invite = pairings.invite(0).unwrap();
        assert_eq!(invite.len(), 32);
        let invited = PairingRequest { invite: Some(&invite), ..request("192.168.1.7") };
        let asked = pairings.ask(invited, 599).ok().unwrap();
        assert!(asked.code.is_none() && pairings.list(599)[0].is_invited);
        assert_eq!(refusal(&pairings, invited, 599), PairingRefusal::NoSuchInvite);
        assert!(pairings.poll(&asked.secret, 599) == PairingPoll::Waiting, "a person still has to confirm it");
        assert!(pairings.confirm(Some(asked.id), None, 600).is_ok());

        let old = pairings.invite(1_000).unwrap();
        let late = PairingRequest { invite: Some(&old), ..request("192.168.1.8") };
        assert_eq!(refusal(&pairings, late, 1_600), PairingRefusal::NoSuchInvite);
        let many: Vec<_> = (0..=INVITES_MAX).map(|_| pairings.invite(2_000).unwrap()).collect();
        let with = |invite| PairingRequest { invite: Some(invite), ..request("::1") };
        assert_eq!(refusal(&pairings, with(&many[0]), 2_000), PairingRefusal::NoSuchInvite);
        assert!(pairings.ask(with(&many[1]), 2_000).is_ok() && pairings.ask(with(&many[8]), 2_000).is_ok());
    }

    #[test]
    fn strangers_who_wait_keep_no_invited_device_out() {
        let pairings = Pairings::default();
        let invite = pairings.invite(0).unwrap();
        let addresses: Vec<_> = (0..PENDING_PAIRINGS_MAX).map(|number| format!("192.168.1.{}", number / 3)).collect();
        for address in &addresses {
            ask(&pairings, address, 0);
        }
        assert!(matches!(refusal(&pairings, request("192.168.2.1"), 0), PairingRefusal::TooMany { .. }));
        let invited = |address| PairingRequest { invite: Some(&invite), ..request(address) };
        assert!(pairings.ask(invited("192.168.1.1"), 0).is_ok());
        assert!(pairings.ask(invited("192.168.1.1"), 0).is_err(), "it is good once");
    }

    #[test]
    fn refusals_that_nobody_reads_are_few() {
        let pairings = Pairings::default();
        let all: Vec<_> = (0..200)
            .map(|_| {
                let asked = ask(&pairings, "::1", 0);
                assert!(pairings.refuse(asked.id));
                asked.secret
            })
            .collect();
        assert_eq!(pairings.lock().pending.len(), REFUSED_PAIRINGS_MAX);
        assert!(pairings.poll(&all[0], 0) == PairingPoll::Over && pairings.poll(&all[199], 0) == PairingPoll::Refused);
    }
}
