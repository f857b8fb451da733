//! The board: every lease and every connection, behind one lock that nobody holds for longer than it takes to look through them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::attendee::{Attendee, AttendeeId};
use super::lease::{CLOSED_LEASE_TIME_MAX, Doing, LEASE_TIME_MAX, Lease, LeaseHolder, PresenceReport, Who};
use crate::domain::{Action, Asker, Belonging, Change, RecordKey, Sight, Timestamp, sale_by};
use crate::live::client::Client;

/// Leases of all together.
const LEASES_MAX: usize = 1_024;
/// Leases of one attendee: his tabs.
const LEASES_PER_ATTENDEE_MAX: usize = 64;
/// For so long what happens is gathered before everybody is told.
const GATHER: Duration = Duration::from_millis(250);

const _: () = assert!(LEASES_PER_ATTENDEE_MAX < LEASES_MAX);

/// Who is where.
#[derive(Debug, Default)]
pub struct PresenceBoard(Mutex<BoardState>);

/// Why a report changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportRefusal {
    /// Something has changed since its record was read; read it again.
    Outdated,
    /// There are too many leases.
    Full,
    /// The connection is over.
    Gone,
}

/// Everybody who is there.
#[derive(Debug, Default)]
pub struct Attendances {
    /// At which record; of these not everybody may know.
    pub at_records: BTreeMap<RecordKey, Vec<Who>>,
    /// Who is connected, each once, and since when.
    pub connected: Vec<(Arc<Attendee>, Timestamp)>,
}

/// What is to be told of a record.
#[derive(Debug)]
pub(super) struct Announcement {
    pub key: RecordKey,
    /// What decides who is told; `None` if nobody is there.
    pub belonging: Option<Belonging>,
    pub who: Vec<Who>,
}

#[derive(Debug, Default)]
struct BoardState {
    sessions: HashMap<u64, Attending>,
    last_session: u64,
    leases: HashMap<LeaseHolder, Lease>,
    /// Those that somebody is at.
    records: HashMap<RecordKey, AttendedRecord>,
    /// The last change of which it was told.
    seq: u64,
    /// Those of which there is something to tell.
    untold: BTreeSet<RecordKey>,
    /// When that is to be told.
    tell_at: Option<Instant>,
    /// No lease ends before this.
    next_end: Option<Instant>,
}

/// A connection.
#[derive(Debug)]
struct Attending {
    client: Weak<Client>,
    attendee: Arc<Attendee>,
    asker: Asker,
    since: Timestamp,
}

#[derive(Debug)]
struct AttendedRecord {
    belonging: Belonging,
    leases: usize,
}

impl PresenceBoard {
    /// Notes that somebody has connected. Gives the number of his connection.
    pub(crate) fn enter(&self, client: &Arc<Client>, attendee: Arc<Attendee>, since: Timestamp) -> u64 {
        let mut state = self.state();
        state.last_session += 1;
        let (session, asker) = (state.last_session, client.asker());
        state.sessions.insert(session, Attending { client: Arc::downgrade(client), attendee, asker, since });
        session
    }

    /// His connection is over: his leases stay for a moment, in case it is only broken.
    pub(crate) fn leave(&self, session: u64, now: Instant) {
        let mut state = self.state();
        state.sessions.remove(&session);
        let ends_at = now + CLOSED_LEASE_TIME_MAX;
        let mut is_any = false;
        for lease in state.leases.values_mut().filter(|lease| lease.session == Some(session)) {
            lease.session = None;
            lease.ends_at = lease.ends_at.min(ends_at);
            is_any = true;
        }
        if is_any {
            state.look_at(ends_at);
        }
    }

    /// The same for one who is not let in any more: nothing of his stays.
    pub(crate) fn expel(&self, session: u64, now: Instant) {
        let mut state = self.state();
        state.end_leases(now, |_, lease| lease.session == Some(session));
        state.sessions.remove(&session);
    }

    /// Takes what a tab says in place of what it has said before. Gives those who are to be told that the record is taken.
    pub(crate) fn report(
        &self,
        session: u64,
        report: PresenceReport,
        now: Instant,
    ) -> Result<Vec<Arc<Client>>, ReportRefusal> {
        self.state().report(session, report, now)
    }

    /// A tab of a connection is at no record any more, or not at this one.
    pub(crate) fn release(&self, session: u64, tab: &str, key: Option<RecordKey>, now: Instant) {
        let mut state = self.state();
        let Some(attending) = state.sessions.get(&session) else { return };
        let holder = LeaseHolder { attendee: attending.attendee.id(), tab: tab.to_string() };
        if state.leases.get(&holder).is_some_and(|lease| key.is_none_or(|key| lease.key == key)) {
            state.end_lease(&holder, now);
        }
    }

    /// Judges everybody anew: of whoever is not let in any more nothing stays, and nobody is at a record that he does not see.
    pub(crate) fn review(&self, sees: impl Fn(Asker) -> Option<Arc<Sight>>, now: Instant) {
        let mut state = self.state();
        state.sessions.retain(|_, attending| sees(attending.asker).is_some());
        let BoardState { leases, records, .. } = &mut *state;
        let mut ended = Vec::new();
        for (holder, lease) in leases {
            let belonging = records.get(&lease.key).map(|record| &record.belonging);
            match sees(lease.asker)
                .filter(|sight| belonging.is_some_and(|own| sight.sees_belonging(lease.key.kind, own)))
            {
                Some(sight) => lease.sight = sight,
                None => ended.push(holder.clone()),
            }
        }
        for holder in &ended {
            state.end_lease(holder, now);
        }
    }

    /// Follows the changes of records: whoever does not see one any more is not at it. Gives those of which others are to be told.
    pub(super) fn follow(&self, changes: &[Change], now: Instant) -> Vec<RecordKey> {
        let mut state = self.state();
        let followed = changes.iter().filter_map(|change| {
            state.seq = state.seq.max(change.seq);
            state.follow(change, now).then_some(change.key)
        });
        followed.collect()
    }

    /// When there is something to tell, or may be: a lease ends.
    pub(super) fn due(&self) -> Option<Instant> {
        let state = self.state();
        state.tell_at.into_iter().chain(state.next_end).min()
    }

    /// Takes what is to be told by now.
    pub(super) fn take_due(&self, now: Instant) -> Vec<Announcement> {
        let mut state = self.state();
        let is_told = state.tell_at.is_some_and(|at| at <= now);
        let has_ended = state.next_end.is_some_and(|at| at <= now) && state.sweep(now);
        if !is_told && !has_ended {
            return Vec::new();
        }
        state.tell_at = None;
        let untold = std::mem::take(&mut state.untold);
        state.announcements(untold)
    }

    /// Takes what is to be told of these.
    pub(super) fn take(&self, keys: &[RecordKey]) -> Vec<Announcement> {
        let mut state = self.state();
        state.untold.retain(|key| !keys.contains(key));
        state.announcements(keys.iter().copied().collect())
    }

    /// Everybody who is there now.
    pub(crate) fn attendances(&self) -> Attendances {
        let state = self.state();
        let mut at_records: BTreeMap<RecordKey, Vec<&Lease>> = BTreeMap::new();
        for lease in state.leases.values() {
            at_records.entry(lease.key).or_default().push(lease);
        }
        let at_records = at_records.into_iter().map(|(key, leases)| (key, Who::merged(leases)));
        let mut open: Vec<_> = state.sessions.iter().filter(|(_, attending)| attending.client().is_some()).collect();
        open.sort_unstable_by_key(|(session, _)| **session);
        let mut known = HashSet::new();
        open.retain(|(_, attending)| known.insert(attending.attendee.id()));
        let connected = open.into_iter().map(|(_, attending)| (Arc::clone(&attending.attendee), attending.since));
        Attendances { at_records: at_records.collect(), connected: connected.collect() }
    }

    /// Leases at this moment.
    pub(crate) fn leases(&self) -> usize {
        self.state().leases.len()
    }

    fn state(&self) -> MutexGuard<'_, BoardState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attending {
    /// The client, if it still takes frames.
    fn client(&self) -> Option<Arc<Client>> {
        self.client.upgrade().filter(|client| client.is_open())
    }
}

impl BoardState {
    fn report(
        &mut self,
        session: u64,
        report: PresenceReport,
        now: Instant,
    ) -> Result<Vec<Arc<Client>>, ReportRefusal> {
        let PresenceReport { attendee, asker, sight, tab, key, belonging, seq, does, takes, at } = report;
        // Promise 10: a connection is closed before the board is reviewed, so what is noted here by rights that are taken away
        // meanwhile is found there.
        let attending =
            self.sessions.get_mut(&session).filter(|own| own.client().is_some()).ok_or(ReportRefusal::Gone)?;
        // The record may have been given away by a change that was followed here already.
        if seq < self.seq {
            return Err(ReportRefusal::Outdated);
        }
        attending.attendee = Arc::clone(&attendee);
        let holder = LeaseHolder { attendee: attendee.id(), tab };
        let before = self.leases.get(&holder);
        let is_renewed = before.is_some_and(|own| (own.key, own.does) == (key, does));
        let is_shown_as_before = is_renewed && before.is_some_and(|own| own.attendee == attendee);
        let since = before.filter(|_| is_renewed).map_or(at, |own| own.since);
        if before.is_none() && !self.has_room(attendee.id()) {
            return Err(ReportRefusal::Full);
        }
        let new = AttendedRecord { belonging: belonging.clone(), leases: 0 };
        let record = self.records.entry(key).or_insert(new);
        record.leases += 1;
        let stands_as_before = record.belonging == belonging;
        record.belonging = belonging;
        if let Some(before) = self.lift(&holder)
            && before != key
        {
            self.tell_soon(before, now);
        }
        if !(is_shown_as_before && stands_as_before) {
            self.tell_soon(key, now);
        }
        let ends_at = now + LEASE_TIME_MAX;
        self.look_at(ends_at);
        let takers = if takes && does == Doing::Edit { self.editors_besides(&holder, key) } else { Vec::new() };
        self.leases.insert(holder, Lease { key, does, since, attendee, asker, sight, session: Some(session), ends_at });
        Ok(takers)
    }

    fn has_room(&self, attendee: AttendeeId) -> bool {
        let own = self.leases.keys().filter(|holder| holder.attendee == attendee).count();
        own < LEASES_PER_ATTENDEE_MAX && self.leases.len() < LEASES_MAX
    }

    fn editors_besides(&self, holder: &LeaseHolder, key: RecordKey) -> Vec<Arc<Client>> {
        let editing =
            self.leases.iter().filter(|(own, lease)| *own != holder && lease.key == key && lease.does == Doing::Edit);
        let mut sessions: Vec<u64> = editing.filter_map(|(_, lease)| lease.session).collect();
        sessions.sort_unstable();
        sessions.dedup();
        sessions.iter().filter_map(|session| self.sessions.get(session)?.client()).collect()
    }

    fn follow(&mut self, change: &Change, now: Instant) -> bool {
        let Some(record) = self.records.get_mut(&change.key) else { return false };
        if change.action == Action::Delete {
            self.end_leases(now, |_, lease| lease.key == change.key);
            return true;
        }
        let name_in_it = || change.record.as_deref().and_then(sale_by).map(Arc::from);
        let sale_by = if change.belonging.owner.is_none() { name_in_it() } else { None };
        let belonging = Belonging { sale_by, ..change.belonging.clone() };
        if record.belonging == belonging {
            return false;
        }
        record.belonging = belonging.clone();
        let kind = change.key.kind;
        self.end_leases(now, |_, lease| lease.key == change.key && !lease.sight.sees_belonging(kind, &belonging));
        true
    }

    fn end_leases(&mut self, now: Instant, ends: impl Fn(&LeaseHolder, &Lease) -> bool) -> bool {
        let ended = self.leases.iter().filter(|(holder, lease)| ends(holder, lease)).map(|(holder, _)| holder.clone());
        let ended: Vec<_> = ended.collect();
        for holder in &ended {
            self.end_lease(holder, now);
        }
        !ended.is_empty()
    }

    fn end_lease(&mut self, holder: &LeaseHolder, now: Instant) {
        if let Some(key) = self.lift(holder) {
            self.tell_soon(key, now);
        }
    }

    /// Takes a lease away, if there is one. Gives its record.
    fn lift(&mut self, holder: &LeaseHolder) -> Option<RecordKey> {
        let key = self.leases.remove(holder)?.key;
        if self.leases.is_empty() {
            self.next_end = None;
        }
        if let Some(record) = self.records.get_mut(&key) {
            record.leases -= 1;
            if record.leases == 0 {
                self.records.remove(&key);
            }
        }
        Some(key)
    }

    /// Ends the leases whose time is over. True if there were any.
    fn sweep(&mut self, now: Instant) -> bool {
        let has_ended = self.end_leases(now, |_, lease| lease.ends_at <= now);
        self.next_end = self.leases.values().map(|lease| lease.ends_at).min();
        has_ended
    }

    fn tell_soon(&mut self, key: RecordKey, now: Instant) {
        self.untold.insert(key);
        self.tell_at.get_or_insert(now + GATHER);
    }

    fn look_at(&mut self, ends_at: Instant) {
        self.next_end = Some(self.next_end.map_or(ends_at, |at| at.min(ends_at)));
    }

    fn announcements(&self, keys: BTreeSet<RecordKey>) -> Vec<Announcement> {
        let mut leases: HashMap<RecordKey, Vec<&Lease>> = HashMap::new();
        for lease in self.leases.values().filter(|lease| keys.contains(&lease.key)) {
            leases.entry(lease.key).or_default().push(lease);
        }
        let of = |key| Announcement {
            key,
            belonging: self.records.get(&key).map(|record| record.belonging.clone()),
            who: Who::merged(leases.remove(&key).unwrap_or_default()),
        };
        keys.into_iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::domain::{Actor, Allowance, Device, DeviceKind, Kind, Permission, Scope};
    use crate::live::counts::FeedCounts;
    use crate::live::subscription::{Encoding, Kinds};
    use crate::live::view::View;
    use crate::platform::client_socket;

    const AT: Timestamp = Timestamp { unix_micros: 0, offset_seconds: 0 };
    const SECOND: Duration = Duration::from_secs(1);

    fn key(number: u32) -> RecordKey {
        RecordKey::new(Kind::Estimate, number)
    }

    /// A client, and the other end of its socket.
    fn client() -> (Arc<Client>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let near = client_socket(listener.accept().unwrap().0).unwrap();
        let view = View::new(Encoding::Sync(Kinds::All), Arc::new(Sight::of_everything()), Arc::from("run"));
        let counts = FeedCounts::default();
        (Client::new(Arc::new(near), Encoding::Sync(Kinds::All), (Asker::Anybody, Arc::new(view)), &counts), far)
    }

    /// A board, and devices that are connected to it.
    struct Bench {
        board: PresenceBoard,
        now: Instant,
        clients: Vec<(Arc<Client>, TcpStream)>,
    }

    impl Bench {
        fn new() -> Self {
            Self { board: PresenceBoard::default(), now: Instant::now(), clients: Vec::new() }
        }

        fn enter(&mut self, host: u8) -> u64 {
            self.clients.push(client());
            self.board.enter(&self.clients.last().unwrap().0, Attendee::nameless(host), AT)
        }

        /// Everything is told by now.
        fn told(&self) -> Vec<(RecordKey, Vec<String>)> {
            let announcements = self.board.take_due(self.now);
            let text = |who: &Who| format!("{} {}", who.attendee.name.rsplit('.').next().unwrap(), who.does.name());
            announcements.iter().map(|one| (one.key, one.who.iter().map(text).collect())).collect()
        }

        fn report(&self, session: u64, said: PresenceReport) -> Result<usize, ReportRefusal> {
            self.board.report(session, said, self.now).map(|takers| takers.len())
        }

        fn says(&self, session: u64, host: u8, tab: &str, number: u32, does: Doing) {
            self.report(session, report(host, tab, number, does)).unwrap();
        }
    }

    fn report(host: u8, tab: &str, number: u32, does: Doing) -> PresenceReport {
        PresenceReport {
            attendee: Attendee::nameless(host),
            asker: Asker::Anybody,
            sight: Arc::new(Sight::of_everything()),
            tab: tab.to_string(),
            key: key(number),
            belonging: belonging(0),
            seq: 0,
            does,
            takes: false,
            at: AT,
        }
    }

    fn belonging(device: u32) -> Belonging {
        Belonging { owner: Some(Actor { person: 0, device }), counted_at: AT, sale_by: None }
    }

    fn change(seq: u64, number: u32, action: Action, device: u32) -> Change {
        Change {
            seq,
            key: key(number),
            action,
            rev: 1,
            at: AT,
            by: None,
            origin: None,
            linked: None,
            belonging: belonging(device),
            owner_before: None,
            linked_belonging: None,
            record: (action != Action::Delete).then(|| Arc::from(&b"{}"[..])),
        }
    }

    /// Sees only what is this device's.
    fn sight_of(device: u32) -> Arc<Sight> {
        let device = Device {
            id: device,
            name: "Till".to_string(),
            kind: DeviceKind::Browser,
            previous: None,
            maker: None,
            role: None,
            person: None,
            token_hash: [0; 32],
            made_at: AT,
            address: None,
            is_revoked: false,
        };
        let allows = Allowance { estimates: Scope::Own, orders: Scope::Own, ..Allowance::ALL };
        let permission = Permission { device: Some(Arc::new(device)), allows, ..Permission::everything() };
        Arc::new(Sight::new(permission, None))
    }

    #[test]
    fn a_lease_ends_thirty_seconds_after_it_was_renewed_and_five_after_its_connection_has() {
        let mut bench = Bench::new();
        let session = bench.enter(1);
        bench.says(session, 1, "tab", 1, Doing::View);
        assert_eq!(bench.told(), []);
        bench.now += GATHER;
        assert_eq!(bench.told(), [(key(1), vec!["1 view".to_string()])]);
        bench.now += 20 * SECOND;
        bench.says(session, 1, "tab", 1, Doing::View);
        let renewed = bench.now;
        for (since, is_there) in [(GATHER, true), (LEASE_TIME_MAX * 99 / 100, true), (LEASE_TIME_MAX, false)] {
            bench.now = renewed + since;
            assert_eq!(bench.told(), if is_there { vec![] } else { vec![(key(1), vec![])] }, "{since:?}");
        }
        assert_eq!((bench.board.due(), bench.board.leases()), (None, 0));

        bench.says(session, 1, "tab", 1, Doing::Edit);
        bench.now += GATHER;
        bench.told();
        bench.board.leave(session, bench.now);
        bench.now += CLOSED_LEASE_TIME_MAX * 9 / 10;
        assert_eq!(bench.told(), []);
        // The same tab comes again, and its first connection has no say in it any more.
        let again = bench.enter(1);
        bench.says(again, 1, "tab", 1, Doing::Edit);
        bench.board.leave(session, bench.now);
        bench.now += LEASE_TIME_MAX * 995 / 1_000;
        assert_eq!((bench.told(), bench.board.leases()), (vec![], 1));
        bench.board.leave(again, bench.now);
        bench.now += GATHER;
        assert_eq!(bench.told(), [(key(1), vec![])], "a connection that ends makes no lease longer");
    }

    #[test]
    fn whoever_waits_is_woken_for_what_is_due_and_not_before() {
        let mut bench = Bench::new();
        let session = bench.enter(1);
        assert_eq!(bench.board.due(), None);
        bench.says(session, 1, "tab", 1, Doing::View);
        assert_eq!(bench.board.due(), Some(bench.now + GATHER));
        let ends_at = bench.now + LEASE_TIME_MAX;
        bench.now += GATHER;
        bench.told();
        assert_eq!(bench.board.due(), Some(ends_at));
        bench.now += 10 * SECOND;
        bench.says(session, 1, "tab", 1, Doing::View);
        // One look too early finds out how long there is still time.
        bench.now = ends_at;
        assert_eq!(bench.told(), []);
        assert_eq!(bench.board.due(), Some(ends_at + GATHER + 10 * SECOND));
        bench.board.leave(session, bench.now);
        assert_eq!(bench.board.due(), Some(ends_at + CLOSED_LEASE_TIME_MAX));
    }

    #[test]
    fn leases_are_bounded_for_one_and_for_all() {
        let mut bench = Bench::new();
        let mut count = 0;
        for host in 0..=u8::MAX {
            let session = bench.enter(host);
            for tab in 0..=LEASES_PER_ATTENDEE_MAX {
                let said = bench.report(session, report(host, &tab.to_string(), 1, Doing::View));
                let has_room = tab < LEASES_PER_ATTENDEE_MAX && count < LEASES_MAX;
                assert_eq!(said, if has_room { Ok(0) } else { Err(ReportRefusal::Full) }, "{host} {tab}");
                count += usize::from(has_room);
            }
            if count == LEASES_MAX {
                // Whoever has one may go elsewhere with it.
                bench.says(1, 0, "0", 2, Doing::Edit);
                assert_eq!(bench.board.leases(), LEASES_MAX);
                bench.now += GATHER;
                let told = bench.told();
                assert_eq!(told.len(), 2);
                assert!(told.iter().all(|(_, who)| who.len() <= super::super::lease::WHO_MAX));
                return;
            }
        }
        panic!("the limit never came");
    }

    #[test]
    fn a_report_is_refused_that_was_read_before_what_the_board_has_followed() {
        let mut bench = Bench::new();
        let session = bench.enter(1);
        bench.board.follow(&[change(7, 9, Action::Update, 1)], bench.now);
        let said = |seq| PresenceReport { seq, ..report(1, "tab", 1, Doing::View) };
        assert_eq!(bench.report(session, said(6)), Err(ReportRefusal::Outdated));
        assert_eq!(bench.report(session, said(7)), Ok(0));
        assert_eq!(bench.report(99, said(7)), Err(ReportRefusal::Gone));
        bench.clients[0].0.shut(4401, "");
        assert_eq!(bench.report(session, said(7)), Err(ReportRefusal::Gone));
    }

    #[test]
    fn nobody_is_at_a_record_that_is_gone_or_that_he_does_not_see() {
        let mut bench = Bench::new();
        let (one, other) = (bench.enter(1), bench.enter(2));
        let of_device = |host: u8, seq| PresenceReport {
            sight: sight_of(u32::from(host)),
            belonging: belonging(1),
            seq,
            ..report(host, "tab", 1, Doing::View)
        };
        bench.report(one, of_device(1, 0)).unwrap();
        bench.report(other, PresenceReport { sight: Arc::new(Sight::of_everything()), ..of_device(2, 0) }).unwrap();
        bench.now += GATHER;
        bench.told();
        assert_eq!(
            bench.board.follow(&[change(1, 1, Action::Update, 1), change(2, 5, Action::Delete, 1)], bench.now),
            []
        );
        assert_eq!(bench.board.follow(&[change(3, 1, Action::Update, 2)], bench.now), [key(1)]);
        let announced = bench.board.take(&[key(1)]);
        assert_eq!((&announced[0].belonging, announced[0].who.len()), (&Some(belonging(2)), 1));
        assert_eq!(announced[0].who[0].attendee, Attendee::nameless(2));
        // Told is told.
        bench.now += GATHER;
        assert_eq!(bench.told(), []);
        assert_eq!(bench.board.follow(&[change(4, 1, Action::Delete, 2)], bench.now), [key(1)]);
        assert!(bench.board.take(&[key(1)])[0].belonging.is_none());
        assert_eq!(bench.board.leases(), 0);
        // By name, if it is nobody's.
        bench.report(other, PresenceReport { seq: 4, ..of_device(2, 4) }).unwrap();
        let mut nobodys = change(5, 1, Action::Update, 0);
        nobodys.belonging.owner = None;
        nobodys.record = Some(Arc::from(&br#"{"sale_by":"Ravi"}"#[..]));
        bench.board.follow(&[nobodys], bench.now);
        assert_eq!(bench.board.leases(), 0);
    }

    #[test]
    fn a_review_leaves_nothing_of_who_is_out_and_no_lease_on_what_is_out_of_sight() {
        let mut bench = Bench::new();
        let (one, other) = (bench.enter(1), bench.enter(2));
        let known = Asker::Known { device: 2, session: None };
        bench.report(one, PresenceReport { belonging: belonging(1), ..report(1, "tab", 1, Doing::View) }).unwrap();
        bench.report(other, PresenceReport { asker: known, ..report(2, "tab", 2, Doing::Edit) }).unwrap();
        bench.report(other, PresenceReport { asker: known, ..report(2, "two", 3, Doing::Edit) }).unwrap();
        bench.board.leave(other, bench.now);
        bench.now += GATHER;
        bench.told();
        bench.board.review(|asker| (asker == Asker::Anybody).then(|| sight_of(1)), bench.now);
        bench.now += GATHER;
        assert_eq!(bench.told(), [(key(2), vec![]), (key(3), vec![])]);
        bench.board.review(|_| Some(sight_of(7)), bench.now);
        bench.now += GATHER;
        assert_eq!((bench.told(), bench.board.leases()), (vec![(key(1), vec![])], 0));
        assert_eq!(bench.board.attendances().connected.len(), 1);
        bench.board.review(|_| None, bench.now);
        assert_eq!(bench.board.attendances().connected.len(), 0);
    }
}
