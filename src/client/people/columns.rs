//! A list in columns, for a terminal. What comes from elsewhere cannot control it.

use std::io::Write;

use serde_json::Value;

/// Between two columns.
const GAP: &str = "  ";

/// Prints lines as the only output of a command. Whoever does not want to read on ends it without a fault.
pub(crate) fn print(text: &str) -> Result<(), String> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("The output cannot be written: {error}."))
        }
        _ => Ok(()),
    }
}

/// Says something beside the output, so that a script gets that alone.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A list under its heads, each column as wide as its widest text.
pub(crate) fn columns<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let heads = heads.map(str::to_string);
    let mut text = String::new();
    for row in std::iter::once(&heads).chain(rows) {
        let cells: Vec<String> = (0..N)
            .map(|place| {
                let of = |row: &[String; N]| row.get(place).map_or(0, |cell| cell.chars().count());
                let width = rows.iter().map(of).max().unwrap_or_default().max(of(&heads));
                let cell = row.get(place).map(String::as_str).unwrap_or_default();
                format!("{cell:<width$}")
            })
            .collect();
        text.push_str(cells.join(GAP).trim_end());
        text.push('\n');
    }
    text
}

/// A text field of an answer, `-` where there is none.
pub(crate) fn text_of(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(text)) => printable(text),
        Some(Value::Number(number)) => number.to_string(),
        _ => "-".to_string(),
    }
}

/// The name of what a field refers to, `-` where it refers to nothing.
pub(crate) fn name_of(value: &Value, field: &str) -> String {
    value.get(field).map_or_else(|| "-".to_string(), |other| text_of(other, "name"))
}

/// `yes`, or `-`.
pub(crate) fn mark_of(value: &Value, field: &str) -> String {
    if value.get(field).and_then(Value::as_bool) == Some(true) { "yes" } else { "-" }.to_string()
}

/// A time of an answer to the minute.
pub(crate) fn minute_of(value: &Value, field: &str) -> String {
    const MINUTE_CHARS: usize = "2026-11-22T10:30".len();
    let text = text_of(value, field);
    text.chars().take(MINUTE_CHARS).map(|sign| if sign == 'T' { ' ' } else { sign }).collect()
}

/// A text without anything that would move the cursor or turn the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    let is_safe = |sign: char| !sign.is_control() && !matches!(sign, '\u{200e}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|sign| if is_safe(sign) { sign } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_text() {
        let rows = [["1".to_string(), "Até logo".to_string()], ["12".to_string(), "-".to_string()]];
        assert_eq!(columns(["ID", "NAME"], &rows), "ID  NAME\n1   Até logo\n12  -\n");
        assert_eq!(columns(["ID", "NAME"], &[]), "ID  NAME\n");
    }

    #[test]
    fn what_a_client_sent_does_not_control_the_terminal() {
        let device = json!({"name": "Till\u{1b}[2J\u{202e}", "role": null, "last_seen": "2026-11-22T10:30:00+05:30"});
        assert_eq!(text_of(&device, "name"), "Till\u{fffd}[2J\u{fffd}");
        assert_eq!((name_of(&device, "role"), text_of(&device, "address")), ("-".to_string(), "-".to_string()));
        assert_eq!(minute_of(&device, "last_seen"), "2026-11-22 10:30");
    }
}
