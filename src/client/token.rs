//! A bearer token (RFC 6750): the secret by which a program shows that it was let in. It is sent, and never shown.

use std::fmt;

/// More than any token of ours has.
const TOKEN_CHARS_MAX: usize = 512;

/// A token that can stand in a header.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token as a person or a file gives it; none if it could not be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_word = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        (is_word && text.len() <= TOKEN_CHARS_MAX).then(|| Self(text.to_string()))
    }

    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_and_its_debug_text_does_not_show_it() {
        let token = Token::parse(" needle\n").unwrap();
        assert_eq!(token.authorization(), "Bearer needle");
        assert!(!format!("{token:?}").contains("needle"));
        for text in ["", " ", "two words", "two\r\nlines", "schlüssel", &"x".repeat(TOKEN_CHARS_MAX + 1)] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
