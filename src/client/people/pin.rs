//! Asks for a PIN: twice on a terminal, without showing it; else it is the first line of the standard input.

use std::io::{BufRead, IsTerminal};

/// Digits of a PIN; how many a role needs at least, the server says.
const PIN_DIGITS_MIN: usize = 4;
const PIN_DIGITS_MAX: usize = 8;
/// A longer line is no PIN.
const LINE_BYTES_MAX: u64 = 256;

/// The PIN of a person.
pub fn ask_pin(name: &str) -> Result<String, String> {
    if !std::io::stdin().is_terminal() {
        return first_line(std::io::stdin().lock());
    }
    let asked = |prompt: &str| {
        rpassword::prompt_password(prompt).map_err(|error| format!("No PIN was typed ({error}); nothing was changed."))
    };
    let pin = checked(&asked(&format!("PIN for {} (4 to 8 digits, not shown): ", super::columns::printable(name)))?)?;
    if asked("The same once more: ")?.trim() != pin {
        return Err("The two PINs are not the same; nothing was changed.".to_string());
    }
    Ok(pin)
}

fn first_line(input: impl BufRead) -> Result<String, String> {
    let mut line = String::new();
    input.take(LINE_BYTES_MAX).read_line(&mut line).map_err(|error| format!("The PIN cannot be read: {error}."))?;
    checked(&line)
}

/// A PIN without what stands around it. The sentence about another text does not repeat it.
fn checked(text: &str) -> Result<String, String> {
    let pin = text.trim();
    let is_pin =
        (PIN_DIGITS_MIN..=PIN_DIGITS_MAX).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit());
    if is_pin { Ok(pin.to_string()) } else { Err("A PIN has 4 to 8 digits; nothing was changed.".to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_pin() {
        assert_eq!(first_line(&b"482913\r\nmore"[..]).as_deref(), Ok("482913"));
        assert_eq!(first_line(&b"4829"[..]).as_deref(), Ok("4829"));
        for text in ["", "\n", "123", "123456789", "12a4", "12 34", "\u{661}\u{662}\u{663}\u{664}"] {
            let sentence = first_line(text.as_bytes()).unwrap_err();
            assert!(sentence.starts_with("A PIN has"), "{text}");
        }
    }
}
