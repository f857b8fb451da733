//! Compressed frames (permessage-deflate, RFC 7692): one compressor for each view, shared by all its members. Each frame is
//! compressed once, and the context goes on from frame to frame, as if they all were one client. Whoever joins has not seen that
//! context, so the first frame that he gets is free of it (a full flush); the others read it as well.
//!
//! What goes to one client alone (`hello`, `pong`, catching up) goes as it is: a compressor that nobody else reads from would be
//! needed for it, and the window of the other end is left alone by what is not compressed.
//!
//! Architecture invariant: only the broadcaster's thread compresses.

use super::batch::Joined;
use super::counts::FeedCounts;
use super::frame::{payload_of, push_deflated_frame};
use crate::deflate::Deflater;

/// Views with a compressor at once; the members of others get plain frames, which they read as well.
pub const COMPRESSORS_MAX: usize = 32;

/// The compressor of a view.
#[derive(Debug, Default)]
pub(crate) struct ViewDeflater {
    deflater: Deflater,
    /// The frame at hand, kept for its room.
    payload: Vec<u8>,
}

impl ViewDeflater {
    /// The frames of a batch, compressed. `joined_after` has for each member that has had no frame of this compressor yet the
    /// sequence behind which its first one comes.
    pub fn deflate(&mut self, joined: &Joined, joined_after: &[u64], counts: &FeedCounts) -> Joined {
        let mut before = 0;
        let deflated = joined.deflated(|seq, frame, into| {
            if joined_after.iter().any(|after| (before..seq).contains(after)) {
                self.deflater.forget();
            }
            before = seq;
            if self.deflater.deflate(payload_of(frame), &mut self.payload) {
                push_deflated_frame(into, &self.payload);
            } else {
                into.extend_from_slice(frame);
            }
        });
        counts.deflate_before_bytes.add(joined.frames.bytes.len() as u64);
        counts.deflate_after_bytes.add(deflated.frames.bytes.len() as u64);
        deflated
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::thread;
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::COMPRESSORS_MAX;
    use crate::deflate::{MessageInflater, StreamInflater};
    use crate::domain::{Action, Asker, Belonging, Change, Kind, RecordKey, Sight, Timestamp};
    use crate::live::client::Client;
    use crate::live::feed::Feed;
    use crate::live::subscription::{Encoding, Kinds};
    use crate::live::view::View;
    use crate::platform::client_socket;

    const DEFLATED: u8 = 0xC1;
    const TEXT: u8 = 0x81;
    const LENGTH_MAX: usize = 1 << 20;

    fn change(seq: u64) -> Change {
        let at = Timestamp { unix_micros: 0, offset_seconds: 0 };
        let kind = if seq.is_multiple_of(3) { Kind::Order } else { Kind::Estimate };
        // Each form of a frame's header.
        let items = match seq {
            2 => 2_500,
            seq if seq.is_multiple_of(7) => 300,
            _ => 2,
        };
        let items = vec![r#"{"name":"LED bulb","price":110.5}"#; items].join(",");
        Change {
            seq,
            key: RecordKey::new(kind, u32::try_from(seq).unwrap()),
            action: Action::Update,
            rev: 1,
            at,
            by: None,
            origin: None,
            linked: None,
            belonging: Belonging { owner: None, counted_at: at, sale_by: None },
            owner_before: None,
            linked_belonging: None,
            record: Some(Arc::from(format!(r#"{{"customer_name":"Asha {seq}","items":[{items}]}}"#).as_bytes())),
        }
    }

    /// A client that has joined a feed, from its own end.
    struct Member {
        far: TcpStream,
        start: u64,
        kinds: Kinds,
        is_deflated: bool,
    }

    impl Member {
        /// Joins with everything up to `after`.
        fn join(feed: &Feed, form: (Kinds, bool), after: u64) -> Self {
            Self::join_run(feed, form, after, "run")
        }

        /// The same of what is no view of others.
        fn join_run(feed: &Feed, (kinds, is_deflated): (Kinds, bool), after: u64, run: &str) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let far = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let near = client_socket(listener.accept().unwrap().0).unwrap();
            let encoding = Encoding::Sync(kinds);
            let view = View::new(encoding, Arc::new(Sight::of_everything()), Arc::from(run));
            let view = feed.shared_view(view.taking_deflated(is_deflated)).unwrap();
            let client = Client::new(Arc::new(near), encoding, (Asker::Anybody, view), feed.counts());
            let start = feed.join_after(&client, after).unwrap().start;
            client.go_live(None);
            client.uncork();
            Self { far, start, kinds, is_deflated }
        }

        /// The frames of changes that it got by the end of the feed, as they came and as they read.
        fn frames(mut self) -> Vec<Frame> {
            let mut bytes = Vec::new();
            self.far.read_to_end(&mut bytes).unwrap();
            let (mut rest, mut frames, mut inflater) = (&bytes[..], Vec::new(), StreamInflater::default());
            while rest[0] != 0x88 {
                let payload_length = match rest[1] {
                    126 => usize::from(u16::from_be_bytes([rest[2], rest[3]])),
                    127 => usize::try_from(u64::from_be_bytes(*rest[2..].first_chunk().unwrap())).unwrap(),
                    short => usize::from(short),
                };
                let header_length = [2, 4, 10][usize::from(rest[1] >= 126) + usize::from(rest[1] == 127)];
                let (frame, after) = rest.split_at(header_length + payload_length);
                let payload = &frame[header_length..];
                let (text, is_alone) = match frame[0] {
                    TEXT => (payload.to_vec(), true),
                    DEFLATED => {
                        let text = inflater.inflate(payload, LENGTH_MAX).unwrap();
                        let alone = MessageInflater::default().inflate(payload, LENGTH_MAX);
                        let is_alone = alone.as_ref() == Ok(&text);
                        (text, is_alone)
                    }
                    first => panic!("{first:x}"),
                };
                let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
                if json["type"] != "sync" {
                    assert!(frame[0] != DEFLATED || self.is_deflated);
                    let seq = json["seq"].as_u64().unwrap();
                    frames.push(Frame { seq, text, bytes: frame.to_vec(), is_alone });
                }
                rest = after;
            }
            frames
        }
    }

    #[derive(Debug, Clone, PartialEq)]
    struct Frame {
        seq: u64,
        text: Vec<u8>,
        bytes: Vec<u8>,
        /// It can be read without those before it.
        is_alone: bool,
    }

    const FORMS: [(Kinds, bool); 4] = [
        (Kinds::All, true),
        (Kinds::Only(Kind::Order), true),
        (Kinds::Only(Kind::Estimate), true),
        (Kinds::All, false),
    ];

    #[derive(Debug, Clone)]
    enum Step {
        /// So many changes in one batch.
        Changes(u64),
        /// Somebody joins who has caught up to so many changes beyond what is published yet, as one does who reads the log by himself.
        Join(usize, u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (1..6_u64).prop_map(Step::Changes),
            (0..FORMS.len(), 0..4_u64).prop_map(|(form, ahead)| Step::Join(form, ahead)),
        ];
        proptest::collection::vec(step, 1..24)
    }

    /// Whoever joins, whenever, reads what follows; members of a view get the very same bytes; and frames are free of context only
    /// where somebody has joined.
    fn check(steps: &[Step]) {
        let feed = Feed::start(0).unwrap().0;
        let mut members: Vec<_> = FORMS.iter().map(|&form| Member::join(&feed, form, 0)).collect();
        let mut seq = 0;
        for step in steps {
            match *step {
                Step::Changes(count) => {
                    feed.publish((seq + 1..=seq + count).map(change).collect());
                    seq += count;
                }
                Step::Join(form, ahead) => members.push(Member::join(&feed, FORMS[form], seq + ahead)),
            }
        }
        let last = seq + 8;
        feed.publish((seq + 1..=last).map(change).collect());
        feed.stop();
        let (before, after) = (feed.counts().deflate_before_bytes.get(), feed.counts().deflate_after_bytes.get());
        assert!(after * 2 < before, "{after} of {before}");

        let starts: Vec<_> = members.iter().map(|member| (member.kinds, member.is_deflated, member.start)).collect();
        let frames: Vec<_> = members.into_iter().map(Member::frames).collect();
        for (own, &(kinds, is_deflated, start)) in frames.iter().zip(&starts) {
            let expected = (start + 1..=last).filter(|&seq| kinds.include(change(seq).key.kind));
            assert_eq!(own.iter().map(|frame| frame.seq).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
            // As the one reads who has been there from the beginning and gets them as they are.
            let plain = frames[3].iter().filter(|frame| own.iter().any(|own| own.seq == frame.seq));
            assert!(own.iter().map(|frame| &frame.text).eq(plain.map(|frame| &frame.text)));
            let there = FORMS.iter().position(|form| *form == (kinds, is_deflated)).unwrap();
            assert!(own.iter().eq(frames[there].iter().skip(frames[there].len() - own.len())), "other bytes");
            if !is_deflated {
                continue;
            }
            assert!(own.iter().all(|frame| frame.bytes[0] == DEFLATED));
            for (at, frame) in own.iter().enumerate() {
                let before = if at == 0 { 0 } else { own[at - 1].seq };
                let has_joined = starts.iter().any(|&(others, deflated, start)| {
                    deflated && others == kinds && (before..frame.seq).contains(&start)
                });
                assert!(has_joined || at == 0 || !frame.is_alone, "{} is free of context for nobody", frame.seq);
                assert!(!has_joined || frame.is_alone, "{} refers to what somebody has not seen", frame.seq);
            }
        }
    }

    #[test]
    fn whoever_joins_at_any_frame_reads_what_follows() {
        for ahead in 0..10 {
            let join = |form| Step::Join(form, ahead);
            check(&[Step::Changes(3), join(0), join(1), join(0), Step::Changes(2), join(2), Step::Changes(1)]);
        }
    }

    #[test]
    fn there_are_so_many_compressors_and_one_that_is_free_is_given_on() {
        let feed = Feed::start(0).unwrap().0;
        let join = |run: usize| Member::join_run(&feed, (Kinds::All, true), 0, &run.to_string());
        let mut members: Vec<_> = (0..COMPRESSORS_MAX + 2).map(join).collect();
        feed.publish(vec![change(1)]);
        drop(members.remove(0));
        let mut seq = 1;
        let deadline = Instant::now() + Duration::from_secs(20);
        while feed.counts().clients.load(Ordering::Relaxed) > members.len() {
            assert!(Instant::now() < deadline, "whoever has left is still there");
            seq += 1;
            feed.publish(vec![change(seq)]);
            thread::sleep(Duration::from_millis(10));
        }
        feed.publish(vec![change(seq + 1)]);
        feed.stop();
        let deflated = |member: Member| -> Vec<bool> {
            member.frames().iter().map(|frame| frame.bytes.first() == Some(&DEFLATED)).collect()
        };
        let forms: Vec<_> = members.into_iter().map(deflated).collect();
        assert!(forms.iter().all(|own| own.len() as u64 == seq + 1));
        assert_eq!(forms.iter().filter(|own| own[0]).count(), COMPRESSORS_MAX - 1);
        assert_eq!(forms.iter().filter(|own| own.last() == Some(&true)).count(), COMPRESSORS_MAX);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn whoever_joins_whenever_reads_what_follows_and_gets_the_same_bytes(steps in steps()) {
            check(&steps);
        }
    }
}
