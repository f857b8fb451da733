//! All routes on one screen.

use tiny_http::Method;

use super::problem::Problem;
use super::request::{Visit, percent_decode};
use super::respond::Reply;
use super::{estimates, info, lists, openapi, orders, page, settings, summary, sync};
use crate::domain::Estimate;

/// What a method and a path ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Root,
    Description,
    Worker,
    Asset { folder: &'a str, part: &'a str, name: &'a str },
    ApiRoot,
    Health,
    WebSocketStatus,
    Live(LiveFeed),
    Changes,
    Metrics,
    Search,
    Summary,
    Settings,
    SaveSettings,
    CreateEstimate,
    ListEstimates(Option<&'a str>),
    EstimateByNumber(&'a str),
    Estimate(&'a str),
    EstimateHistory(&'a str),
    EditEstimate(&'a str),
    DeleteEstimate(&'a str),
    ConvertEstimate(&'a str),
    DuplicateEstimate(&'a str),
    CreateSale,
    ListOrders,
    ListSeparate,
    ListAll,
    OrderByNumber(&'a str),
    Order(&'a str),
    OrderHistory(&'a str),
    SetOrderStatus(&'a str),
    DeleteOrder(&'a str),
}

/// The table.
pub(super) fn find<'a>(method: &Method, path: &[&'a str]) -> Option<Route<'a>> {
    use Method::{Delete, Get, Post, Put};
    Some(match (method, path) {
        (Get, [""]) => Route::Root,
        (Get, ["openapi.json"]) => Route::Description,
        (Get, ["sw.js"]) => Route::Worker,
        (Get, ["ui", folder, name]) => Route::Asset { folder, part: "", name },
        (Get, ["ui", folder, part, name]) => Route::Asset { folder, part, name },
        (Get, ["api"] | ["api", ""]) => Route::ApiRoot,
        (Get, ["health"] | ["api", "health"]) => Route::Health,
        (Get, ["websocket", "status"] | ["api", "websocket", "status"]) => Route::WebSocketStatus,
        (Get, ["ws"]) => Route::Live(LiveFeed::Plain),
        (Get, ["sync"]) => Route::Live(LiveFeed::Sync),
        #[cfg(feature = "conformance")]
        (Get, ["ws", "echo"]) => Route::Live(LiveFeed::Echo),
        (Get, ["metrics"]) => Route::Metrics,
        (Get, ["api", "changes"]) => Route::Changes,
        (Get, ["api", "search"]) => Route::Search,
        (Get, ["api", "summary"]) => Route::Summary,
        (Get, ["api", "settings"]) => Route::Settings,
        (Put, ["api", "settings"]) => Route::SaveSettings,
        (Post, ["api", "estimates", "create"]) => Route::CreateEstimate,
        (Get, ["api", "estimates", "all"]) => Route::ListEstimates(None),
        (Get, ["api", "estimates", "pending"]) => Route::ListEstimates(Some(Estimate::STATUS_OPEN)),
        (Get, ["api", "estimates", "converted"]) => Route::ListEstimates(Some(Estimate::STATUS_CONVERTED)),
        (Get, ["api", "estimates", "number", number]) => Route::EstimateByNumber(number),
        // Other methods do not take these names for ids.
        (_, ["api", "estimates", "create" | "all" | "pending" | "converted" | "number"]) => return None,
        (Get, ["api", "estimates", id]) => Route::Estimate(id),
        (Get, ["api", "estimates", id, "history"]) => Route::EstimateHistory(id),
        (Put, ["api", "estimates", id]) => Route::EditEstimate(id),
        (Delete, ["api", "estimates", id]) => Route::DeleteEstimate(id),
        (Post, ["api", "estimates", id, "convert-to-order"]) => Route::ConvertEstimate(id),
        (Post, ["api", "estimates", id, "duplicate"]) => Route::DuplicateEstimate(id),
        (Post, ["api", "orders", "create-sale"]) => Route::CreateSale,
        (Get, ["api", "orders", "orders-only"]) => Route::ListOrders,
        (Get, ["api", "orders", "separate"]) => Route::ListSeparate,
        (Get, ["api", "orders", "all"]) => Route::ListAll,
        (Get, ["api", "orders", "number", number]) => Route::OrderByNumber(number),
        (_, ["api", "orders", "create-sale" | "orders-only" | "separate" | "all" | "number"]) => return None,
        (Get, ["api", "orders", id]) => Route::Order(id),
        (Get, ["api", "orders", id, "history"]) => Route::OrderHistory(id),
        (Put, ["api", "orders", id, "status"]) => Route::SetOrderStatus(id),
        (Delete, ["api", "orders", id]) => Route::DeleteOrder(id),
        _ => return None,
    })
}

/// Answers a request.
pub(super) fn answer(visit: &Visit<'_>) -> Result<Reply, Problem> {
    with_route(visit.head.method.clone(), visit.head.target(), |route| {
        visit.check_type()?;
        dispatch(route, visit)
    })
}

/// The live feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LiveFeed {
    /// `/ws`: changes from now on.
    Plain,
    /// `/sync`: the complete protocol.
    Sync,
    /// `/ws/echo`: plain, and every message comes back, as the public fuzzing client wants it. In no build for a shop.
    #[cfg(feature = "conformance")]
    Echo,
}

/// Which live feed a request asks for, if it does.
pub(super) fn live_feed(method: &Method, target: &str) -> Option<LiveFeed> {
    // RFC 6455 §4.1: a handshake is a GET, and HEAD, which is answered like one elsewhere, is none.
    if *method != Method::Get {
        return None;
    }
    let feed = with_route(method.clone(), target, |route| {
        Ok(match route {
            Route::Live(feed) => Some(feed),
            _ => None,
        })
    });
    feed.ok().flatten()
}

fn dispatch(route: Route<'_>, visit: &Visit<'_>) -> Result<Reply, Problem> {
    // Whoever does not enter is answered also while the shop is closed.
    let enter = || visit.enter();
    match route {
        Route::Root => Ok(page::root(visit)),
        Route::Description => Ok(openapi::description(&enter()?)),
        Route::Worker => Ok(page::worker()),
        Route::Asset { folder, part, name } => page::asset(folder, part, name),
        Route::Health => Ok(info::health(visit.shop)),
        Route::ApiRoot => enter().map(|_| info::api_root()),
        Route::WebSocketStatus => Ok(info::websocket_status(&enter()?)),
        Route::Changes => sync::changes(&enter()?),
        Route::Metrics => info::metrics(&enter()?),
        Route::Search => lists::search(&enter()?),
        Route::Summary => summary::summary(&enter()?),
        Route::Settings => settings::read(&enter()?),
        Route::SaveSettings => settings::save(&enter()?),
        Route::Live(_) => Err(Problem::new(426, "This address is a WebSocket; connect with an Upgrade")
            .with_header("Upgrade", "websocket")),
        Route::CreateEstimate => estimates::create(&enter()?),
        Route::ListEstimates(status) => estimates::list(&enter()?, status),
        Route::EstimateByNumber(number) => estimates::by_number(&enter()?, number),
        Route::Estimate(id) => estimates::by_id(&enter()?, id),
        Route::EstimateHistory(id) => estimates::history(&enter()?, id),
        Route::EditEstimate(id) => estimates::edit(&enter()?, id),
        Route::DeleteEstimate(id) => estimates::delete(&enter()?, id),
        Route::ConvertEstimate(id) => estimates::convert(&enter()?, id),
        Route::DuplicateEstimate(id) => estimates::duplicate(&enter()?, id),
        Route::CreateSale => orders::create(&enter()?),
        Route::ListOrders => orders::list(&enter()?),
        Route::ListSeparate => orders::list_separate(&enter()?),
        Route::ListAll => orders::list_all(&enter()?),
        Route::OrderByNumber(number) => orders::by_number(&enter()?, number),
        Route::Order(id) => orders::by_id(&enter()?, id),
        Route::OrderHistory(id) => orders::history(&enter()?, id),
        Route::SetOrderStatus(id) => orders::set_status(&enter()?, id),
        Route::DeleteOrder(id) => orders::delete(&enter()?, id),
    }
}

/// Splits the path, decodes its parts, and finds the route; HEAD is answered as GET without its body. Doubled slashes and one
/// at the end are no parts: clients put addresses together from pieces that have them.
fn with_route<T>(
    method: Method,
    target: &str,
    act: impl FnOnce(Route<'_>) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = path.strip_prefix('/') else {
        return Err(Problem::new(400, "The address must begin with /"));
    };
    let parts = path.split('/').map(|part| percent_decode(part, false)).collect::<Result<Vec<_>, _>>()?;
    let mut parts: Vec<&str> = parts.iter().map(AsRef::as_ref).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        parts.push("");
    }
    if parts.iter().any(|part| part.contains(char::is_control)) {
        return Err(Problem::new(400, "The address holds a control character"));
    }
    // Nothing here is a file, and what would lead elsewhere among files leads nowhere.
    if parts.iter().any(|part| part.contains(['/', '\\']) || part.contains("..") || *part == ".") {
        return Err(Problem::not_found());
    }
    let method = if method == Method::Head { Method::Get } else { method };
    match find(&method, &parts) {
        Some(route) => act(route),
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
    use super::super::mutation::{fuzz, spoilt};
    use super::*;

    fn status_of(method: Method, target: &str) -> u16 {
        with_route(method, target, |_| Ok(())).map_or_else(|problem| problem.status, |()| 200)
    }

    #[test]
    fn fixed_paths_are_not_shadowed_by_ids() {
        let of = |target: &str| with_route(Method::Get, target, |route| Ok(format!("{route:?}"))).unwrap();
        assert_eq!(of("/api/estimates/pending"), r#"ListEstimates(Some("open"))"#);
        assert_eq!(of("/api/estimates/number/%23001?x=1"), r##"EstimateByNumber("#001")"##);
        assert_eq!(of("/api/estimates/EST-1"), r#"Estimate("EST-1")"#);
        assert_eq!(of("/"), "Root");
    }

    #[test]
    fn slashes_too_many_change_nothing() {
        let of = |target: &str| with_route(Method::Get, target, |route| Ok(format!("{route:?}"))).unwrap();
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
            let name = |target: &str| with_route(Method::Get, target, |route| Ok(format!("{route:?}")));
            assert_eq!(name(target), name(same), "{target}");
        }
        assert_eq!(of("/api//estimates//EST-1//history/"), r#"EstimateHistory("EST-1")"#);
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        assert_eq!(status_of(Method::Get, "/api/nothing"), 404);
        assert_eq!(status_of(Method::Get, "/api/estimates/a%2Fb/c"), 404);
        assert_eq!(status_of(Method::Get, "/api/%zz"), 400);
        assert_eq!(status_of(Method::Post, "/health"), 405);
        assert_eq!(status_of(Method::Head, "/health"), 200);
        let problem = with_route(Method::Patch, "/api/estimates/EST-1", |_| Ok(())).unwrap_err();
        assert_eq!(problem.headers, [("Allow", "GET, HEAD, PUT, DELETE".to_string())]);
    }

    /// The part of the address that a handler sees.
    fn text_of(route: Route<'_>) -> Option<&str> {
        match route {
            Route::Asset { name: text, .. }
            | Route::EstimateByNumber(text)
            | Route::Estimate(text)
            | Route::EditEstimate(text)
            | Route::DeleteEstimate(text)
            | Route::ConvertEstimate(text)
            | Route::DuplicateEstimate(text)
            | Route::OrderByNumber(text)
            | Route::Order(text)
            | Route::SetOrderStatus(text)
            | Route::DeleteOrder(text) => Some(text),
            _ => None,
        }
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
            "/api/orders/x/status?status=y",
            "/",
            "/api/estimates/x/convert-to-order",
        ];
        let corpus = paths.map(|path| path.as_bytes().to_vec()).into();
        fuzz(20_000, &spoilt(corpus, &TOKENS), |bytes| {
            let Ok(target) = std::str::from_utf8(&bytes) else { return };
            for method in [Method::Get, Method::Put, Method::Post, Method::Delete] {
                match with_route(method, target, |route| Ok(text_of(route).map(str::to_string))) {
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
