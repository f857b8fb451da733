//! Finds the few values that are needed in JSON text by looking at its bytes, without parsing it.

/// The id of a record, packed: one comparison instead of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RecordId(u64);

/// Which series an id belongs to, above its 32 bits of hex digits.
const ORDER: u64 = 1 << 32;

/// In the messages of this version `seq` stands behind at least so many bytes: type, action and id.
const SEQ_FROM: usize = 48;
/// Digits that a `seq` can have without overflow.
const DIGITS_MAX: usize = 19;

/// The change's place in the order of all changes, from the front of a live message.
pub(crate) fn seq(message: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"seq\":";
    let digits = message.get(SEQ_FROM..).and_then(|text| behind(text, NAME)).or_else(|| behind(message, NAME))?;
    digits.first().filter(|byte| byte.is_ascii_digit())?;
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit()).take(DIGITS_MAX);
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// The record that a live message is about.
pub(crate) fn message_id(message: &[u8]) -> Option<RecordId> {
    packed(behind(message, b"\"id\":\"")?)
}

/// The record that an answer to a create is about: `estimate_id` or `order_id`, whichever it has.
pub(crate) fn answer_id(answer: &[u8]) -> Option<RecordId> {
    packed(behind(answer, b"_id\":\"")?)
}

fn packed(text: &[u8]) -> Option<RecordId> {
    let (series, digits) = match (text.strip_prefix(b"EST-"), text.strip_prefix(b"ORDER-")) {
        (Some(digits), _) => (0, digits),
        (_, Some(digits)) => (ORDER, digits),
        _ => return None,
    };
    let digits = str::from_utf8(digits.get(..8)?).ok()?;
    Some(RecordId(series | u64::from(u32::from_str_radix(digits, 16).ok()?)))
}

/// What follows the first place where `name` stands.
fn behind<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(name.len()).position(|part| part == name)?;
    text.get(at + name.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_and_the_answer_to_its_create_have_the_same_id() {
        let message = br#"{"type":"estimate","action":"create","id":"EST-4E5A3D1F","seq":17,"rev":1,"data":{}}"#;
        let answer = br#"{"success":true,"message":"Saved","data":{"estimate_id":"EST-4E5A3D1F","total":1.0}}"#;
        assert_eq!(message_id(message), Some(RecordId(0x4E5A_3D1F)));
        assert_eq!(answer_id(answer), message_id(message));
        assert_eq!(seq(message), Some(17));
        assert_eq!(seq(br#"{"seq":18,"type":"estimate","action":"create","id":"EST-4E5A3D1F","rev":1}"#), Some(18));
        assert_eq!(seq(br#"{"seq":99999999999999999999999999}"#), Some(9_999_999_999_999_999_999));
    }

    #[test]
    fn the_two_series_do_not_mix() {
        assert_eq!(answer_id(br#"{"order_id":"ORDER-0000000A"}"#), Some(RecordId(ORDER | 0xA)));
        assert_ne!(answer_id(br#"{"order_id":"ORDER-0000000A"}"#), answer_id(br#"{"estimate_id":"EST-0000000A"}"#));
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        for text in [b"".as_slice(), b"sale_completed", br#"{"seq":"#, br#"{"seq":null}"#, br#"{"id":"EST-12"}"#] {
            assert_eq!((seq(text), message_id(text)), (None, None));
        }
    }
}
