//! The address of a server, as people write it.

/// The base address without a trailing slash, or a sentence about what is wrong with it.
pub(crate) fn base_url(url: &str) -> Result<&str, String> {
    let base = url.trim_end_matches('/');
    match base.strip_prefix("http://") {
        Some(rest) if !rest.is_empty() && !rest.contains('/') => Ok(base),
        _ => Err(format!("{url:?} is not the address of a tillsync server; it looks like http://192.168.1.10:8000.")),
    }
}
