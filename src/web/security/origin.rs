//! Who may talk to the server through whose browser. A web page elsewhere must not reach the till through a name that it
//! controls (DNS rebinding), nor send it commands or read its live feed (cross-site requests).

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use tiny_http::Method;

use super::host_name::HostName;
use crate::platform::address_elsewhere;
use crate::web::http::{Head, Problem, Response};

/// The port that browsers leave away in `Host` and `Origin` of plain HTTP.
const HTTP_PORT: u16 = 80;
/// What routers in shops append to the name that a machine gives them, and mDNS. No page elsewhere can have such a name, but
/// for `fritz.box`, which those routers answer themselves.
const HOME_SUFFIXES: [&str; 5] = ["local", "lan", "home", "home.arpa", "fritz.box"];

/// What a page elsewhere may send: the headers that are read here, and those that HTTP libraries add by themselves.
const ASKED_HEADERS: &str =
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Requested-With";
/// What it may read of an answer, beside what every page may.
const EXPOSED_HEADERS: &str = "Allow, Date, ETag, Retry-After, Sync-Epoch, Sync-Seq";
/// What a browser asks before it lets a page of the internet into a private network, and the answer.
const NETWORK_HEADERS: [(&str, &str); 2] = [
    ("Access-Control-Request-Private-Network", "Access-Control-Allow-Private-Network"),
    ("Access-Control-Request-Local-Network", "Access-Control-Allow-Local-Network"),
];

/// Under which names the server is reached, and which other pages may use it.
#[derive(Debug, Clone, Default)]
pub(crate) struct OriginPolicy {
    /// The ports that it listens on.
    ports: Vec<u16>,
    /// Where it listens.
    listening: Vec<SocketAddr>,
    /// Names of this machine on the shop's network.
    machine_names: Vec<String>,
    /// Names that the owner has configured; any port and https too, since there may be something in front of the server.
    configured_names: Vec<HostName>,
    /// Origins of other pages that may use the API, as browsers send them, in lower case.
    allowed_origins: Vec<String>,
}

impl OriginPolicy {
    pub fn new(ports: Vec<u16>, configured_names: &[HostName], allowed_origins: &[String]) -> Self {
        Self {
            ports,
            listening: Vec::new(),
            machine_names: machine_names(crate::platform::machine_name().as_deref()),
            configured_names: configured_names.to_vec(),
            allowed_origins: allowed_origins.iter().map(|origin| origin.to_ascii_lowercase()).collect(),
        }
    }

    /// The same, with where it listens.
    #[must_use]
    pub fn listening_on(self, listening: &[SocketAddr]) -> Self {
        Self { listening: listening.to_vec(), ..self }
    }

    /// The base URL under which another device reaches the server: as whoever asks has reached it; for somebody on this machine,
    /// a name that the owner has configured, or else its address on the network.
    pub fn base_url_for_others(&self, head: &Head, is_from_here: bool) -> String {
        let host = head.host();
        let name = split_port(host).map_or("", |(name, _)| name).trim_matches(['[', ']']).to_ascii_lowercase();
        let is_https = self.is_https(head, is_from_here);
        let as_reached = format!("{}://{host}", if is_https { "https" } else { "http" });
        if let Some(own) = self.configured(&name) {
            // A proxy that does not say how it was asked is in front of a name that was given with its scheme.
            let is_said = is_https || own.is_https.is_none();
            return own.base_url(&self.listening).filter(|_| !is_said).unwrap_or(as_reached);
        }
        let is_here = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !is_here {
            return as_reached;
        }
        let by_address = || self.listening.iter().find_map(|&address| address_elsewhere(address));
        HostName::first_base_url(&self.configured_names, &self.listening)
            .or_else(|| by_address().map(|address| format!("http://{address}")))
            .unwrap_or(as_reached)
    }

    /// Checks a request before anything else is done with it.
    pub fn check(&self, head: &Head, is_live_feed: bool, reached_at: IpAddr) -> Result<(), Problem> {
        let host = head.host();
        // HTTP/1.0 knows no Host; no browser speaks it.
        if !host.is_empty() && !self.knows(host, reached_at) {
            return Err(Problem::new(
                421,
                "This server is not reached under that name. Use its address, or start it with --host NAME.",
            ));
        }
        let is_safe = matches!(head.method, Method::Get | Method::Head | Method::Options) && !is_live_feed;
        match head.header("Origin") {
            Some(origin) if !is_safe && !self.trusts(origin, host) => Err(Problem::new(
                403,
                "Pages of another address may not use this server. If that is how this server is reached, through a proxy, \
                 start it with --host NAME.",
            )),
            _ => Ok(()),
        }
    }

    /// Whether the browser is at our own page over https, through a proxy: then what it keeps may travel so alone.
    pub fn is_https(&self, head: &Head, is_from_here: bool) -> bool {
        // A browser names no Origin where it only reads; a proxy on this machine says how it was asked.
        let is_said =
            is_from_here && head.header("X-Forwarded-Proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        let name = split_port(head.host()).map_or("", |(name, _)| name).to_ascii_lowercase();
        if is_said && self.is_configured(&name) {
            return true;
        }
        let origin = head.header("Origin").unwrap_or_default();
        origin.to_ascii_lowercase().starts_with("https://") && self.trusts(origin, head.host())
    }

    /// Tells the browser of an allowed page that it may read the answer (Fetch standard, CORS protocol).
    pub fn add_cors_headers(&self, head: &Head, response: &mut Response) {
        if let Some(origin) = head.header("Origin").filter(|origin| self.allows(origin)) {
            response.add_header("Access-Control-Allow-Origin", origin);
            response.add_header("Access-Control-Expose-Headers", EXPOSED_HEADERS);
            response.add_header("Vary", "Origin");
        }
    }

    /// Answers a browser that asks on behalf of an allowed page whether it may send a request.
    pub fn preflight(&self, head: &Head) -> Option<Response> {
        let is_asked = head.method == Method::Options && head.header("Access-Control-Request-Method").is_some();
        if !is_asked || !head.header("Origin").is_some_and(|origin| self.allows(origin)) {
            return None;
        }
        let mut response = Response::empty(204, "no-store");
        response.add_header("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
        response.add_header("Access-Control-Allow-Headers", ASKED_HEADERS);
        response.add_header("Access-Control-Max-Age", "600");
        // A page from the internet that asks for a shop's private network has to be let in by name as well (the Private Network
        // Access draft, which was called Local Network Access for a while).
        for (asked, allowed) in NETWORK_HEADERS {
            if head.header(asked).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
                response.add_header(allowed, "true");
            }
        }
        Some(response)
    }

    /// Whether a request comes from our own page: the very address that it is sent to, port included. Cookies know no ports
    /// (RFC 6265 §8.5), so a page of another port shows them as well.
    pub fn is_own(&self, head: &Head) -> bool {
        let (Some(origin), host) = (head.header("Origin"), head.host().to_ascii_lowercase()) else { return false };
        match origin.to_ascii_lowercase().split_once("://") {
            Some(("http", own)) if !own.is_empty() => split_port(own).is_some_and(|own| split_port(&host) == Some(own)),
            // Under https a proxy is in between, which hands on what it was asked for.
            Some(("https", own)) => {
                let plain = |authority: &str| authority.strip_suffix(":443").unwrap_or(authority).to_string();
                split_port(own).is_some_and(|(name, _)| self.is_configured(name)) && plain(own) == plain(&host)
            }
            _ => false,
        }
    }

    /// Whether a page may send commands: our own, as the browser that shows it says, or one that the owner has named.
    fn trusts(&self, origin: &str, host: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let is_own = match origin.split_once("://") {
            Some(("http", own)) if !own.is_empty() => {
                split_port(own).is_some_and(|own| split_port(&host.to_ascii_lowercase()) == Some(own))
            }
            // This server speaks plain HTTP, so under https it is reached through a proxy, which may tell another Host.
            Some(("https", own)) => split_port(own).is_some_and(|(name, _)| self.is_configured(name)),
            _ => false,
        };
        is_own || self.allows(&origin)
    }

    fn allows(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// `name` in lower case.
    fn is_configured(&self, name: &str) -> bool {
        self.configured(name).is_some()
    }

    /// `name` in lower case.
    fn configured(&self, name: &str) -> Option<&HostName> {
        let name = name.trim_matches(['[', ']']).trim_end_matches('.');
        self.configured_names.iter().find(|own| own.name == name)
    }

    /// `reached_at` is this machine's end of the connection: its own address is always known.
    fn knows(&self, host: &str, reached_at: IpAddr) -> bool {
        let host = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::from(host.to_ascii_lowercase())
        } else {
            Cow::from(host)
        };
        let Some((name, port)) = split_port(&host) else { return false };
        if self.is_configured(name) {
            return true;
        }
        let name = name.trim_end_matches('.');
        match name.trim_matches(['[', ']']).parse::<IpAddr>().map(|ip| ip.to_canonical()) {
            // A page that is reached under a literal address is served by that very address: the port may be a mapped one.
            Ok(ip) if !ip.is_loopback() => is_local(ip) || ip == reached_at,
            Ok(_) => self.ports.contains(&port),
            Err(_) => self.machine_names.iter().any(|own| own == name) && self.ports.contains(&port),
        }
    }
}

/// The names of a machine on the shop's network, in lower case.
fn machine_names(machine: Option<&str>) -> Vec<String> {
    let mut names = vec!["localhost".to_string()];
    if let Some(machine) = machine.map(str::to_ascii_lowercase) {
        let first = machine.split('.').find(|label| !label.is_empty()).unwrap_or("localhost");
        names.extend([first.to_string(), machine.clone()]);
        names.extend(HOME_SUFFIXES.map(|suffix| format!("{first}.{suffix}")));
    }
    names
}

/// Splits `host[:port]`, `[v6]:port` included.
fn split_port(host: &str) -> Option<(&str, u16)> {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => {
            let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| port.parse().ok())?.map(|port| (name, port))
        }
        _ => Some((host, HTTP_PORT)),
    }
}

/// Addresses that only the machine itself and its own network use: nobody outside can make a page's name lead there
/// under such a literal address.
fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<HostName> {
        let alone = |name: &&str| HostName { name: (*name).to_string(), is_https: None, port: None };
        names.iter().map(alone).collect()
    }

    #[test]
    fn only_names_of_this_machine_are_known() {
        let mut origin_policy = OriginPolicy::new(vec![8000], &named(&["till.shop", "2001:db8::7"]), &[]);
        origin_policy.machine_names = machine_names(Some("Till-1.local"));
        let here = IpAddr::from([127, 0, 0, 1]);
        for host in [
            "127.0.0.1:8000",
            "localhost:8000",
            "LOCALHOST:8000",
            "[::1]:8000",
            "192.168.1.20:8000",
            "10.0.0.5:8000",
            "172.16.3.4:8000",
            "169.254.7.7:8000",
            "[fd12::1]:8000",
            "[fe80::1]:8000",
            "till.shop",
            "till.shop:443",
            "Till.Shop.",
            "[2001:db8::7]:9000",
            "localhost.:8000",
            "till-1:8000",
            "TILL-1.local:8000",
            "till-1.lan:8000",
            "till-1.home:8000",
            "till-1.home.arpa:8000",
            "till-1.fritz.box:8000",
            "192.168.1.20",
            "192.168.1.20:9000",
            "[fd12::1]",
            "[::ffff:192.168.1.20]:8000",
        ] {
            assert!(origin_policy.knows(host, here), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8000",
            "localhost",
            "localhost:80",
            "127.0.0.1:8001",
            "[::1]:8001",
            "[::ffff:127.0.0.1]:8001",
            "till-1.lan:8001",
            "till-1.example:8000",
            "lan:8000",
            "till-2.lan:8000",
            "till-1.lan.evil.example:8000",
            "8.8.8.8:8000",
            ":8000",
            "172.32.0.1:8000",
            "localhost:8000:8000",
            "localhost:",
            "localhost:+8000",
            "[::1",
            "[2001:db8::1]:8000",
            "127.0.0.1.evil.example:8000",
        ] {
            assert!(!origin_policy.knows(host, here), "{host}");
        }
        assert!(origin_policy.knows("100.64.3.4:8000", IpAddr::from([100, 64, 3, 4])));
        assert!(origin_policy.knows("100.64.3.4:80", IpAddr::from([100, 64, 3, 4])));
    }

    #[test]
    fn a_machine_with_a_domain_of_its_own_is_known_under_both() {
        let names = machine_names(Some("till.shop.example"));
        for name in ["localhost", "till", "till.shop.example", "till.local", "till.lan"] {
            assert!(names.iter().any(|own| own == name), "{name}");
        }
        assert_eq!(machine_names(None), ["localhost"]);
    }

    /// A proxy with https in front passes the name on as `Host`, or cuts its port, or names the server's own address instead.
    #[test]
    fn a_configured_name_is_our_own_page_over_https_too() {
        let origin_policy = OriginPolicy::new(vec![8000], &named(&["shop.lan", "2001:db8::7"]), &[]);
        for origin in ["https://shop.lan", "https://shop.lan:8443", "https://SHOP.lan", "https://[2001:db8::7]"] {
            for host in ["shop.lan", "shop.lan:443", "shop.lan:8443", "127.0.0.1:8000", ""] {
                assert!(origin_policy.trusts(origin, host), "{origin} {host}");
            }
        }
        assert!(origin_policy.trusts("http://shop.lan", "shop.lan"));
        assert!(origin_policy.trusts("http://shop.lan", "shop.lan:80"));
        assert!(origin_policy.trusts("http://shop.lan:8000", "Shop.lan:8000"));
        for origin in [
            "https://shop.lan.evil.example",
            "https://evil.example",
            "https://localhost:8000",
            "https://127.0.0.1:8000",
            "https://u@shop.lan",
            "https://shop.lan:x",
            "https://shop.lan/",
            "https://",
            // Another program at another port of the same machine.
            "http://shop.lan:8080",
            "http://shop.lan",
            "ftp://shop.lan",
        ] {
            assert!(!origin_policy.trusts(origin, "shop.lan:8000"), "{origin}");
        }
    }

    #[test]
    fn only_our_own_pages_and_allowed_ones_are_trusted() {
        let origin_policy = OriginPolicy::new(vec![8000], &[], &["https://office.example".to_string()]);
        assert!(origin_policy.trusts("http://localhost:8000", "localhost:8000"));
        assert!(origin_policy.trusts("https://office.example", "localhost:8000"));
        for origin in [
            "null",
            "http://localhost",
            "http://localhost:8001",
            "https://localhost:8000",
            "https://office.example.evil",
        ] {
            assert!(!origin_policy.trusts(origin, "localhost:8000"), "{origin}");
        }
    }
}
