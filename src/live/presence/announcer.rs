//! What the broadcaster's clients are told of presence: of each record one frame, which everybody gets whose view shows it. Only
//! the broadcaster's thread has this.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use tungstenite::Bytes;

use super::board::{Announcement, PresenceBoard};
use super::frame::{anew_frame, presence_frame};
use crate::domain::{Belonging, Change, RecordKey};
use crate::live::frames::Frames;
use crate::live::groups::Groups;
use crate::live::subscriber::Subscriber;
use crate::live::view::View;

/// Tells who is where.
pub(crate) struct Announcer {
    board: Arc<PresenceBoard>,
    /// What was told last of each record that somebody is at.
    announced: BTreeMap<RecordKey, Announced>,
    /// Something was told since the start.
    has_told: bool,
}

struct Announced {
    frame: Bytes,
    belonging: Belonging,
    /// Whose clients know it.
    views: Vec<Weak<View>>,
}

impl Announced {
    fn knows(&self, view: &Arc<View>) -> bool {
        self.views.iter().any(|own| Weak::as_ptr(own) == Arc::as_ptr(view))
    }
}

impl Announcer {
    pub fn new(board: Arc<PresenceBoard>) -> Self {
        Self { board, announced: BTreeMap::new(), has_told: false }
    }

    /// When there may be something to tell.
    pub fn due(&self) -> Option<Instant> {
        self.board.due()
    }

    /// Tells what is to be told by now. True if a client is told something.
    pub fn tell_due(&mut self, groups: &mut Groups, now: Instant) -> bool {
        if self.due().is_none_or(|due| due > now) {
            return false;
        }
        let announcements = self.board.take_due(now);
        self.tell(announcements, groups)
    }

    /// Follows changes that everybody was told of: who sees a record now is told who is at it, and who does not any more is told
    /// that nobody is. True if a client is told something.
    pub fn follow(&mut self, changes: &[Change], groups: &mut Groups, now: Instant) -> bool {
        let keys = self.board.follow(changes, now);
        if keys.is_empty() {
            return false;
        }
        let announcements = self.board.take(&keys);
        self.tell(announcements, groups)
    }

    /// The same as [`Self::greet`] for one who has just joined. Who was here before, and has missed what was told meanwhile, is told
    /// that what he knows is void.
    pub fn welcome(&mut self, subscriber: &mut Subscriber, view: &Arc<View>) {
        if subscriber.joins_again() && self.has_told && view.shows_presence() {
            subscriber.offer(&anew_frame().into());
        }
        self.greet(subscriber, view);
    }

    /// Tells one who begins with a view everything that the others who have it know.
    pub fn greet(&mut self, subscriber: &mut Subscriber, view: &Arc<View>) {
        if !view.shows_presence() {
            return;
        }
        let mut bytes = Vec::new();
        for (_, announced) in self.announced.iter_mut().filter(|(key, own)| view.shows(**key, &own.belonging)) {
            bytes.extend_from_slice(&announced.frame);
            if !announced.knows(view) {
                announced.views.push(Arc::downgrade(view));
            }
        }
        if !bytes.is_empty() {
            subscriber.offer(&Bytes::from(bytes).into());
        }
    }

    fn tell(&mut self, announcements: Vec<Announcement>, groups: &mut Groups) -> bool {
        let mut news: Vec<PresenceNews> = announcements.into_iter().map(|one| self.news_of(one)).collect();
        let mut is_told = false;
        self.has_told |= !news.is_empty();
        for group in groups.each_mut().filter(|group| group.view.shows_presence()) {
            let mut bytes = Vec::new();
            for news in &mut news {
                news.tell(&group.view, &mut bytes);
            }
            if !bytes.is_empty() {
                is_told = true;
                let frames = Frames::from(Bytes::from(bytes));
                group.members.iter_mut().for_each(|member| member.offer(&frames));
            }
        }
        self.announced.extend(news.into_iter().filter_map(|PresenceNews { key, now, .. }| Some((key, now?))));
        is_told
    }

    fn news_of(&mut self, Announcement { key, belonging, who }: Announcement) -> PresenceNews {
        let frame = presence_frame(key, &who);
        let now = belonging.map(|belonging| Announced { frame, belonging, views: Vec::new() });
        PresenceNews { key, before: self.announced.remove(&key), now }
    }
}

/// What is to be told of a record.
struct PresenceNews {
    key: RecordKey,
    before: Option<Announced>,
    /// `None` if nobody is there any more.
    now: Option<Announced>,
}

impl PresenceNews {
    /// Adds what is new to the clients of a view.
    fn tell(&mut self, view: &Arc<View>, bytes: &mut Vec<u8>) {
        let known = self.before.as_ref().filter(|before| before.knows(view)).map(|before| &before.frame);
        match self.now.as_mut().filter(|now| view.shows(self.key, &now.belonging)) {
            Some(now) => {
                now.views.push(Arc::downgrade(view));
                if known != Some(&now.frame) {
                    bytes.extend_from_slice(&now.frame);
                }
            }
            None if known.is_some() => bytes.extend_from_slice(&presence_frame(self.key, &[])),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::*;
    use crate::domain::{Asker, Kind, Sight, Timestamp};
    use crate::live::client::Client;
    use crate::live::counts::FeedCounts;
    use crate::live::presence::attendee::Attendee;
    use crate::live::presence::lease::{Doing, PresenceReport};
    use crate::live::subscription::{Encoding, Kinds};
    use crate::platform::client_socket;

    const AT: Timestamp = Timestamp { unix_micros: 0, offset_seconds: 0 };

    struct Bench {
        board: Arc<PresenceBoard>,
        announcer: Announcer,
        groups: Groups,
        view: Arc<View>,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            let board = Arc::new(PresenceBoard::default());
            let sight = Arc::new(Sight::of_everything());
            let view = Arc::new(View::new(Encoding::Sync(Kinds::All), sight, Arc::from("run")));
            let announcer = Announcer::new(Arc::clone(&board));
            Self { board, announcer, groups: Groups::default(), view, now: Instant::now() }
        }

        fn client(&self) -> (Arc<Client>, TcpStream) {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            far.set_nonblocking(true).unwrap();
            let near = client_socket(listener.accept().unwrap().0).unwrap();
            let (encoding, view) = (Encoding::Sync(Kinds::All), Arc::clone(&self.view));
            let client = Client::new(Arc::new(near), encoding, (Asker::Anybody, view), &FeedCounts::default());
            client.uncork();
            (client, far)
        }

        fn join(&mut self, client: &Arc<Client>) {
            let mut subscriber = Subscriber::new(Arc::clone(client), &self.view, 0);
            self.announcer.welcome(&mut subscriber, &self.view);
            self.groups.add(Arc::clone(&self.view), subscriber);
        }

        fn says(&self, session: u64, does: Doing) {
            let report = PresenceReport {
                attendee: Attendee::nameless(1),
                asker: Asker::Anybody,
                sight: Arc::new(Sight::of_everything()),
                tab: "tab".to_string(),
                key: RecordKey::new(Kind::Estimate, 1),
                belonging: Belonging { owner: None, counted_at: AT, sale_by: None },
                seq: 0,
                does,
                takes: false,
                at: AT,
            };
            self.board.report(session, report, self.now).unwrap();
        }

        fn tell(&mut self) -> bool {
            self.now += Duration::from_secs(1);
            self.announcer.tell_due(&mut self.groups, self.now)
        }
    }

    /// What has come, of each frame its first words.
    fn heard(far: &mut TcpStream) -> Vec<String> {
        let mut bytes = Vec::new();
        let read = far.read_to_end(&mut bytes);
        assert!(read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let of = |frame: &str| {
            let names = ["anew", "edit", "view", "[]"];
            names.into_iter().find(|name| frame.contains(name)).unwrap_or_default().to_string()
        };
        text.split("{\"type\"").skip(1).map(of).collect()
    }

    #[test]
    fn who_joins_again_is_told_that_what_he_knows_is_void_and_what_holds() {
        let mut bench = Bench::new();
        let (client, mut far) = bench.client();
        bench.join(&client);
        let session = bench.board.enter(&client, Attendee::nameless(1), AT);
        // Where nobody ever was anywhere, there is nothing to forget.
        let (late, mut late_far) = bench.client();
        bench.join(&late);
        let _ = bench.groups.take();
        bench.join(&late);
        bench.join(&client);
        assert_eq!((heard(&mut far), heard(&mut late_far)), (vec![], vec![]));

        bench.says(session, Doing::View);
        assert!(bench.tell());
        assert_eq!((heard(&mut far), heard(&mut late_far)), (vec!["view".into()], vec!["view".into()]));
        let _ = bench.groups.take();
        bench.join(&client);
        bench.says(session, Doing::Edit);
        bench.tell();
        bench.join(&late);
        assert_eq!(heard(&mut far), ["anew", "view", "edit"]);
        assert_eq!(heard(&mut late_far), ["anew", "edit"]);
        let _ = bench.groups.take();
        bench.board.expel(session, bench.now);
        bench.tell();
        bench.join(&late);
        let (new, mut new_far) = bench.client();
        bench.join(&new);
        assert_eq!((heard(&mut late_far), heard(&mut new_far)), (vec!["anew".to_string()], vec![]));
    }

    #[test]
    fn what_is_as_it_was_told_is_not_told_again() {
        let mut bench = Bench::new();
        let (client, mut far) = bench.client();
        bench.join(&client);
        let session = bench.board.enter(&client, Attendee::nameless(1), AT);
        bench.says(session, Doing::View);
        // All times are one here, so that it is as before in every byte.
        assert!(bench.tell());
        bench.says(session, Doing::Edit);
        bench.says(session, Doing::View);
        assert!(!bench.tell());
        bench.board.release(session, "tab", None, bench.now);
        assert!(bench.tell());
        assert!(!bench.tell() && bench.announcer.due().is_none());
        assert_eq!(heard(&mut far), ["view", "[]"]);
    }
}
