/*! Who may see the page goes in, with a request's peer and headers; whether it is answered comes out. */

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Who may see the page.
#[derive(Debug, Clone)]
pub enum Access {
    /// Everyone who reaches the address.
    Open,
    /// Everyone with a user name and a password (basic authentication).
    Passwords(Vec<Credential>),
    /// Everyone whom a proxy has authenticated.
    Proxy(ProxyHeader),
}

/// User and password as a hash, so that every comparison has the same length.
#[derive(Clone)]
pub struct Credential([u8; 32]);

/// A header in which a proxy names the user.
#[derive(Debug, Clone)]
pub struct ProxyHeader {
    pub name: HeaderName,
    /// Users who may see the page; none means everyone whom the proxy names.
    pub users: Vec<String>,
    /// Addresses of proxies. The header of another peer does not count.
    pub peers: Vec<IpNet>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The browser asks for user and password.
    Unauthenticated,
    /// The peer is no trusted proxy, or the proxy names nobody.
    NotByProxy,
    /// The user may not see the page.
    Unknown,
}

impl Credential {
    pub fn new(user: &str, password: &str) -> Self {
        Self::of(format!("{user}:{password}").as_bytes())
    }

    fn of(pair: &[u8]) -> Self {
        Self(Sha256::digest(pair).into())
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

impl Access {
    pub fn check(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        match self {
            Access::Open => Ok(()),
            Access::Passwords(known) => {
                let given = basic(headers).ok_or(Refusal::Unauthenticated)?;
                let given = Credential::of(&given);
                // Every credential is compared, so that the time tells nothing.
                let none = Choice::from(0);
                let found = known
                    .iter()
                    .fold(none, |found, one| found | one.0.ct_eq(&given.0));
                if bool::from(found) {
                    Ok(())
                } else {
                    Err(Refusal::Unauthenticated)
                }
            }
            Access::Proxy(proxy) => proxy.check(peer, headers),
        }
    }
}

impl ProxyHeader {
    fn check(&self, peer: IpAddr, headers: &HeaderMap) -> Result<(), Refusal> {
        // An IPv4 peer of an IPv6 socket has an IPv6 address.
        let peer = peer.to_canonical();
        if !self.peers.iter().any(|network| network.contains(&peer)) {
            return Err(Refusal::NotByProxy);
        }
        let mut named = headers.get_all(&self.name).iter();
        // Two headers: one may be the client's own.
        let (Some(user), None) = (named.next(), named.next()) else {
            return Err(Refusal::NotByProxy);
        };
        let user = user.to_str().map(str::trim).unwrap_or_default();
        if user.is_empty() {
            return Err(Refusal::NotByProxy);
        }
        let known = self.users.is_empty() || self.users.iter().any(|known| known == user);
        known.then_some(()).ok_or(Refusal::Unknown)
    }
}

/// User and password of a request, with a colon between them.
fn basic(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    STANDARD.decode(encoded.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_password_is_right_or_refused() {
        let access = Access::Passwords(vec![
            Credential::new("ann", "pa:ss"),
            Credential::new("bob", "x"),
        ]);
        let peer = "127.0.0.1".parse().unwrap();
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        for (given, right) in [
            (basic("ann:pa:ss"), true),
            (basic("bob:x").replace("Basic", "bAsIc"), true),
            (basic("ann:x"), false),
            (basic("ann:pa:ss "), false),
            (basic(""), false),
            ("Basic ???".to_owned(), false),
            ("Bearer x".to_owned(), false),
        ] {
            let checked = access.check(peer, &headers(&[("authorization", &given)]));
            assert_eq!(checked.is_ok(), right, "{given}");
        }
        assert_eq!(
            access.check(peer, &HeaderMap::new()),
            Err(Refusal::Unauthenticated)
        );
    }

    #[test]
    fn a_header_counts_only_from_a_trusted_proxy() {
        let access = Access::Proxy(ProxyHeader {
            name: HeaderName::from_static("x-forwarded-user"),
            users: vec!["ann".to_owned()],
            peers: vec!["10.0.0.0/8".parse().unwrap()],
        });
        let user = |name: &'static str| ("x-forwarded-user", name);
        for (peer, given, expected) in [
            ("10.1.2.3", &[user("ann")][..], Ok(())),
            ("::ffff:10.1.2.3", &[user("ann")], Ok(())),
            ("10.1.2.3", &[user("bob")], Err(Refusal::Unknown)),
            ("10.1.2.3", &[], Err(Refusal::NotByProxy)),
            ("10.1.2.3", &[user("")], Err(Refusal::NotByProxy)),
            (
                "10.1.2.3",
                &[user("bob"), user("ann")],
                Err(Refusal::NotByProxy),
            ),
            ("127.0.0.1", &[user("ann")], Err(Refusal::NotByProxy)),
        ] {
            assert_eq!(
                access.check(peer.parse().unwrap(), &headers(given)),
                expected,
                "{peer} {given:?}"
            );
        }
    }
}
