//! Who sends a request: what its head shows of tokens. They are hashed here, and nothing behind this sees them.

use tiny_http::Method;

use super::origin::OriginPolicy;
use crate::app::Presented;
use crate::web::http::{Head, Problem};

/// The sub-protocol of a socket, and what a page that may not set headers puts behind it.
pub(crate) const PROTOCOL: &str = "tillsync";
const PROTOCOL_BEARER: &str = "bearer.";
const BEARER: &str = "Bearer ";
/// A browser keeps the device for so long (400 days, the most that browsers take).
const DEVICE_SECONDS: u32 = 400 * 24 * 60 * 60;
/// It keeps the person as long as a session can last; the server ends it before.
const PERSON_SECONDS: u32 = 30 * 24 * 60 * 60;

/// What a request shows. `shop` tells this shop's cookies from those of others at the same address.
pub(crate) fn presented(
    head: &Head,
    shop: &str,
    is_live_feed: bool,
    policy: &OriginPolicy,
) -> Result<Presented, Problem> {
    if let Some(secret) = head.door() {
        return Ok(Presented::Door(Presented::hash(secret)));
    }
    if let Some(token) = bearer(head) {
        return Ok(Presented::Bearer(Presented::hash(token)));
    }
    let Some(device) = cookie(head, &device_cookie(shop)) else { return Ok(Presented::Nothing) };
    // A browser says where such a request comes from; what does not is no page of ours.
    let is_safe = matches!(head.method, Method::Get | Method::Head | Method::Options) && !is_live_feed;
    if !is_safe && !policy.is_own(head) {
        let why = "A cookie is taken from this shop's own page alone; programs, and pages of other addresses, use a token. A proxy has \
                   to hand on the Host that it was asked for.";
        return Err(Problem::new(403, why));
    }
    let person = cookie(head, &person_cookie(shop)).map(Presented::hash);
    Ok(Presented::Cookies { device: Presented::hash(device), person })
}

/// The token of a program, in the head or in the sub-protocols.
fn bearer(head: &Head) -> Option<&str> {
    let named = head.header("Authorization").and_then(|value| {
        let (scheme, token) = value.split_at_checked(BEARER.len())?;
        scheme.eq_ignore_ascii_case(BEARER).then(|| token.trim())
    });
    named.or_else(|| offered_protocols(head).find_map(|protocol| protocol.strip_prefix(PROTOCOL_BEARER)))
}

/// Whether a socket is to be answered with our sub-protocol.
pub(crate) fn offers_protocol(head: &Head) -> bool {
    offered_protocols(head).any(|protocol| protocol == PROTOCOL)
}

fn offered_protocols(head: &Head) -> impl Iterator<Item = &str> {
    head.values("Sec-WebSocket-Protocol").flat_map(|value| value.split(',')).map(str::trim)
}

fn cookie<'h>(head: &'h Head, name: &str) -> Option<&'h str> {
    let pairs = head.values("Cookie").flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(own, _)| *own == name).map(|(_, value)| value.trim()).find(|value| !value.is_empty())
}

fn device_cookie(shop: &str) -> String {
    format!("tillsync_{shop}")
}

fn person_cookie(shop: &str) -> String {
    format!("tillsync_{shop}_p")
}

/// The header lines by which a browser keeps tokens, or forgets them.
pub(crate) struct Cookies<'a> {
    pub shop: &'a str,
    /// Whether they may travel over https alone.
    pub is_secure: bool,
}

impl Cookies<'_> {
    pub fn device(&self, token: &str) -> String {
        self.line(&device_cookie(self.shop), token, DEVICE_SECONDS)
    }

    pub fn person(&self, token: &str) -> String {
        self.line(&person_cookie(self.shop), token, PERSON_SECONDS)
    }

    pub fn no_device(&self) -> String {
        self.line(&device_cookie(self.shop), "", 0)
    }

    pub fn no_person(&self) -> String {
        self.line(&person_cookie(self.shop), "", 0)
    }

    fn line(&self, name: &str, value: &str, seconds: u32) -> String {
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Strict{secure}")
    }
}
