//! The query of a request's address, and percent-encoding (RFC 3986 §2.1).

use std::borrow::Cow;

use super::problem::Problem;

/// The query of an address: `name=value` pairs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    /// Of a request's target.
    pub fn of(target: &'a str) -> Self {
        Self(target.split_once('?').map_or("", |(_, query)| query))
    }

    /// A parameter, decoded; the first one if it is repeated.
    pub fn get(self, name: &str) -> Result<Option<String>, Problem> {
        for pair in self.0.split('&').filter(|pair| !pair.is_empty()) {
            let (own, value) = pair.split_once('=').unwrap_or((pair, ""));
            if percent_decode(own, true)? == name {
                return percent_decode(value, true).map(|value| Some(value.into_owned()));
            }
        }
        Ok(None)
    }
}

/// Decodes `%XX`, and `+` as a space where the text is a query.
pub(crate) fn percent_decode(text: &str, is_query: bool) -> Result<Cow<'_, str>, Problem> {
    let has_spaces = is_query && text.contains('+');
    if !has_spaces && !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let malformed = || Problem::new(400, "The address is not percent-encoded UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |digit: Option<u8>| digit.and_then(|digit| char::from(digit).to_digit(16));
                let (high, low) =
                    (digit(rest.next()).ok_or_else(malformed)?, digit(rest.next()).ok_or_else(malformed)?);
                u8::try_from(high * 16 + low).map_err(|_| malformed())?
            }
            b'+' if is_query => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_decoded_once_and_strictly() {
        assert_eq!(percent_decode("%23001", false).unwrap(), "#001");
        assert_eq!(percent_decode("a+b", false).unwrap(), "a+b");
        assert_eq!(percent_decode("a+b%2B", true).unwrap(), "a b+");
        assert_eq!(percent_decode("%2523", false).unwrap(), "%23");
        for broken in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(percent_decode(broken, false).map_err(|problem| problem.status), Err(400), "{broken}");
        }
    }
}
