//! The frames of presence on `/sync`. They have no sequence: the latest one of a record holds.

use serde::Serialize;
use tungstenite::Bytes;

use super::attendee::Attendee;
use super::lease::Who;
use crate::domain::RecordKey;
use crate::json;
use crate::live::frame::text_frame;

const TYPE: &str = "presence";

#[derive(Serialize)]
struct WhoJson<'a> {
    name: &'a str,
    device: &'a str,
    does: &'static str,
    since: String,
}

#[derive(Serialize)]
struct PresenceJson<'a> {
    r#type: &'static str,
    id: &'a str,
    who: Vec<WhoJson<'a>>,
}

#[derive(Serialize)]
struct NamesJson<'a> {
    name: &'a str,
    device: &'a str,
}

#[derive(Serialize)]
struct TakenJson<'a> {
    r#type: &'static str,
    action: &'static str,
    id: &'a str,
    by: NamesJson<'a>,
}

#[derive(Serialize)]
struct AnewJson {
    r#type: &'static str,
    action: &'static str,
}

#[derive(Serialize)]
struct YouJson<'a> {
    r#type: &'static str,
    action: &'static str,
    #[serde(flatten)]
    names: NamesJson<'a>,
}

impl<'a> NamesJson<'a> {
    fn of(Attendee { name, device, .. }: &'a Attendee) -> Self {
        Self { name, device }
    }
}

/// Who is at a record; nobody any more if there is none.
pub(super) fn presence_frame(key: RecordKey, who: &[Who]) -> Bytes {
    let who = who.iter().map(|Who { attendee, does, since }| WhoJson {
        name: &attendee.name,
        device: &attendee.device,
        does: does.name(),
        since: since.to_rfc3339(),
    });
    text_frame(&json::to_vec(&PresenceJson { r#type: TYPE, id: &key.id(), who: who.collect() }))
}

/// To one who edits a record: somebody else goes on with it.
pub fn taken_frame(key: RecordKey, by: &Attendee) -> Bytes {
    let by = NamesJson::of(by);
    text_frame(&json::to_vec(&TakenJson { r#type: TYPE, action: "taken", id: &key.id(), by }))
}

/// To one who knows where others are, and may have missed something of it: that is void, and what holds follows.
pub(super) fn anew_frame() -> Bytes {
    text_frame(&json::to_vec(&AnewJson { r#type: TYPE, action: "anew" }))
}

/// To one who says where he is: how the others are shown him.
pub fn you_frame(attendee: &Attendee) -> Bytes {
    text_frame(&json::to_vec(&YouJson { r#type: TYPE, action: "you", names: NamesJson::of(attendee) }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Kind, Timestamp};
    use crate::live::presence::lease::Doing;

    #[test]
    fn frames_are_written_as_the_manual_says() {
        let key = RecordKey::new(Kind::Estimate, 1);
        let text = |frame: Bytes| {
            let at = frame.iter().position(|&byte| byte == b'{').unwrap();
            String::from_utf8(frame[at..].to_vec()).unwrap().replace(&*key.id(), "EST-1")
        };
        let (ravi, meena) = (Attendee::named(7, "Ravi \"R\"", "Till 2"), Attendee::named(8, "Meena", "Office"));
        let since = Timestamp { unix_micros: 0, offset_seconds: 0 };
        let who = Who { attendee: Arc::clone(&ravi), does: Doing::Edit, since };
        assert_eq!(
            text(presence_frame(key, &[who])),
            r#"{"type":"presence","id":"EST-1","who":[{"name":"Ravi \"R\"","device":"Till 2","does":"edit","since":"1970-01-01T00:00:00.000000+00:00"}]}"#
        );
        assert_eq!(text(presence_frame(key, &[])), r#"{"type":"presence","id":"EST-1","who":[]}"#);
        assert_eq!(
            text(taken_frame(key, &meena)),
            r#"{"type":"presence","action":"taken","id":"EST-1","by":{"name":"Meena","device":"Office"}}"#
        );
        assert_eq!(text(anew_frame()), r#"{"type":"presence","action":"anew"}"#);
        assert_eq!(text(you_frame(&meena)), r#"{"type":"presence","action":"you","name":"Meena","device":"Office"}"#);
    }
}
