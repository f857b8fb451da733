//! What a server says to a program that it does not let in, as one sentence that says what to do.

use serde_json::Value;

/// HTTP 401 and close code 4401: log in, or log in again. HTTP 403 and close code 4403: this program may not do that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotAdmitted {
    is_known: bool,
    /// What the server says about it; may be empty.
    detail: String,
}

/// Close codes of a live feed (see the manual's page "Live messages").
const CLOSE_UNKNOWN: u16 = 4_401;
const CLOSE_FORBIDDEN: u16 = 4_403;
/// As much of a reason is shown.
const DETAIL_CHARS_MAX: usize = 300;

impl NotAdmitted {
    /// What an HTTP status means; nothing if it is about something else.
    pub(crate) fn of_status(status: u16, body: &[u8]) -> Option<Self> {
        let detail = serde_json::from_slice::<Value>(body).unwrap_or_default();
        let detail = detail.get("detail").and_then(Value::as_str).unwrap_or_default();
        match status {
            401 => Some(Self::new(false, detail)),
            403 => Some(Self::new(true, detail)),
            _ => None,
        }
    }

    /// What the close code of a WebSocket means; nothing if it is about something else.
    pub(crate) fn of_close(code: u16, reason: &str) -> Option<Self> {
        match code {
            CLOSE_UNKNOWN => Some(Self::new(false, reason)),
            CLOSE_FORBIDDEN => Some(Self::new(true, reason)),
            _ => None,
        }
    }

    fn new(is_known: bool, detail: &str) -> Self {
        // It goes to a terminal.
        let detail = detail.chars().filter(|sign| !sign.is_control()).take(DETAIL_CHARS_MAX).collect();
        Self { is_known, detail }
    }

    /// For the person who started the program.
    pub(crate) fn sentence(&self, base: &str) -> String {
        let says = match self.detail.trim_end_matches('.') {
            "" => String::new(),
            detail => format!(" ({detail})"),
        };
        if self.is_known {
            return format!("{base} does not allow this{says}.");
        }
        format!(
            "{base} does not let this program in{says}. It needs a token, which `tillsync device add` makes on the server's \
             machine; give it with TILLSYNC_TOKEN or --token."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_admission_is_taken_for_it() {
        let of = |status| {
            NotAdmitted::of_status(status, br#"{"detail":"Please log in."}"#).map(|no| no.sentence("http://s"))
        };
        assert!(
            of(401).unwrap().starts_with("http://s does not let this program in (Please log in). It needs a token")
        );
        assert_eq!(of(403).as_deref(), Some("http://s does not allow this (Please log in)."));
        assert_eq!((of(404), of(503)), (None, None));
        assert!(NotAdmitted::of_close(1_001, "").is_none() && NotAdmitted::of_close(4_408, "").is_none());
        let closed = NotAdmitted::of_close(4_403, "a\u{1b}[2J").unwrap();
        assert_eq!(closed.sentence("http://s"), "http://s does not allow this (a[2J).");
        assert_eq!(NotAdmitted::of_close(4_401, ""), NotAdmitted::of_status(401, b"no JSON"));
    }
}
