//! All routes on one screen.

use tiny_http::Method;

use super::need::Need;
use super::request::{Reply, Request, Visit};
use super::{
    changes, estimates, health, help, lists, metrics, openapi, orders, page, people, presence, records, settings,
    summary,
};
use crate::domain::Kind;
use crate::manual;
use crate::web::http::{Problem, Response, percent_decode};

/// What answers a request, with what it takes from the path.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Endpoint<'a> {
    /// Answered also while the shop is closed.
    Always(fn(&Visit<'_>) -> Response),
    /// A page of the manual, answered also while the shop is closed.
    Help(fn(&Visit<'_>, &str) -> Result<Response, Problem>, &'a str),
    /// A file of the page.
    File { folder: &'a str, part: &'a str, name: &'a str },
    /// About the open shop; cannot fail.
    Open(fn(&Request<'_>) -> Response),
    /// About the shop as a whole.
    Shop(fn(&Request<'_>) -> Result<Response, Problem>),
    /// Something new.
    Create(fn(&Request<'_>) -> Result<Reply, Problem>),
    /// About a record, by kind and by id or number.
    Record(fn(&Request<'_>, Kind, &str) -> Result<Response, Problem>, Kind, &'a str),
    /// About an estimate or an order alone, by id.
    Named(fn(&Request<'_>, &str) -> Result<Response, Problem>, &'a str),
    /// About a person, a role, a device or a pairing, by number.
    Numbered(fn(&Request<'_>, u32) -> Result<Response, Problem>, &'a str),
    /// A WebSocket.
    Live(LiveFeed),
}

/// The table: each route is named once, with what it needs and what answers it.
pub(crate) fn find<'a>(method: &Method, path: &[&'a str]) -> Option<(Need, Endpoint<'a>)> {
    use crate::domain::Right as R;
    use Endpoint::{Always, Create, File, Help, Live, Named, Numbered, Open, Record, Shop};
    use Kind::{Estimate, Order};
    use Method::{Delete, Get, Post, Put};
    use Need::{AnyOf, Device, Member, Nothing, Right};
    Some(match (method, path) {
        (Get, [""]) => (Nothing, Always(page::root)),
        (Get, ["openapi.json"]) => (Nothing, Open(openapi::description)),
        (Get, ["sw.js"]) => (Nothing, Always(page::worker)),
        (Get, ["ui", folder, name]) => (Nothing, File { folder, part: "", name }),
        (Get, ["ui", folder, part, name]) => (Nothing, File { folder, part, name }),
        (Get, ["help"]) => (Nothing, Help(help::page, manual::CONTENTS)),
        (Get, ["help", name]) => (Nothing, Help(help::page, name)),
        (Get, ["api"] | ["api", ""]) => (Nothing, Open(health::api_root)),
        (Get, ["health"] | ["api", "health"]) => (Nothing, Always(health::health)),
        (Get, ["websocket", "status"] | ["api", "websocket", "status"]) => (Nothing, Open(health::websocket_status)),
        (Get, ["debug", "time"]) => (Nothing, Always(health::time)),
        (Get, ["ws"]) => (Member, Live(LiveFeed::Plain)),
        (Get, ["sync"]) => (Member, Live(LiveFeed::Sync)),
        #[cfg(feature = "conformance")]
        (Get, ["ws", "echo"]) => (Member, Live(LiveFeed::Echo)),
        (Get, ["metrics"]) => (Right(R::Figures), Shop(metrics::metrics)),
        (Get, ["api", "changes"]) => (Member, Shop(changes::changes)),
        (Get, ["api", "presence"]) => (Member, Shop(presence::presence)),
        (Get, ["api", "search"]) => (Member, Shop(lists::search)),
        (Get, ["api", "summary"]) => (Member, Shop(summary::summary)),
        (Get, ["api", "settings"]) => (Device, Shop(settings::read)),
        (Put, ["api", "settings"]) => (Right(R::Settings), Shop(settings::save)),
        (Post, ["api", "estimates", "create"]) => (Right(R::Estimate), Create(estimates::create)),
        (Get, ["api", "estimates", "all"]) => (Member, Shop(estimates::all)),
        (Get, ["api", "estimates", "pending"]) => (Member, Shop(estimates::pending)),
        (Get, ["api", "estimates", "converted"]) => (Member, Shop(estimates::converted)),
        (Get, ["api", "estimates", "number", number]) => (Member, Record(records::by_number, Estimate, number)),
        // Other methods do not take these names for ids.
        (_, ["api", "estimates", "create" | "all" | "pending" | "converted" | "number"]) => return None,
        (Get, ["api", "estimates", id]) => (Member, Record(records::by_id, Estimate, id)),
        (Get, ["api", "estimates", id, "history"]) => (Member, Record(records::history, Estimate, id)),
        (Put, ["api", "estimates", id]) => (AnyOf(&[R::Estimate, R::EditOthers]), Named(estimates::edit, id)),
        (Delete, ["api", "estimates", id]) => (Right(R::DeleteOpen), Record(records::delete, Estimate, id)),
        (Post, ["api", "estimates", id, "convert-to-order"]) => (Right(R::Convert), Named(estimates::convert, id)),
        (Post, ["api", "estimates", id, "duplicate"]) => (Right(R::Estimate), Named(estimates::duplicate, id)),
        (Post, ["api", "estimates", id, "owner"]) => (Right(R::EditOthers), Record(records::hand_over, Estimate, id)),
        (Post, ["api", "orders", "create-sale"]) => (Right(R::Sell), Create(orders::create)),
        (Get, ["api", "orders", "orders-only"]) => (Member, Shop(lists::orders_only)),
        (Get, ["api", "orders", "separate"]) => (Member, Shop(lists::separate)),
        (Get, ["api", "orders", "all"]) => (Member, Shop(lists::merged)),
        (Get, ["api", "orders", "number", number]) => (Member, Record(records::by_number, Order, number)),
        (_, ["api", "orders", "create-sale" | "orders-only" | "separate" | "all" | "number"]) => return None,
        (Get, ["api", "orders", id]) => (Member, Record(records::by_id, Order, id)),
        (Get, ["api", "orders", id, "history"]) => (Member, Record(records::history, Order, id)),
        (Put, ["api", "orders", id, "status"]) => (AnyOf(&[R::Status, R::UndoSold]), Named(orders::set_status, id)),
        (Delete, ["api", "orders", id]) => (Right(R::UndoSold), Record(records::delete, Order, id)),
        (Post, ["api", "orders", id, "owner"]) => (Right(R::EditOthers), Record(records::hand_over, Order, id)),
        (Get, ["api", "me"]) => (Nothing, Shop(people::me)),
        (Post, ["api", "owner"]) => (Nothing, Shop(people::make_owner)),
        (Post, ["api", "owner", "code"]) => (Right(R::People), Shop(people::owner_code)),
        (Post, ["api", "pair"]) => (Nothing, Shop(people::begin_pairing)),
        (Get, ["api", "pair"]) => (Nothing, Shop(people::pairing)),
        (Get, ["api", "pairings"]) => (Right(R::People), Open(people::pairings)),
        (Post, ["api", "pairings"]) => (Right(R::People), Shop(people::invite)),
        (Post, ["api", "pairings", "confirm"]) => (Right(R::People), Shop(people::confirm_digits)),
        (Post, ["api", "pairings", id, "confirm"]) => (Right(R::People), Numbered(people::confirm_pairing, id)),
        (Post, ["api", "pairings", id, "refuse"]) => (Right(R::People), Numbered(people::refuse_pairing, id)),
        (Post, ["api", "login"]) => (Nothing, Shop(people::log_in)),
        (Post, ["api", "lock"]) => (Device, Shop(people::lock)),
        (Post, ["api", "logout"]) => (Device, Shop(people::log_out)),
        (Get, ["api", "people"]) => (Device, Open(people::persons)),
        (Post, ["api", "people"]) => (Right(R::People), Shop(people::add_person)),
        // Everybody may change his own PIN.
        (Put, ["api", "people", id]) => (Member, Numbered(people::change_person, id)),
        (Delete, ["api", "people", id]) => (Right(R::People), Numbered(people::remove_person, id)),
        (Get, ["api", "roles"]) => (Device, Open(people::roles)),
        (Post, ["api", "roles"]) => (Right(R::People), Shop(people::add_role)),
        (Put, ["api", "roles", id]) => (Right(R::People), Numbered(people::change_role, id)),
        (Delete, ["api", "roles", id]) => (Right(R::People), Numbered(people::remove_role, id)),
        (Get, ["api", "devices"]) => (Right(R::People), Open(people::devices)),
        (Post, ["api", "devices"]) => (Right(R::People), Shop(people::add_device)),
        (Put, ["api", "devices", id]) => (Right(R::People), Numbered(people::change_device, id)),
        (Delete, ["api", "devices", id]) => (Right(R::People), Numbered(people::revoke_device, id)),
        (Post, ["api", "override"]) => (Member, Shop(people::allow_once)),
        (Get, ["api", "audit"]) => (Right(R::Export), Shop(people::audit)),
        (Get, ["api", "audit", "verify"]) => (Right(R::Export), Shop(people::verify_audit)),
        _ => return None,
    })
}

/// Answers a request.
pub(crate) fn answer(visit: &Visit<'_>) -> Result<Reply, Problem> {
    with_endpoint(visit.head.method.clone(), visit.head.target(), |need, endpoint| endpoint.carry_out(visit, need))
}

/// Whether a request belongs to making the first owner: until there is one, other devices get no further.
pub(crate) fn is_for_first_owner(target: &str) -> bool {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    matches!(path, "/" | "/sw.js" | "/api/me" | "/api/owner") || path.starts_with("/ui/") || path.starts_with("/help")
}

/// The live feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LiveFeed {
    /// `/ws`: changes from now on.
    Plain,
    /// `/sync`: the complete protocol.
    Sync,
    /// `/ws/echo`: plain, and every message comes back, as the public fuzzing client wants it. In no build for a shop.
    #[cfg(feature = "conformance")]
    Echo,
}

/// Which live feed a request asks for, if it does.
pub(crate) fn live_feed(method: &Method, target: &str) -> Option<LiveFeed> {
    // RFC 6455 §4.1: a handshake is a GET, and HEAD, which is answered like one elsewhere, is none.
    if *method != Method::Get {
        return None;
    }
    let feed = with_endpoint(method.clone(), target, |_, endpoint| {
        Ok(match endpoint {
            Endpoint::Live(feed) => Some(feed),
            _ => None,
        })
    });
    feed.ok().flatten()
}

impl Endpoint<'_> {
    fn carry_out(self, visit: &Visit<'_>, need: Need) -> Result<Reply, Problem> {
        let response = match self {
            Self::Always(answer) => answer(visit),
            Self::Help(answer, name) => answer(visit, name)?,
            Self::File { folder, part, name } => page::asset(folder, part, name)?,
            Self::Open(answer) => answer(&visit.enter(need)?),
            Self::Shop(answer) => answer(&visit.enter(need)?)?,
            Self::Create(answer) => return answer(&visit.enter(need)?),
            Self::Record(answer, kind, name) => answer(&visit.enter(need)?, kind, name)?,
            Self::Named(answer, id) => answer(&visit.enter(need)?, id)?,
            Self::Numbered(answer, id) => {
                let request = visit.enter(need)?;
                answer(&request, id.parse().map_err(|_| Problem::not_found())?)?
            }
            Self::Live(_) => {
                visit.enter(need)?;
                return Err(Problem::new(426, "This address is a WebSocket; connect with an Upgrade")
                    .with_header("Upgrade", "websocket"));
            }
        };
        Ok(response.into())
    }
}

/// Splits the path, decodes its parts, and finds what answers it; HEAD is answered as GET without its body. Doubled slashes and one
/// at the end are no parts: clients put addresses together from pieces that have them.
fn with_endpoint<T>(
    method: Method,
    target: &str,
    act: impl FnOnce(Need, Endpoint<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = path.strip_prefix('/') else {
        return Err(Problem::new(400, "The address must begin with /"));
    };
    if is_plain(path) {
        return with_parts(method, path.split('/').filter(|part| !part.is_empty()).collect(), act);
    }
    let parts = path.split('/').map(|part| percent_decode(part, false)).collect::<Result<Vec<_>, _>>()?;
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| part.contains(char::is_control)) {
        return Err(Problem::new(400, "The address holds a control character"));
    }
    // Nothing here is a file, and what would lead elsewhere among files leads nowhere.
    if parts.iter().any(|part| part.contains(['/', '\\']) || part.contains("..") || *part == ".") {
        return Err(Problem::not_found());
    }
    with_parts(method, parts, act)
}

/// Whether a path has nothing to decode and nothing to be wary of, as that of almost every command and list.
fn is_plain(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_'))
}

fn with_parts<T>(
    method: Method,
    mut parts: Vec<&str>,
    act: impl FnOnce(Need, Endpoint<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    if parts.is_empty() {
        parts.push("");
    }
    let method = if method == Method::Head { Method::Get } else { method };
    match find(&method, &parts) {
        Some((need, endpoint)) => act(need, endpoint),
        None => Err(no_route(&parts)),
    }
}

/// 405 with the methods that the path has, or 404.
fn no_route(parts: &[&str]) -> Problem {
    let methods =
        [(Method::Get, "GET, HEAD"), (Method::Post, "POST"), (Method::Put, "PUT"), (Method::Delete, "DELETE")];
    let allowed: Vec<&str> =
        methods.iter().filter(|(method, _)| find(method, parts).is_some()).map(|(_, names)| *names).collect();
    if allowed.is_empty() {
        return Problem::not_found();
    }
    Problem::new(405, "Method Not Allowed").with_header("Allow", allowed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::http::{fuzz, spoilt};

    fn status_of(method: Method, target: &str) -> u16 {
        with_endpoint(method, target, |_, _| Ok(())).map_or_else(|problem| problem.status, |()| 200)
    }

    /// What answers a target, as text: two that are equal are answered by the same handler with the same parts.
    fn of(target: &str) -> String {
        with_endpoint(Method::Get, target, |_, endpoint| Ok(format!("{endpoint:?}"))).unwrap()
    }

    /// The part of the address that a handler sees.
    fn text_of(endpoint: Endpoint<'_>) -> Option<&str> {
        match endpoint {
            Endpoint::File { name: text, .. }
            | Endpoint::Help(_, text)
            | Endpoint::Record(_, _, text)
            | Endpoint::Named(_, text)
            | Endpoint::Numbered(_, text) => Some(text),
            Endpoint::Always(_) | Endpoint::Open(_) | Endpoint::Shop(_) | Endpoint::Create(_) | Endpoint::Live(_) => {
                None
            }
        }
    }

    fn text(target: &str) -> Option<String> {
        with_endpoint(Method::Get, target, |_, endpoint| Ok(text_of(endpoint).map(str::to_string))).unwrap()
    }

    #[test]
    fn fixed_paths_are_not_shadowed_by_ids() {
        assert_eq!(text("/api/estimates/pending"), None);
        assert_eq!(text("/api/estimates/number/%23001?x=1").as_deref(), Some("#001"));
        assert_eq!(text("/api/estimates/EST-1").as_deref(), Some("EST-1"));
        assert_eq!(text("/"), None);
        assert_ne!(of("/api/estimates/EST-1"), of("/api/orders/EST-1"));
        assert_ne!(of("/api/estimates/EST-1"), of("/api/estimates/EST-1/history"));
    }

    #[test]
    fn slashes_too_many_change_nothing() {
        for (target, same) in [
            ("//", "/"),
            ("///?x=1", "/"),
            ("/health/", "/health"),
            ("/ws/", "/ws"),
            ("//sync?since=0", "/sync"),
            ("/api/", "/api"),
            ("/api//estimates/all/", "/api/estimates/all"),
            ("//api/orders//number/%23001/?q=1", "/api/orders/number/%23001"),
            ("/ui//0123456789ab/kit//h.js", "/ui/0123456789ab/kit/h.js"),
        ] {
            let name = |target: &str| with_endpoint(Method::Get, target, |_, endpoint| Ok(format!("{endpoint:?}")));
            assert_eq!(name(target), name(same), "{target}");
        }
        assert_eq!(text("/api//estimates//EST-1//history/").as_deref(), Some("EST-1"));
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        assert_eq!(status_of(Method::Get, "/api/nothing"), 404);
        assert_eq!(status_of(Method::Get, "/api/estimates/a%2Fb/c"), 404);
        assert_eq!(status_of(Method::Get, "/api/%zz"), 400);
        assert_eq!(status_of(Method::Post, "/health"), 405);
        assert_eq!(status_of(Method::Head, "/health"), 200);
        let problem = with_endpoint(Method::Patch, "/api/estimates/EST-1", |_, _| Ok(())).unwrap_err();
        assert_eq!(problem.headers, [("Allow", "GET, HEAD, PUT, DELETE".to_string())]);
    }

    /// Whatever the address, no handler sees a part of it that could lead elsewhere or control something.
    #[test]
    fn no_part_of_an_address_climbs_or_controls() {
        const TOKENS: [&str; 16] = [
            "%00", "%2e", "%2E%2e", "..", "/", "%2f", "%5c", "\\", "%", "%zz", "%c3%a9", "%ff", "?", "#", "%0d%0a",
            "%25",
        ];
        let paths = [
            "/api/estimates/EST-1",
            "/api/orders/number/%23001?x=1",
            "/ui/0123456789ab/kit/dom.js",
            "/help/limits",
            "/api/orders/x/status?status=y",
            "/",
            "/api/estimates/x/convert-to-order",
        ];
        let corpus = paths.map(|path| path.as_bytes().to_vec()).into();
        fuzz(20_000, &spoilt(corpus, &TOKENS), |bytes| {
            let Ok(target) = std::str::from_utf8(&bytes) else { return };
            for method in [Method::Get, Method::Put, Method::Post, Method::Delete] {
                match with_endpoint(method, target, |_, endpoint| Ok(text_of(endpoint).map(str::to_string))) {
                    Ok(None) => {}
                    Ok(Some(text)) => {
                        let is_bad =
                            text.contains("..") || text.contains(['/', '\\']) || text.contains(char::is_control);
                        assert!(!is_bad, "{target}: {text}");
                    }
                    Err(problem) => assert!([400, 404, 405].contains(&problem.status), "{target}: {problem:?}"),
                }
            }
        });
    }
}
