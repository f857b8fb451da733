//! Who a client command says it is: the token that a person gave, or that of this machine's own server.

use std::path::PathBuf;

use super::local_server::{LocalServer, loopback_port};
use super::token::Token;

/// Where a command has its token from.
#[derive(Debug, Clone)]
pub struct Credentials {
    given: Option<Token>,
    data: PathBuf,
}

impl Credentials {
    /// A token that a person gave, if one was; and the folder in which a server of this machine leaves its own.
    pub fn new(token: Option<&str>, data: PathBuf) -> Result<Self, String> {
        let given = token.map(|text| Token::parse(text).ok_or(NO_TOKEN)).transpose()?;
        Ok(Self { given, data })
    }

    /// The token for a server. A server makes its own anew at each start, so it is asked for anew with each connection.
    pub(crate) fn token_for(&self, base: &str) -> Option<Token> {
        self.given.clone().or_else(|| self.local_token(base))
    }

    /// Whether a person has chosen the token; it is the same one then, however often it is asked for.
    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// That of the server with this data folder, for that server alone.
    fn local_token(&self, base: &str) -> Option<Token> {
        let port = loopback_port(base)?;
        let local = LocalServer::read(&self.data).inspect_err(|sentence| log::debug!("{sentence}")).ok()??;
        (local.port() == port).then_some(local.token)
    }
}

const NO_TOKEN: &str = "The token (--token or TILLSYNC_TOKEN) cannot be one: a token is one word, as `tillsync device add` \
                        printed it.";

#[cfg(test)]
mod tests {
    use super::*;

    fn authorization(credentials: &Credentials, base: &str) -> Option<String> {
        credentials.token_for(base).map(|token| token.authorization())
    }

    #[test]
    fn a_servers_own_token_is_for_that_server_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tillsync.local"), "http://127.0.0.1:8000\nown\n").unwrap();
        let credentials = Credentials::new(None, folder.path().into()).unwrap();
        for base in ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"] {
            assert_eq!(authorization(&credentials, base).as_deref(), Some("Bearer own"), "{base}");
        }
        for base in ["http://127.0.0.1:8001", "http://192.168.1.10:8000", "http://pi.local:8000"] {
            assert_eq!(authorization(&credentials, base), None, "{base}");
        }
        // What a person says counts more.
        let credentials = Credentials::new(Some("given"), folder.path().into()).unwrap();
        assert_eq!(authorization(&credentials, "http://127.0.0.1:8000").as_deref(), Some("Bearer given"));
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_being_quoted() {
        let sentence = Credentials::new(Some("two needles"), PathBuf::new()).unwrap_err();
        assert!(!sentence.contains("needle"), "{sentence}");
    }
}
