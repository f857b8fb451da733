//! `owner`: the code with which the shop gets its first owner, on a sheet that can be read across a counter.

use std::fmt::Write;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::{Value, json};

use super::columns::{note, print, printable};
use super::shop_client::ShopClient;
use crate::platform::address_elsewhere;

/// What is on the sheet.
struct CodeSheet<'a> {
    code: &'a str,
    minutes: u64,
    /// The address that is opened first of all comes first. Of a server that does not run they are only what this command's
    /// own environment says.
    addresses: &'a [String],
    is_serving: bool,
    is_reset: bool,
    /// Whether colours can be chosen: a QR code is dark on light, and terminals are most often the other way round.
    is_terminal: bool,
}

/// Makes a code and prints it. Without `is_reset` only for a shop that has no owner.
pub fn make_owner_code(shop: &ShopClient, is_reset: bool) -> Result<(), String> {
    let has_owner = shop.get("/api/me")?.get("has_owner").and_then(Value::as_bool) == Some(true);
    if has_owner && !is_reset {
        return Err("This shop has an owner. For an owner who has forgotten the PIN, or one more owner, there is \
                    `tillsync owner --reset`."
            .to_string());
    }
    let answer = shop.post("/api/owner/code", &json!({ "reset": is_reset }))?;
    let code = answer.get("code").and_then(Value::as_str).ok_or("The answer of the server has no code.")?;
    let seconds = answer.get("expires_in").and_then(Value::as_u64).unwrap_or_default();
    let sheet = CodeSheet {
        code: &printable(code),
        minutes: seconds.div_ceil(60),
        addresses: &shop.addresses,
        is_serving: shop.is_serving,
        is_reset: is_reset && has_owner,
        is_terminal: std::io::stdout().is_terminal(),
    };
    print(&sheet.text())?;
    if sheet.is_serving && !sheet.addresses.iter().any(|address| is_for_others(address)) {
        note(advice(has_network()));
    }
    Ok(())
}

/// Where this machine alone can use the code: what would let other devices in.
fn advice(has_network: bool) -> &'static str {
    if has_network {
        "tillsync is not open to other devices at the moment. To let them in, listen on the shop's network (--listen \
         0.0.0.0:8000); the code is good on this machine meanwhile."
    } else {
        "This machine has no address in a network at the moment, so no other device can open the shop. Connect it to the \
         shop's network; the code is good on this machine meanwhile."
    }
}

/// Whether other devices could reach this machine at all.
fn has_network() -> bool {
    address_elsewhere(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))).is_some()
}

impl CodeSheet<'_> {
    fn text(&self) -> String {
        let mut text = self.large();
        let _ = writeln!(text, "{}", self.purpose());
        let _ = writeln!(text, "\nIt is good once, for {} minutes.{}", self.minutes, self.how_to_open());
        for address in self.shown() {
            let _ = writeln!(text, "    {}", self.link(address));
        }
        if let Some(code) = self.addresses.iter().find(|address| is_for_others(address)).and_then(|own| self.qr(own)) {
            let _ = write!(text, "\nor scan this with a phone of the shop:\n\n{code}\n");
        }
        text
    }

    fn purpose(&self) -> &'static str {
        if self.is_reset {
            "With this code you become an owner or, by the name of one there is, give that one a new PIN.\nWhen it is used, \
             all owners are logged out."
        } else {
            "With this code you become the owner of this shop, with a name and a PIN. From then on\nonly who is let in gets in."
        }
    }

    /// Where a server that does not run will listen is known of the network alone, from the environment; whoever starts it may
    /// say something else.
    fn shown(&self) -> impl Iterator<Item = &String> {
        self.addresses.iter().filter(|address| self.is_serving || is_for_others(address))
    }

    fn how_to_open(&self) -> String {
        if self.is_serving {
            return " Open in a browser of the shop\n".to_string();
        }
        let start = "\nStart tillsync, which does not run at the moment. Then open in a browser of the shop";
        if self.shown().next().is_some() {
            return format!("{start}\n");
        }
        format!(
            "{start},\nat the address of your server,\n\n    /#owner={}\n\nor open the shop's page there, choose \"I have an owner’s \
             code\" and type it.",
            self.code
        )
    }

    fn link(&self, address: &str) -> String {
        format!("{address}/#owner={}", self.code)
    }

    /// The code with room between its characters, in a frame.
    fn large(&self) -> String {
        let spaced = |part: &[char]| part.iter().map(char::to_string).collect::<Vec<_>>().join(" ");
        let signs: Vec<char> = self.code.chars().collect();
        let line = signs.chunks(4).map(spaced).collect::<Vec<_>>().join("   ");
        let width = line.chars().count() + 6;
        let (bar, blank) = ("─".repeat(width), " ".repeat(width));
        let line = if self.is_terminal { format!("\x1b[1m{line}\x1b[0m") } else { line };
        format!("\n    ┌{bar}┐\n    │{blank}│\n    │   {line}   │\n    │{blank}│\n    └{bar}┘\n\n")
    }

    /// The address as a QR code. On a terminal its colours are chosen; in a file its dark is that of the letters.
    fn qr(&self, address: &str) -> Option<String> {
        let code = QrCode::new(self.link(address)).ok()?;
        let image = code.render::<Dense1x2>().build();
        let line = |line: &str| {
            if self.is_terminal { format!("    \x1b[30;107m{line}\x1b[0m\n") } else { format!("    {line}\n") }
        };
        Some(image.lines().map(line).collect())
    }
}

/// Whether other devices reach an address.
fn is_for_others(address: &str) -> bool {
    crate::client::local_server::loopback_port(address).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(addresses: &[&str], is_terminal: bool) -> String {
        sheet_of(addresses, true, is_terminal)
    }

    fn sheet_of(addresses: &[&str], is_serving: bool, is_terminal: bool) -> String {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        CodeSheet { code: "K7QM2XFH", minutes: 15, addresses: &addresses, is_serving, is_reset: false, is_terminal }
            .text()
    }

    #[test]
    fn the_sheet_has_the_code_large_every_address_and_a_qr_code() {
        let text = sheet(&["http://192.168.1.10:8000", "http://127.0.0.1:8000"], false);
        assert!(text.contains("│   K 7 Q M   2 X F H   │"), "{text}");
        assert!(text.contains("    http://192.168.1.10:8000/#owner=K7QM2XFH\n"), "{text}");
        assert!(text.contains("    http://127.0.0.1:8000/#owner=K7QM2XFH\n"), "{text}");
        assert!(text.contains("for 15 minutes") && text.contains('▀') && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_qr_code_on_a_terminal_is_dark_on_light_and_each_line_gives_the_colours_back() {
        let text = sheet(&["http://192.168.1.10:8000"], true);
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("\u{1b}[30;107m")).collect();
        assert!(lines.len() > 10 && lines.iter().all(|line| line.ends_with("\u{1b}[0m")), "{text}");
    }

    #[test]
    fn an_address_of_this_machine_is_no_qr_code() {
        let text = sheet(&["http://127.0.0.1:8000"], false);
        assert!(!text.contains('▀') && !text.contains("scan"), "{text}");
    }

    #[test]
    fn a_server_that_does_not_run_has_an_address_that_only_its_owner_knows() {
        let text = sheet_of(&["http://127.0.0.1:8000"], false, false);
        assert!(text.contains("at the address of your server") && text.contains("    /#owner=K7QM2XFH\n"), "{text}");
        assert!(!text.contains("127.0.0.1") && text.contains("does not run"), "{text}");
        let text = sheet_of(&["http://192.168.1.10:8000", "http://127.0.0.1:8000"], false, false);
        assert!(text.contains("    http://192.168.1.10:8000/#owner=K7QM2XFH\n"), "{text}");
        assert!(!text.contains("127.0.0.1") && !text.contains("of your server"), "{text}");
    }

    #[test]
    fn a_machine_without_a_network_is_not_told_to_listen_on_it() {
        assert!(advice(true).contains("--listen"));
        assert!(!advice(false).contains("--listen") && advice(false).contains("no address in a network"));
    }
}
