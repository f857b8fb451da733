//! JSON text without the white space between its tokens.

/// Takes the white space between the tokens of a JSON text away: a record is one line everywhere.
pub(crate) fn compact(json: &str) -> String {
    let mut compacted = String::with_capacity(json.len());
    let mut rest = json;
    // Between two quotes is alternately structure and text; an escaped quote does not end a text.
    while let Some(start) = rest.find('"') {
        let (structure, text) = rest.split_at(start);
        push_without_space(&mut compacted, structure);
        let (text, after) = text.split_at(text_length(text));
        compacted.push_str(text);
        rest = after;
    }
    push_without_space(&mut compacted, rest);
    compacted
}

fn push_without_space(compacted: &mut String, structure: &str) {
    if structure.bytes().any(|byte| byte.is_ascii_whitespace()) {
        compacted.extend(structure.split_ascii_whitespace());
    } else {
        compacted.push_str(structure);
    }
}

/// Bytes of the text that a JSON document begins with, both quotes included.
fn text_length(json: &str) -> usize {
    let mut is_escaped = true;
    let is_end = |byte: u8| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    };
    json.bytes().position(is_end).map_or(json.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_white_space_between_tokens_goes() {
        let json = "[ {\"a b\" : \"c\\\" \\\\\" ,\n\t\"d\":1.50} ]";
        assert_eq!(compact(json), r#"[{"a b":"c\" \\","d":1.50}]"#);
    }
}
