//! Addresses as people write them on the command line: where to listen, under which name, for which page. Each becomes the
//! one form that the server compares with, or a sentence about what is wrong with it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::web::HostName;

/// The port unless another one is named.
const PORT: u16 = 8_000;

/// `127.0.0.1:8000`; also an address or a port alone, `:8000` for every address of this machine, and `localhost`.
pub(crate) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Ok(ip) = text.trim_start_matches('[').trim_end_matches(']').parse() {
        return Ok(SocketAddr::new(ip, PORT));
    }
    // A port alone changes the port alone: it lets nobody in whom the default does not let in.
    let (name, port) = match text.rsplit_once(':') {
        Some(parts) => parts,
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => ("localhost", text),
        None => (text, "8000"),
    };
    let ip = match name {
        "" => Ipv4Addr::UNSPECIFIED,
        name if name.eq_ignore_ascii_case("localhost") => Ipv4Addr::LOCALHOST,
        _ => return Err(NO_ADDRESS.to_string()),
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|_| is_number).ok_or_else(|| NO_ADDRESS.to_string())?;
    Ok(SocketAddr::new(IpAddr::V4(ip), port))
}

const NO_ADDRESS: &str = "use an address of this machine and a port, such as 0.0.0.0:8000 for every address, \
                          localhost:8000 for this machine alone, or [::]:8000 for IPv6 as well";

/// A name under which browsers reach the server. Who copies it out of a browser brings scheme, port and slash along; they count
/// for links alone, since there may be something in front of the server.
pub(crate) fn parse_host(text: &str) -> Result<HostName, String> {
    let lower = text.trim().to_ascii_lowercase();
    let (is_https, rest) = match (lower.strip_prefix("https://"), lower.strip_prefix("http://")) {
        (Some(rest), _) => (Some(true), rest),
        (None, Some(rest)) => (Some(false), rest),
        (None, None) => (None, lower.as_str()),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let with_port = if rest.parse::<IpAddr>().is_ok() { None } else { rest.rsplit_once(':') };
    let (name, port) = match with_port.map(|(name, port)| (name, port.parse())) {
        Some((name, Ok(port))) => (name, Some(port)),
        _ => (rest, None),
    };
    let name = name.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let is_ip = name.parse::<IpAddr>().is_ok();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if is_ip || is_name {
        Ok(HostName { name: name.to_string(), is_https, port })
    } else {
        Err("use a name or an address alone, such as shop.lan; one with other letters in its xn-- form".to_string())
    }
}

/// An origin as browsers send it (RFC 6454 §6.1), of any scheme: apps have their own, such as `capacitor://localhost`, and some
/// of them no host. `null` is what every sandboxed page calls itself, and there is no `*`.
pub(crate) fn parse_origin(text: &str) -> Result<String, String> {
    const EXAMPLE: &str = "use scheme and host of the page, such as https://office.example or capacitor://localhost";
    let lower = text.trim().to_ascii_lowercase();
    let (scheme, rest) = lower.split_once("://").ok_or(EXAMPLE)?;
    let host = rest.strip_suffix('/').unwrap_or(rest);
    let mut letters = scheme.bytes();
    let is_scheme = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let is_web = matches!(scheme, "http" | "https");
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte));
    if !is_scheme || !is_host || (is_web && host.is_empty()) {
        return Err(EXAMPLE.to_string());
    }
    // Browsers leave the usual port away.
    let usual_port = if scheme == "https" { ":443" } else { ":80" };
    let host = if is_web { host.strip_suffix(usual_port).unwrap_or(host) } else { host };
    Ok(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_to_listen_on_is_read_as_people_write_it() {
        for (text, expected) in [
            ("127.0.0.1:8000", "127.0.0.1:8000"),
            ("0.0.0.0", "0.0.0.0:8000"),
            ("192.168.1.7", "192.168.1.7:8000"),
            (":9000", "0.0.0.0:9000"),
            ("localhost:9000", "127.0.0.1:9000"),
            ("LocalHost", "127.0.0.1:8000"),
            ("9000", "127.0.0.1:9000"),
            ("0", "127.0.0.1:0"),
            ("[::]:9000", "[::]:9000"),
            ("[::]", "[::]:8000"),
            ("::1", "[::1]:8000"),
        ] {
            assert_eq!(parse_listen(text), Ok(expected.parse().unwrap()), "{text}");
        }
        for text in
            ["", ":", "shop:8000", "localhost:", "localhost:x", "localhost:+1", "65536", "1.2.3", "1.2.3.4:99999"]
        {
            assert!(parse_listen(text).is_err_and(|sentence| sentence.contains("such as")), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_taken_out_of_what_a_browser_shows() {
        for (text, expected) in [
            ("shop.lan", ("shop.lan", None, None)),
            ("Shop.Lan.", ("shop.lan", None, None)),
            ("https://shop.lan/", ("shop.lan", Some(true), None)),
            ("http://shop.lan/", ("shop.lan", Some(false), None)),
            ("https://shop.lan:8443/", ("shop.lan", Some(true), Some(8_443))),
            ("shop.lan:443", ("shop.lan", None, Some(443))),
            ("till_1", ("till_1", None, None)),
            ("203.0.113.7:8000", ("203.0.113.7", None, Some(8_000))),
            ("[2001:db8::1]:8000", ("2001:db8::1", None, Some(8_000))),
            ("2001:db8::1", ("2001:db8::1", None, None)),
        ] {
            let (name, is_https, port) = expected;
            assert_eq!(parse_host(text), Ok(HostName { name: name.to_string(), is_https, port }), "{text}");
        }
        for text in
            ["", "*", "*.lan", "https://", "shop.lan/x", "a b", "büro.lan", "ftp://shop.lan", "a:b", "u@shop.lan"]
        {
            assert!(parse_host(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_allowed_origin_is_exactly_one_page_address() {
        for (text, expected) in [
            ("https://office.example", "https://office.example"),
            ("https://office.example/", "https://office.example"),
            ("HTTPS://Office.Example:443", "https://office.example"),
            ("https://office.example:80", "https://office.example:80"),
            ("http://192.168.1.9:3000", "http://192.168.1.9:3000"),
            ("http://[fd12::1]:3000/", "http://[fd12::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("ionic://localhost/", "ionic://localhost"),
            ("app://", "app://"),
            ("app://-", "app://-"),
            ("file://", "file://"),
            ("moz-extension://4e5f", "moz-extension://4e5f"),
        ] {
            assert_eq!(parse_origin(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "null",
            "*",
            "https://*",
            "*://office.example",
            "office.example",
            "https://",
            "://x",
            "1a://x",
            "https://a/b",
            "https://a//",
            "https://u@a",
            "https://a b",
            "https://a?b",
            "https://a#b",
            "https://büro.example",
        ] {
            assert!(parse_origin(text).is_err(), "{text}");
        }
    }
}
