//! A host name of `--host`, and the public base URL that other devices open under it.

use std::net::{IpAddr, SocketAddr};

/// A name under which browsers reach the server. Requests are taken under it with any scheme and port; those here are what
/// links for other devices have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName {
    /// In lower case, without brackets.
    pub name: String,
    /// Whether it was written with https; nothing if it was written without a scheme.
    pub is_https: Option<bool>,
    /// As it was written.
    pub port: Option<u16>,
}

impl HostName {
    const HTTPS_PORT: u16 = 443;
    const HTTP_PORT: u16 = 80;

    /// The base URL for other devices, like `https://shop.example`; nothing if every machine calls itself by this name.
    pub fn base_url(&self, listening: &[SocketAddr]) -> Option<String> {
        let ip = self.name.parse::<IpAddr>().ok();
        if self.name == "localhost" || ip.is_some_and(|ip| ip.is_loopback()) {
            return None;
        }
        let open = listening.iter().find(|address| !address.ip().is_loopback());
        // Where other devices do not reach the port itself, there is a proxy in front, and that is for https.
        let is_https = self.is_https.unwrap_or(open.is_none() || self.port == Some(Self::HTTPS_PORT));
        let (scheme, usual) = if is_https { ("https", Self::HTTPS_PORT) } else { ("http", Self::HTTP_PORT) };
        let listened = open.filter(|_| self.is_https.is_none() && !is_https).map(SocketAddr::port);
        let port = self.port.or(listened).filter(|port| *port != usual);
        let host = if ip.is_some_and(|ip| ip.is_ipv6()) { format!("[{}]", self.name) } else { self.name.clone() };
        Some(format!("{scheme}://{host}{}", port.map(|port| format!(":{port}")).unwrap_or_default()))
    }

    /// The base URL under the first name that is one for other devices.
    pub fn first_base_url(names: &[Self], listening: &[SocketAddr]) -> Option<String> {
        names.iter().find_map(|name| name.base_url(listening))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(name: &str, is_https: Option<bool>, port: Option<u16>, listening: &str) -> Option<String> {
        HostName { name: name.to_string(), is_https, port }.base_url(&[listening.parse().unwrap()])
    }

    #[test]
    fn a_name_with_its_scheme_is_the_address_for_others_as_it_was_written() {
        for listening in ["127.0.0.1:8000", "0.0.0.0:8000"] {
            let shop = |is_https, port| url("shop.lan", Some(is_https), port, listening);
            assert_eq!(shop(true, None).as_deref(), Some("https://shop.lan"));
            assert_eq!(shop(true, Some(443)).as_deref(), Some("https://shop.lan"));
            assert_eq!(shop(true, Some(8_443)).as_deref(), Some("https://shop.lan:8443"));
            assert_eq!(shop(false, None).as_deref(), Some("http://shop.lan"));
            assert_eq!(shop(false, Some(8_080)).as_deref(), Some("http://shop.lan:8080"));
        }
    }

    #[test]
    fn a_name_alone_has_the_port_that_others_reach_or_a_proxy_in_front() {
        assert_eq!(url("shop.lan", None, None, "0.0.0.0:8000").as_deref(), Some("http://shop.lan:8000"));
        assert_eq!(url("shop.lan", None, None, "0.0.0.0:80").as_deref(), Some("http://shop.lan"));
        assert_eq!(url("shop.lan", None, Some(9_000), "0.0.0.0:8000").as_deref(), Some("http://shop.lan:9000"));
        assert_eq!(url("shop.lan", None, Some(443), "0.0.0.0:8000").as_deref(), Some("https://shop.lan"));
        assert_eq!(url("shop.lan", None, None, "127.0.0.1:8000").as_deref(), Some("https://shop.lan"));
        assert_eq!(url("2001:db8::7", None, None, "[::]:8000").as_deref(), Some("http://[2001:db8::7]:8000"));
        for own in ["localhost", "127.0.0.1", "::1"] {
            assert_eq!(url(own, Some(true), None, "0.0.0.0:8000"), None, "{own}");
        }
    }
}
