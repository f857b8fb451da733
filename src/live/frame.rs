//! The bytes of a change: JSON and WebSocket header, made once and shared by all sockets (server frames are not masked).

use tungstenite::Bytes;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader};

use super::subscription::Dialect;
use crate::domain::{Action, Change, Kind, Masks, RecordKey, cut};
use crate::json::Object;

/// The record of a change is not a JSON object in UTF-8, so no frame can be made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl std::fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("its record is not a JSON object")
    }
}

/// Room for what a frame says besides the record.
const ENVELOPE_BYTES: usize = 256;

/// A change in the form in which some clients see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShownChange<'a> {
    pub change: &'a Change,
    pub masks: Masks,
    /// Whether the record that it is linked to is seen.
    pub is_link_seen: bool,
    /// Plain `/ws` does not repeat the estimate with its conversion.
    pub has_record: bool,
}

/// The JSON text of a change as it stands; unknown keys are ignored by old clients. An error means that its record cannot be
/// shown; the broadcaster sends the legacy string instead.
pub fn change_json(change: &Change) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    let shown = ShownChange { change, masks: Masks::NONE, is_link_seen: true, has_record: true };
    push_shown_json(&mut bytes, &shown)?;
    Ok(bytes)
}

/// Puts a change behind what is there already, or nothing.
pub(crate) fn push_shown_json(bytes: &mut Vec<u8>, shown: &ShownChange<'_>) -> Result<(), Unreadable> {
    let ShownChange { change, masks, is_link_seen, has_record } = *shown;
    let data = change.record.as_deref().filter(|_| has_record);
    if data.is_some_and(|data| !is_object(data)) {
        return Err(Unreadable);
    }
    let data = data.map(|data| cut(data, masks, is_link_seen));
    bytes.reserve(ENVELOPE_BYTES + data.as_deref().map_or(0, <[u8]>::len));
    let mut object = Object::open(bytes);
    object.plain("type", change.key.kind.name()).plain("action", change.action.name()).plain("id", &change.key.id());
    if let (Some(order), Action::ConvertToOrder, true) = (change.linked, change.action, is_link_seen) {
        object.plain("order_id", &order.id()).plain("order_number", &order.label());
    }
    object
        .integer("seq", change.seq)
        .integer("rev", u64::from(change.rev))
        .plain("at", &change.at.to_rfc3339())
        .text_if("by", change.by.as_deref())
        .plain_if("origin", change.origin.map(|origin| origin.to_string()).as_deref());
    if let Some(data) = data {
        object.raw("data", &data);
    }
    object.close();
    Ok(())
}

/// That a record is not seen any more, and nothing else about it.
pub fn hide_json(key: RecordKey, seq: u64) -> Vec<u8> {
    end_json("hide", key, seq)
}

/// The same for plain `/ws`, whose clients know no other end of a record.
pub(crate) fn plain_hide_json(key: RecordKey, seq: u64) -> Vec<u8> {
    end_json(Action::Delete.name(), key, seq)
}

fn end_json(action: &str, key: RecordKey, seq: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ENVELOPE_BYTES);
    let mut object = Object::open(&mut bytes);
    object.plain("type", key.kind.name()).plain("action", action).plain("id", &key.id()).integer("seq", seq);
    object.close();
    bytes
}

/// Stored JSON was written by us and every page of it is checked when the file is opened; this finds what is torn or empty
/// without parsing everything again for every change.
fn is_object(json: &[u8]) -> bool {
    json.first() == Some(&b'{') && json.last() == Some(&b'}') && std::str::from_utf8(json).is_ok()
}

/// What a change is to clients of the bare strings.
pub(crate) fn legacy_text(change: &Change) -> &'static str {
    match (change.key.kind, change.action) {
        (Kind::Estimate, Action::Create) => "estimate_created",
        (Kind::Estimate, Action::Update) => "estimate_updated",
        (Kind::Estimate, Action::Delete) => "estimate_deleted",
        (_, Action::ConvertToOrder) => "estimate_converted_to_order",
        (Kind::Order, Action::Create) => "sale_completed",
        (Kind::Order, Action::Update | Action::Delete) => "order_updated",
    }
}

/// The frame that makes each screen of the old app reload: any action on orders that it cannot apply by itself.
pub(crate) fn reload_frame(newest: RecordKey) -> Bytes {
    object_frame(|object| {
        object.plain("type", "order").plain("action", "update").plain("id", &newest.id()).raw("data", b"{}");
    })
}

/// The same where no record is named, since what was seen is not.
pub(crate) fn nameless_reload_frame(dialect: Dialect) -> Bytes {
    if dialect == Dialect::Legacy {
        return text_frame(b"order_updated");
    }
    reload_frame(RecordKey::new(Kind::Order, 0))
}

/// A whole text frame (RFC 6455 §5.6). The bytes must be UTF-8.
pub fn text_frame(text: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(text.len() + FRAME_HEADER_BYTES_MAX);
    push_frame(&mut bytes, text);
    bytes.into()
}

/// A frame of the protocol itself on `/sync`: `live` or `at`, with the sequence that the client has reached.
pub fn sync_frame(action: &str, seq: u64) -> Bytes {
    object_frame(|object| {
        object.plain("type", "sync").plain("action", action).integer("seq", seq);
    })
}

/// The first frame on `/sync`: the last sequence, of which epoch it is, and how the client goes on.
pub fn hello_frame(epoch: &str, seq: u64, resume: &str) -> Bytes {
    object_frame(|object| {
        object.plain("type", "sync").plain("action", "hello").plain("epoch", epoch).integer("seq", seq);
        object.plain("resume", resume);
    })
}

/// What is seen on `/sync` has changed: after this sequence it is that of another epoch, and everything is read anew.
pub fn view_frame(epoch: &str, seq: u64) -> Bytes {
    object_frame(|object| {
        object.plain("type", "sync").plain("action", "view").plain("epoch", epoch).integer("seq", seq);
        object.plain("resume", "reset");
    })
}

/// The frame of new settings on `/sync`. They have no sequence of their own: `seq` is that of the last change before them.
pub fn settings_frame(settings: &[u8], seq: u64) -> Bytes {
    object_frame(|object| {
        object.plain("type", "settings").plain("action", "update").plain("id", "settings").integer("seq", seq);
        object.raw("data", settings);
    })
}

fn object_frame(fill: impl FnOnce(&mut Object<'_>)) -> Bytes {
    let mut json = Vec::with_capacity(ENVELOPE_BYTES);
    let mut object = Object::open(&mut json);
    fill(&mut object);
    object.close();
    text_frame(&json)
}

/// Header of the largest unmasked frame.
const FRAME_HEADER_BYTES_MAX: usize = 10;

/// Appends a whole text frame.
pub fn push_frame(bytes: &mut Vec<u8>, text: &[u8]) {
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    // Writing to memory does not fail.
    let _ = header.format(text.len() as u64, bytes);
    bytes.extend_from_slice(text);
}

/// Appends a whole text frame whose payload is compressed (RFC 7692 §6).
pub(crate) fn push_deflated_frame(bytes: &mut Vec<u8>, payload: &[u8]) {
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), rsv1: true, ..FrameHeader::default() };
    // Writing to memory does not fail.
    let _ = header.format(payload.len() as u64, bytes);
    bytes.extend_from_slice(payload);
}

/// What is in a whole frame of [`push_frame`].
pub(crate) fn payload_of(frame: &[u8]) -> &[u8] {
    let header_bytes = match frame.get(1) {
        Some(126) => 4,
        Some(127) => FRAME_HEADER_BYTES_MAX,
        _ => 2,
    };
    frame.get(header_bytes..).unwrap_or_default()
}

/// A ping (RFC 6455 §5.5.2).
pub fn ping_frame() -> Bytes {
    whole(Frame::ping(Bytes::new()))
}

/// A close frame with a code and a short reason (RFC 6455 §5.5.1).
pub fn close_frame(code: u16, reason: &'static str) -> Bytes {
    whole(Frame::close(Some(CloseFrame { code: CloseCode::from(code), reason: reason.into() })))
}

fn whole(frame: Frame) -> Bytes {
    let mut bytes = Vec::with_capacity(frame.len());
    // Writing to memory does not fail.
    let _ = frame.format(&mut bytes);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Belonging, Timestamp};

    fn change(kind: Kind, action: Action, record: Option<&[u8]>) -> Change {
        Change {
            seq: 7,
            key: RecordKey::new(kind, 1),
            action,
            rev: 2,
            at: Timestamp { unix_micros: 0, offset_seconds: 0 },
            by: Some("Ravi".into()),
            origin: None,
            linked: (action == Action::ConvertToOrder).then(|| RecordKey::new(Kind::Order, 3)),
            belonging: Belonging {
                owner: None,
                counted_at: Timestamp { unix_micros: 0, offset_seconds: 0 },
                sale_by: None,
            },
            owner_before: None,
            linked_belonging: None,
            record: record.map(std::sync::Arc::from),
        }
    }

    #[test]
    fn a_change_is_written_as_the_contract_says() {
        let json = change_json(&change(Kind::Order, Action::Create, Some(br#"{"total":300.0}"#))).unwrap();
        assert_eq!(
            std::str::from_utf8(&json).unwrap(),
            format!(
                r#"{{"type":"order","action":"create","id":"{}","seq":7,"rev":2,"at":"1970-01-01T00:00:00.000000+00:00","by":"Ravi","data":{{"total":300.0}}}}"#,
                RecordKey::new(Kind::Order, 1)
            )
        );
        let json = change_json(&change(Kind::Estimate, Action::ConvertToOrder, Some(b"{}"))).unwrap();
        let text = std::str::from_utf8(&json).unwrap();
        assert!(text.contains(r##""order_number":"#003""##) && text.contains(r#""data":{}"#), "{text}");
        let change = change(Kind::Estimate, Action::ConvertToOrder, Some(br#"{"linked_order_id":"ORD-1"}"#));
        let of_plain = ShownChange { change: &change, masks: Masks::NONE, is_link_seen: false, has_record: false };
        for (has_record, data) in [(false, ""), (true, r#","data":{"redacted":["linked_order_id"]}"#)] {
            let mut json = Vec::new();
            push_shown_json(&mut json, &ShownChange { has_record, ..of_plain }).unwrap();
            let text = String::from_utf8(json).unwrap();
            assert!(text.ends_with(&format!(r#","by":"Ravi"{data}}}"#)) && !text.contains("order_id\":"), "{text}");
        }
    }

    #[test]
    fn a_record_that_is_not_json_is_an_error_and_not_a_broken_frame() {
        assert!(change_json(&change(Kind::Order, Action::Create, Some(b"{\"a\":"))).is_err());
        assert!(change_json(&change(Kind::Order, Action::Create, Some(b"{\"\xff\"}"))).is_err());
        assert!(change_json(&change(Kind::Order, Action::Create, Some(b""))).is_err());
    }

    #[test]
    fn frames_have_the_header_of_their_length() {
        assert_eq!(&text_frame(b"pong")[..], b"\x81\x04pong");
        assert_eq!(&text_frame(&[b'a'; 300])[..4], &[0x81, 126, 1, 44]);
        for length in [0, 1, 125, 126, 300, 65_535, 65_536, 70_000] {
            let payload = vec![b'a'; length];
            assert_eq!(payload_of(&text_frame(&payload)), payload, "{length}");
            let mut deflated = vec![7];
            push_deflated_frame(&mut deflated, &payload);
            assert_eq!((deflated[1], &deflated[2..]), (0xC1, &text_frame(&payload)[1..]), "the header but for one bit");
        }
        assert_eq!(&close_frame(4408, "slow")[..4], &[0x88, 6, 0x11, 0x38]);
    }
}
