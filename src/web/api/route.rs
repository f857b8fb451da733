//! All routes on one screen.

use tiny_http::Method;

use super::request::{Reply, Request, Visit};
use super::{changes, estimates, health, help, lists, metrics, openapi, orders, page, records, settings, summary};
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
    /// A WebSocket.
    Live(LiveFeed),
}

/// The table: each route is named once, with what answers it.
pub(crate) fn find<'a>(method: &Method, path: &[&'a str]) -> Option<Endpoint<'a>> {
    use Endpoint::{Always, Create, File, Help, Live, Named, Open, Record, Shop};
    use Kind::{Estimate, Order};
    use Method::{Delete, Get, Post, Put};
    Some(match (method, path) {
        (Get, [""]) => Always(page::root),
        (Get, ["openapi.json"]) => Open(openapi::description),
        (Get, ["sw.js"]) => Always(page::worker),
        (Get, ["ui", folder, name]) => File { folder, part: "", name },
        (Get, ["ui", folder, part, name]) => File { folder, part, name },
        (Get, ["help"]) => Help(help::page, manual::CONTENTS),
        (Get, ["help", name]) => Help(help::page, name),
        (Get, ["api"] | ["api", ""]) => Open(health::api_root),
        (Get, ["health"] | ["api", "health"]) => Always(health::health),
        (Get, ["websocket", "status"] | ["api", "websocket", "status"]) => Open(health::websocket_status),
        (Get, ["ws"]) => Live(LiveFeed::Plain),
        (Get, ["sync"]) => Live(LiveFeed::Sync),
        #[cfg(feature = "conformance")]
        (Get, ["ws", "echo"]) => Live(LiveFeed::Echo),
        (Get, ["metrics"]) => Shop(metrics::metrics),
        (Get, ["api", "changes"]) => Shop(changes::changes),
        (Get, ["api", "search"]) => Shop(lists::search),
        (Get, ["api", "summary"]) => Shop(summary::summary),
        (Get, ["api", "settings"]) => Shop(settings::read),
        (Put, ["api", "settings"]) => Shop(settings::save),
        (Post, ["api", "estimates", "create"]) => Create(estimates::create),
        (Get, ["api", "estimates", "all"]) => Shop(estimates::all),
        (Get, ["api", "estimates", "pending"]) => Shop(estimates::pending),
        (Get, ["api", "estimates", "converted"]) => Shop(estimates::converted),
        (Get, ["api", "estimates", "number", number]) => Record(records::by_number, Estimate, number),
        // Other methods do not take these names for ids.
        (_, ["api", "estimates", "create" | "all" | "pending" | "converted" | "number"]) => return None,
        (Get, ["api", "estimates", id]) => Record(records::by_id, Estimate, id),
        (Get, ["api", "estimates", id, "history"]) => Record(records::history, Estimate, id),
        (Put, ["api", "estimates", id]) => Named(estimates::edit, id),
        (Delete, ["api", "estimates", id]) => Record(records::delete, Estimate, id),
        (Post, ["api", "estimates", id, "convert-to-order"]) => Named(estimates::convert, id),
        (Post, ["api", "estimates", id, "duplicate"]) => Named(estimates::duplicate, id),
        (Post, ["api", "orders", "create-sale"]) => Create(orders::create),
        (Get, ["api", "orders", "orders-only"]) => Shop(lists::orders_only),
        (Get, ["api", "orders", "separate"]) => Shop(lists::separate),
        (Get, ["api", "orders", "all"]) => Shop(lists::merged),
        (Get, ["api", "orders", "number", number]) => Record(records::by_number, Order, number),
        (_, ["api", "orders", "create-sale" | "orders-only" | "separate" | "all" | "number"]) => return None,
        (Get, ["api", "orders", id]) => Record(records::by_id, Order, id),
        (Get, ["api", "orders", id, "history"]) => Record(records::history, Order, id),
        (Put, ["api", "orders", id, "status"]) => Named(orders::set_status, id),
        (Delete, ["api", "orders", id]) => Record(records::delete, Order, id),
        _ => return None,
    })
}

/// Answers a request.
pub(crate) fn answer(visit: &Visit<'_>) -> Result<Reply, Problem> {
    with_endpoint(visit.head.method.clone(), visit.head.target(), |endpoint| endpoint.carry_out(visit, visit.text()?))
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
    let feed = with_endpoint(method.clone(), target, |endpoint| {
        Ok(match endpoint {
            Endpoint::Live(feed) => Some(feed),
            _ => None,
        })
    });
    feed.ok().flatten()
}

impl Endpoint<'_> {
    /// `text` is the request's body, checked.
    fn carry_out<'v>(self, visit: &Visit<'v>, text: Option<&'v str>) -> Result<Reply, Problem> {
        let response = match self {
            Self::Always(answer) => answer(visit),
            Self::Help(answer, name) => answer(visit, name)?,
            Self::File { folder, part, name } => page::asset(folder, part, name)?,
            Self::Open(answer) => answer(&visit.enter(text)?),
            Self::Shop(answer) => answer(&visit.enter(text)?)?,
            Self::Create(answer) => return answer(&visit.enter(text)?),
            Self::Record(answer, kind, name) => answer(&visit.enter(text)?, kind, name)?,
            Self::Named(answer, id) => answer(&visit.enter(text)?, id)?,
            Self::Live(_) => {
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
    act: impl FnOnce(Endpoint<'_>) -> Result<T, Problem>,
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
    act: impl FnOnce(Endpoint<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    if parts.is_empty() {
        parts.push("");
    }
    let method = if method == Method::Head { Method::Get } else { method };
    match find(&method, &parts) {
        Some(endpoint) => act(endpoint),
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
        with_endpoint(method, target, |_| Ok(())).map_or_else(|problem| problem.status, |()| 200)
    }

    /// What answers a target, as text: two that are equal are answered by the same handler with the same parts.
    fn of(target: &str) -> String {
        with_endpoint(Method::Get, target, |endpoint| Ok(format!("{endpoint:?}"))).unwrap()
    }

    /// The part of the address that a handler sees.
    fn text_of(endpoint: Endpoint<'_>) -> Option<&str> {
        match endpoint {
            Endpoint::File { name: text, .. }
            | Endpoint::Help(_, text)
            | Endpoint::Record(_, _, text)
            | Endpoint::Named(_, text) => Some(text),
            Endpoint::Always(_) | Endpoint::Open(_) | Endpoint::Shop(_) | Endpoint::Create(_) | Endpoint::Live(_) => {
                None
            }
        }
    }

    fn text(target: &str) -> Option<String> {
        with_endpoint(Method::Get, target, |endpoint| Ok(text_of(endpoint).map(str::to_string))).unwrap()
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
            let name = |target: &str| with_endpoint(Method::Get, target, |endpoint| Ok(format!("{endpoint:?}")));
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
        let problem = with_endpoint(Method::Patch, "/api/estimates/EST-1", |_| Ok(())).unwrap_err();
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
                match with_endpoint(method, target, |endpoint| Ok(text_of(endpoint).map(str::to_string))) {
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
